import { type MarginLossName, marginLossOf, type Objective, proximalStep, type Regularizer } from "../train/index.ts";

/** What a job lowers, in a form that can be sent to a thread. */
export interface PackedObjective {
  readonly regularizer: Regularizer | undefined;
  /** Loss of the margin, and the standardised target above which a row is labelled +1; undefined for squares. */
  readonly margin: { readonly loss: MarginLossName; readonly threshold: number } | undefined;
}

/** @param objective Of the epoch. */
export function packedObjective(objective: Objective | undefined): PackedObjective {
  const { regularizer, margin, threshold = 0 } = objective ?? {};
  return { regularizer, margin: margin === undefined ? undefined : { loss: margin.name, threshold } };
}

/** A run of rows with a loss of the margin. */
export interface SlopeRun {
  /** Dot products in units of the rounded model; overwritten by the residuals b·ℓ′(z). */
  readonly dots: Float64Array<ArrayBufferLike>;
  /** Standardised targets. */
  readonly labels: Float64Array<ArrayBufferLike>;
  readonly unit: number;
  /** What the offsets of the columns and the intercept add to a decision value. */
  readonly offset: number;
}

/** @returns The largest magnitude; NaN where any is NaN. */
export function formSlopes(
  { dots, labels, unit, offset }: SlopeRun,
  { loss, threshold }: NonNullable<PackedObjective["margin"]>,
): number {
  const { slope } = marginLossOf(loss);
  let largest = 0;
  for (let r = 0; r < dots.length; r++) {
    const label = (labels[r] as number) > threshold ? 1 : -1;
    const residual = label * slope(label * ((dots[r] as number) * unit + offset));
    dots[r] = residual;
    largest = Math.max(largest, Math.abs(residual)); // NaN stays
  }
  return largest;
}

/** The proximal step on some of the weights, but for a ball, which takes all of them. */
export function shrinkSlice(regularizer: Regularizer, weights: Float64Array<ArrayBufferLike>, step: number): void {
  proximalStep({ ...regularizer, ball: undefined }, weights as Float64Array, step);
}

/** Σ x² of some weights. */
export function squaresOf(weights: Float64Array<ArrayBufferLike>): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += (weights[i] as number) ** 2;
  return sum;
}
