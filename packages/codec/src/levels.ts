import { GridError } from "./errors.ts";

/** Equal intervals from `low` to `high`, both in the channel's unit. */
export interface UniformLevels {
  readonly kind: "uniform";
  readonly low: number;
  readonly high: number;
}

/** How a channel's levels l₀ < … < l_s are given. Unequal levels join this union. */
export type Levels = UniformLevels;

/** Most bits a code may have. */
export const maxBits = 16;

/** Most draws a code may carry. */
export const maxSamples = 15;

/**
 * The number of intervals s that b bits hold for k draws: the alphabet has k·s + 1 codes, so s = ⌊(2^b − 1)/k⌋.
 *
 * @param bits b, 1 to 16.
 * @param samples k, 1 to 15.
 * @throws {@link GridError} where b or k is out of range, or where 2^b − 1 < k leaves no interval.
 */
export function intervalCount(bits: number, samples: number): number {
  if (!Number.isInteger(bits) || bits < 1 || bits > maxBits)
    throw new GridError("grid", `bits must be a whole number from 1 to ${maxBits}, not ${bits}`);
  if (!Number.isInteger(samples) || samples < 1 || samples > maxSamples)
    throw new GridError("grid", `samples must be a whole number from 1 to ${maxSamples}, not ${samples}`);
  const intervals = Math.floor((2 ** bits - 1) / samples);
  if (intervals < 1)
    throw new GridError(
      "grid",
      `a code of ${bits} bits holds no interval for ${samples} samples: 2^bits - 1 must be >= samples`,
    );
  return intervals;
}

/** Largest magnitude of a range's ends, and smallest width of one that is not empty is its inverse. */
const maxMagnitude = 1e100;

/**
 * What is wrong with a range of values, if anything. The bounds on magnitude and width keep every product that decoding
 * forms (range × top code, squares) finite and normal in doubles.
 *
 * @param low Lower end.
 * @param high Upper end.
 * @returns A sentence for an error, or undefined for a sound range.
 */
export function rangeFault(low: number, high: number): string | undefined {
  const width = high - low;
  if (Math.abs(low) <= maxMagnitude && Math.abs(high) <= maxMagnitude && (width === 0 || width >= 1 / maxMagnitude))
    return undefined;
  return `${low} to ${high} is no range: low <= high, both within ±1e100, and apart by 0 or at least 1e-100`;
}

/**
 * The levels themselves, l_j = low + (high − low)·j/s.
 *
 * @param levels How the levels are given.
 * @param intervals s, at least 1.
 * @returns s + 1 numbers in ascending order.
 */
export function levelPoints(levels: Levels, intervals: number): Float64Array {
  const points = new Float64Array(intervals + 1);
  for (let j = 0; j <= intervals; j++) points[j] = levels.low + ((levels.high - levels.low) * j) / intervals;
  return points;
}
