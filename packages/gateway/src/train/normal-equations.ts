import { TrainingError } from "./errors.ts";
import type { MomentSummary } from "./moment-summary.ts";
import { deviationOf, type Scaling } from "./standardise.ts";

/** S·x = c in standardised units: Σ m mᵀ − diag(Σ d) and Σ m b over the rows' number. */
export interface NormalEquations {
  readonly size: number;
  /** n × n symmetric S; rows and columns without variance are 0. */
  readonly matrix: Float64Array;
  readonly cross: Float64Array;
  /** Variance of the standardised target: 1, or 0 for rows of a constant one, standardised by a known deviation. */
  readonly power: number;
}

/**
 * The normal equations in standardised units.
 *
 * @param summary Moments with products of the features in order, then the target.
 */
export function normalEquations(summary: MomentSummary, scaling: Scaling): NormalEquations {
  const { covariance, columns } = summary;
  if (covariance === undefined) throw new TrainingError("options", "normal equations need moments with products");
  const size = columns - 1;
  const inverse = scaling.deviations.map((deviation) => (deviation > 0 ? 1 / deviation : 0));
  const matrix = new Float64Array(size * size);
  const cross = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const scale = inverse[i] as number;
    for (let j = 0; j < size; j++)
      matrix[i * size + j] = (covariance[i * columns + j] as number) * (scale * (inverse[j] as number));
    cross[i] = ((covariance[i * columns + size] as number) * scale) / scaling.targetDeviation;
  }
  return { size, matrix, cross, power: deviationOf(summary, size) > 0 ? 1 : 0 };
}

/** out = S·x. */
export function multiply(matrix: Float64Array, x: Float64Array, out: Float64Array): void {
  const size = x.length;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (matrix[i * size + j] as number) * (x[j] as number);
    out[i] = sum;
  }
}

/**
 * Half the mean square error of standardised weights, as the codes estimate it: ½(x·Sx − 2c·x + 1) (for a constant target without the 1), in standardised
 * units. Corrected by d, so it is unbiased but for the rounding of a target with one draw, which adds a constant.
 */
export function lossOf({ matrix, cross, power }: NormalEquations, x: Float64Array): number {
  const product = new Float64Array(x.length);
  multiply(matrix, x, product);
  let sum = power;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * ((product[i] as number) - 2 * (cross[i] as number));
  return sum / 2;
}
