import type { EstimatorName } from "./estimators.ts";
import type { ModelClasses } from "./labels.ts";
import { marginLossOf } from "./losses.ts";
import type { LinearModel, SolverName } from "./model.ts";
import type { Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";

/** How a model came about. */
export interface Provenance {
  readonly estimator: EstimatorName;
  readonly solver: SolverName;
  /** Passes of SGD. */
  readonly epochs?: number | undefined;
  /** Where the target names classes. */
  readonly classes?: ModelClasses | undefined;
}

/**
 * Mean and deviation that turn a standardised prediction into one in the target's unit or, for classes, in that of the
 * labels −1 and +1. A margin loss has made its own intercept, the last of the weights.
 */
export function outputScale(
  { targetMean, targetDeviation }: Scaling,
  classes: ModelClasses | undefined,
  weights?: Float64Array,
): { readonly mean: number; readonly deviation: number } {
  if (classes === undefined) return { mean: targetMean, deviation: targetDeviation };
  if (marginLossOf(classes.loss) !== undefined) return { mean: weights?.at(-1) ?? 0, deviation: 1 };
  const half = (classes.positive - classes.negative) / 2;
  return { mean: (targetMean - classes.negative) / half - 1, deviation: targetDeviation / half };
}

/** A model from standardised weights; a copy. */
export function modelOf(task: Task, scaling: Scaling, weights: Float64Array, made: Provenance): LinearModel {
  const { name, unit } = task.target;
  return {
    features: task.features.map((feature, i) => ({
      name: feature.name,
      unit: feature.unit,
      mean: scaling.means[i] as number,
      deviation: scaling.deviations[i] as number,
      weight: (scaling.deviations[i] as number) > 0 ? (weights[i] as number) : 0,
    })),
    target: { name, unit, ...outputScale(scaling, made.classes, weights) },
    rows: scaling.rows,
    estimator: made.estimator,
    solver: made.solver,
    ...(made.epochs === undefined ? {} : { epochs: made.epochs }),
    ...(made.classes === undefined ? {} : { classes: made.classes }),
  };
}
