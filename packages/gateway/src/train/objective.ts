import { TrainingError } from "./errors.ts";
import type { EstimatorName } from "./estimators.ts";
import type { Labels } from "./labels.ts";
import { type LossName, lossNames, type MarginLoss, marginLossOf } from "./losses.ts";
import { type MarginPolynomial, marginPolynomial, mostDegree, usualDegree } from "./margin-polynomial.ts";
import { type Regularizer, type RegularizerOptions, resolveRegularizer } from "./regularizers.ts";
import type { Scaling } from "./standardise.ts";

/** What is lowered, where it is not the plain loss of squares. */
export interface Objective {
  readonly regularizer: Regularizer | undefined;
  /** Loss of the margin; undefined for squares. With one, the weights carry the intercept as one more, the last. */
  readonly margin: MarginLoss | undefined;
  /** Stands for the margin loss's slope under the estimator `polynomial`. */
  readonly polynomial: MarginPolynomial | undefined;
  /** Standardised targets above it are labelled +1, others −1; of use with a margin loss. */
  readonly threshold: number;
}

/** The options that make an {@link Objective}. */
export interface ObjectiveOptions extends RegularizerOptions {
  /** Default `squares`. */
  readonly loss?: LossName | undefined;
  /**
   * `logistic` on codes of d + 1 draws or more, or on dithered ones: its slope as a Chebyshev polynomial of degree d, 1 to
   * 14, without bias (the estimator `polynomial`). Default 7 for that estimator; given, it makes that estimator the default.
   */
  readonly degree?: number | undefined;
}

/** {@link ObjectiveOptions} checked. */
export interface ResolvedObjective {
  readonly loss: LossName;
  readonly regularizer: Regularizer | undefined;
  /** Degree where a polynomial is asked for. */
  readonly degree: number | undefined;
}

const refuse = (message: string): never => {
  throw new TrainingError("options", message);
};

/** What the margin losses can be trained with: their slope is no polynomial of degree 1, so that a d corrects nothing. */
const marginEstimators: readonly EstimatorName[] = Object.freeze(["naive", "polynomial", "full"]);

/**
 * Checks loss, degree, estimator and regularizer against each other.
 *
 * @throws {@link TrainingError} `options`.
 */
export function resolveObjective(options: ObjectiveOptions, estimator: EstimatorName | undefined): ResolvedObjective {
  const { loss = "squares", degree } = options;
  if (!lossNames.includes(loss)) refuse(`loss must be one of ${lossNames.join(", ")}, not ${JSON.stringify(loss)}`);
  if (degree !== undefined && !(Number.isInteger(degree) && degree >= 1 && degree <= mostDegree))
    refuse(`degree must be a whole number from 1 to ${mostDegree}, not ${degree}`);
  const wanted = estimator ?? (degree === undefined ? undefined : "polynomial");
  if (degree !== undefined && wanted !== "polynomial")
    refuse(`degree goes with the estimator "polynomial", not "${wanted}"`);
  if (wanted === "polynomial" && loss !== "logistic")
    refuse(
      loss === "hinge"
        ? "the slope of hinge has a jump, which no polynomial of use follows: train it with naive"
        : `the estimator "polynomial" goes with the loss logistic, not ${loss}`,
    );
  if (marginLossOf(loss) !== undefined && wanted !== undefined && !marginEstimators.includes(wanted))
    refuse(`loss ${loss} goes with the estimators ${marginEstimators.join(", ")}, not "${wanted}"`);
  return {
    loss,
    regularizer: resolveRegularizer(options),
    degree: wanted === "polynomial" ? (degree ?? usualDegree) : undefined,
  };
}

/** The estimator of codes where none is asked for. */
export function usualEstimator({ loss, degree }: ResolvedObjective): EstimatorName {
  if (marginLossOf(loss) === undefined) return "symmetric";
  return degree === undefined ? "naive" : "polynomial";
}

/**
 * The objective of a training.
 *
 * @param labels Of the losses of classes.
 * @returns Undefined for the plain loss of squares, on labels or not, which every engine runs.
 */
export function objectiveOf(
  { loss, regularizer, degree }: ResolvedObjective,
  labels: Labels | undefined,
  scaling: Scaling,
): Objective | undefined {
  const margin = marginLossOf(loss);
  if (margin === undefined && regularizer === undefined) return undefined;
  const middle = labels === undefined ? 0 : (labels.negative + labels.positive) / 2;
  return {
    regularizer,
    margin,
    polynomial: margin === undefined || degree === undefined ? undefined : marginPolynomial(margin, degree),
    threshold: (middle - scaling.targetMean) / scaling.targetDeviation,
  };
}
