/**
 * What a training lowers, for a row's decision value or prediction f = intercept + w·a:
 *
 * - `squares`: ½(f − b)², b the target; regression.
 * - `ls-svm`: ½(f − b)² on the labels b = ±1; classes (least-squares support vector machine).
 * - `logistic`: ln(1 + e^(−z)), z = b·f; classes.
 * - `hinge`: max(0, 1 − z), z = b·f; classes (support vector machine).
 */
export type LossName = "squares" | "ls-svm" | "logistic" | "hinge";

/** The losses whose target is one of two classes. */
export type ClassLossName = Exclude<LossName, "squares">;

/** All names of {@link LossName}. */
export const lossNames: readonly LossName[] = Object.freeze(["squares", "ls-svm", "logistic", "hinge"]);

/** The losses of the margin. */
export type MarginLossName = "logistic" | "hinge";

/** A loss ℓ of the margin z = b·f alone. Its gradient in the weights is b·ℓ′(z)·a. */
export interface MarginLoss {
  readonly name: MarginLossName;
  /** ℓ(z). */
  value(z: number): number;
  /** ℓ′(z); of the hinge at its kink, z = 1, it is 0. */
  slope(z: number): number;
  /** Bound of ℓ″; for the hinge, which has none, that of the squared loss, 1. */
  readonly curvature: number;
  /**
   * The intercept that is best where nothing is known of a row, for a share of rows labelled +1 between 0 and 1.
   */
  prior(share: number): number;
}

const logistic: MarginLoss = Object.freeze({
  name: "logistic",
  value: (z: number) => (z > 0 ? Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z)) - z),
  slope: (z: number) => -1 / (1 + Math.exp(z)),
  curvature: 0.25,
  prior: (share: number) => Math.log(share / (1 - share)),
});

const hinge: MarginLoss = Object.freeze({
  name: "hinge",
  value: (z: number) => Math.max(0, 1 - z),
  slope: (z: number) => (z < 1 ? -1 : 0),
  curvature: 1,
  prior: (share: number) => Math.sign(share - 0.5),
});

/** The loss as one of the margin; undefined for the losses of squares. */
export function marginLossOf(loss: MarginLossName): MarginLoss;
export function marginLossOf(loss: LossName): MarginLoss | undefined;
export function marginLossOf(loss: LossName): MarginLoss | undefined {
  if (loss === "logistic") return logistic;
  return loss === "hinge" ? hinge : undefined;
}
