import type { EstimatorName } from "./estimators.ts";
import type { LinearModel, SolverName } from "./model.ts";
import type { Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";

/** How a model came about. */
export interface Provenance {
  readonly estimator: EstimatorName;
  readonly solver: SolverName;
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
    target: { name, unit, mean: scaling.targetMean, deviation: scaling.targetDeviation },
    rows: scaling.rows,
    estimator: made.estimator,
    solver: made.solver,
  };
}
