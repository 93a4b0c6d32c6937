import { TrainingError } from "./errors.ts";
import type { EstimatorName } from "./estimators.ts";
import { createRefetching, type ExactRows, type Refetching } from "./exact-rows.ts";
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
  /** Where rows come from that the estimator `refetch` asks for exactly, with what came of it. */
  readonly refetch?: Refetching | undefined;
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
  /**
   * `hinge` on codes of scheme `interval`: where exact rows come from that the codes leave open (the estimator `refetch`,
   * which needs it). Given, it makes that estimator the default.
   */
  readonly exact?: ExactRows | undefined;
}

/** {@link ObjectiveOptions} checked. */
export interface ResolvedObjective {
  readonly loss: LossName;
  readonly regularizer: Regularizer | undefined;
  /** Degree where a polynomial is asked for. */
  readonly degree: number | undefined;
  readonly exact: ExactRows | undefined;
}

const refuse = (message: string): never => {
  throw new TrainingError("options", message);
};

/** What the margin losses can be trained with: their slope is no polynomial of degree 1, so that a d corrects nothing. */
const marginEstimators: readonly EstimatorName[] = Object.freeze(["naive", "polynomial", "refetch", "full"]);

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
        ? "the slope of hinge has a jump, which no polynomial of use follows: train it with naive or refetch"
        : `the estimator "polynomial" goes with the loss logistic, not ${loss}`,
    );
  if (wanted === "refetch" && loss !== "hinge") refuse(`the estimator "refetch" goes with the loss hinge, not ${loss}`);
  if (marginLossOf(loss) !== undefined && wanted !== undefined && !marginEstimators.includes(wanted))
    refuse(`loss ${loss} goes with the estimators ${marginEstimators.join(", ")}, not "${wanted}"`);
  return {
    loss,
    regularizer: resolveRegularizer(options),
    degree: wanted === "polynomial" ? (degree ?? usualDegree) : undefined,
    exact: options.exact,
  };
}

/** The estimator of codes where none is asked for. */
export function usualEstimator({ loss, degree, exact }: ResolvedObjective): EstimatorName {
  if (marginLossOf(loss) === undefined) return "symmetric";
  if (loss === "hinge" && exact !== undefined) return "refetch";
  return degree === undefined ? "naive" : "polynomial";
}

/**
 * The objective of a training.
 *
 * @param labels Of the losses of classes.
 * @param estimator What reads the rows.
 * @returns Undefined for the plain loss of squares, on labels or not, which every engine runs.
 */
export function objectiveOf(
  { loss, regularizer, degree, exact }: ResolvedObjective,
  labels: Labels | undefined,
  scaling: Scaling,
  estimator: EstimatorName,
): Objective | undefined {
  const margin = marginLossOf(loss);
  if (margin === undefined && regularizer === undefined) return undefined;
  const isRefetched = estimator === "refetch";
  if (isRefetched && exact === undefined) refuse('the estimator "refetch" needs exact rows to ask for');
  const middle = labels === undefined ? 0 : (labels.negative + labels.positive) / 2;
  return {
    regularizer,
    margin,
    polynomial: margin === undefined || degree === undefined ? undefined : marginPolynomial(margin, degree),
    refetch: isRefetched && exact !== undefined ? createRefetching(exact, scaling.rows) : undefined,
    threshold: (middle - scaling.targetMean) / scaling.targetDeviation,
  };
}
