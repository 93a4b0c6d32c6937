import { TrainingError } from "./errors.ts";
import type { ModelClasses } from "./labels.ts";
import { outputScale } from "./linear-model.ts";
import { marginLossOf } from "./losses.ts";
import { type LinearModel, slopeOf } from "./model.ts";
import type { ResolvedObjective } from "./objective.ts";
import type { Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";

/** A model that training goes on from, in the units of the rows that it goes on with. */
export interface WarmStart {
  readonly model: LinearModel;
  /** Standardised weights, with a margin loss the intercept last. */
  readonly weights: Float64Array;
  /** What the model predicts at the rows' means, less the rows' mean target, standardised; 0 with a margin loss. */
  readonly shift: number;
  /** Passes that made it. */
  readonly passes: number;
}

/**
 * Checks that training can go on from a model: the same features in the same order, target, loss and labels.
 *
 * @throws {@link TrainingError} `options`.
 */
export function checkStart(start: LinearModel, task: Task, { loss }: ResolvedObjective): void {
  const refuse = (message: string): never => {
    throw new TrainingError("options", `the model to start from ${message}`);
  };
  const list = (columns: readonly { readonly name: string; readonly unit: string }[]): string =>
    columns.map(({ name, unit }) => (unit === "" ? name : `${name} (${unit})`)).join(", ");
  const [known, wanted] = [list(start.features), list(task.features)];
  if (known !== wanted) refuse(`predicts from ${known}, and the task from ${wanted}`);
  const [target, asked] = [list([start.target]), list([task.target])];
  if (target !== asked) refuse(`predicts ${target}, and the task ${asked}`);
  const made = start.classes?.loss ?? "squares";
  if (made !== loss) refuse(`was made with the loss ${made}, not ${loss}`);
}

/** The target's deviation, in its unit, as the model knows it: where the rows to go on with show none. */
export function knownDeviation({ target, classes }: LinearModel): number {
  if (classes === undefined) return target.deviation;
  const half = (classes.positive - classes.negative) / 2;
  return marginLossOf(classes.loss) === undefined ? target.deviation * half : half;
}

/**
 * The model in standardised units of other rows: the same slopes and, with a margin loss, the same intercept. With squares
 * the intercept is the rows' own, so that {@link WarmStart.shift} is all that is lost of the old one.
 */
export function warmStart(model: LinearModel, scaling: Scaling, classes: ModelClasses | undefined): WarmStart {
  const isMargin = classes !== undefined && marginLossOf(classes.loss) !== undefined;
  const size = model.features.length;
  const weights = new Float64Array(isMargin ? size + 1 : size);
  const { mean, deviation } = outputScale(scaling, classes);
  let atMeans = model.target.mean;
  for (const [i, feature] of model.features.entries()) {
    const slope = slopeOf(model, feature);
    weights[i] = (slope * (scaling.deviations[i] as number)) / deviation;
    atMeans += slope * ((scaling.means[i] as number) - feature.mean);
  }
  if (isMargin) weights[size] = atMeans;
  return { model, weights, shift: isMargin ? 0 : (atMeans - mean) / deviation, passes: model.epochs ?? 0 };
}

/** The trained model with the slopes of the start in columns without variance, of which these rows say nothing. */
export function withKeptSlopes(trained: LinearModel, start: LinearModel): LinearModel {
  const features = trained.features.map((feature, i) => {
    const known = start.features[i];
    if (feature.deviation > 0 || known === undefined || known.deviation === 0) return feature;
    const weight = (slopeOf(start, known) * known.deviation) / trained.target.deviation;
    return { ...feature, deviation: known.deviation, weight };
  });
  return { ...trained, features };
}
