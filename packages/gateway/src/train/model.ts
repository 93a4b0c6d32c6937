import { createStream, roundVector } from "@zipml/codec";
import { TrainingError } from "./errors.ts";
import type { EstimatorName } from "./estimators.ts";
import type { ModelClasses } from "./labels.ts";

/** How a model was found. */
export type SolverName = "sgd" | "closed-form";

/** One feature of a model. A deviation of 0 marks a column without variance: its weight counts as 0. */
export interface ModelFeature {
  readonly name: string;
  readonly unit: string;
  /** Mean of the column, in its unit. */
  readonly mean: number;
  /** Standard deviation of the column, in its unit. */
  readonly deviation: number;
  /** Standardised weight: target deviations per feature deviation. */
  readonly weight: number;
}

/** Standardised weights with the scales that bring them back to units. */
export interface LinearModel {
  readonly features: readonly ModelFeature[];
  readonly target: { readonly name: string; readonly unit: string; readonly mean: number; readonly deviation: number };
  /** Rows it was trained on. */
  readonly rows: number;
  readonly estimator: EstimatorName;
  readonly solver: SolverName;
  /** Passes of SGD that made it, those of the model it was started from included; none for the closed form. */
  readonly epochs?: number;
  /**
   * Where the target names classes: its loss and labels. The model then predicts a decision value, in which the target's
   * mean and deviation are too: class +1 from 0 on, class −1 below. With the loss logistic it is the logarithm of the odds.
   */
  readonly classes?: ModelClasses;
}

/** Target units per feature unit; 0 for a column without variance. */
export function slopeOf(model: LinearModel, feature: ModelFeature): number {
  return feature.deviation > 0 ? (feature.weight * model.target.deviation) / feature.deviation : 0;
}

/**
 * Intercept and weights in original units: prediction = intercept + Σ weight · reading.
 *
 * @returns The intercept in the target's unit and, by feature name, target units per feature unit.
 */
export function weightsOf(model: LinearModel): { intercept: number; weights: Record<string, number> } {
  let intercept = model.target.mean;
  // Entries, so that a feature named like a property of Object stays a name.
  const entries = model.features.map((feature): [string, number] => {
    const slope = slopeOf(model, feature);
    intercept -= slope * feature.mean;
    return [feature.name, slope];
  });
  return { intercept, weights: Object.fromEntries(entries) };
}

/**
 * The model's prediction for one row.
 *
 * @param row Readings in the model's order of features, in original units.
 * @returns In the target's unit; of a model of classes the decision value.
 * @throws {@link TrainingError} `rows` where the row has another length than the model has features.
 */
export function predictRow(model: LinearModel, row: ArrayLike<number>): number {
  if (row.length !== model.features.length)
    throw new TrainingError("rows", `a row of ${row.length} readings for a model of ${model.features.length} features`);
  let prediction = model.target.mean;
  for (const [i, feature] of model.features.entries())
    prediction += slopeOf(model, feature) * ((row[i] as number) - feature.mean);
  return prediction;
}

/**
 * The label that a model of classes decides for.
 *
 * @param decision What {@link predictRow} returned.
 * @throws {@link TrainingError} `options` for a model of no classes.
 */
export function labelOf({ classes }: LinearModel, decision: number): number {
  if (classes === undefined) throw new TrainingError("options", "the model predicts a number, not a class");
  return decision >= 0 ? classes.positive : classes.negative;
}

/**
 * The model as its receivers would see it: standardised weights rounded without bias to 2^bits − 1 equal intervals over
 * ± the largest (Q₃ of the paper's section 3; codec `quantizeVector`). Scales stay as they are.
 *
 * @param bits 1 to 16, or 0 for the model as it is.
 * @param seed Of the rounding; the same seed gives the same model.
 * @returns A copy.
 * @throws {@link TrainingError} `options` for bits out of range.
 */
export function quantizeModel(model: LinearModel, bits: number, seed: number | string): LinearModel {
  if (!Number.isInteger(bits) || bits < 0 || bits > 16)
    throw new TrainingError("options", `model bits must be a whole number from 0 to 16, not ${bits}`);
  const weights = Float64Array.from(model.features, ({ weight }) => weight);
  roundVector(weights, bits, createStream(`train/publish/${seed}`));
  const features = model.features.map((feature, i) => ({
    ...feature,
    weight: feature.deviation > 0 ? (weights[i] as number) : 0,
  }));
  return { ...model, features };
}
