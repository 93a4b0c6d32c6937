import { GridError } from "./errors.ts";
import type { Scheme } from "./scheme.ts";

/** Equal intervals from `low` to `high`, both in the channel's unit. */
export interface UniformLevels {
  readonly kind: "uniform";
  readonly low: number;
  readonly high: number;
}

/** Levels one by one, as variance-optimal ones are, in the channel's unit. */
export interface PointLevels {
  readonly kind: "points";
  /** l₀ < … < l_s, finite: at least two, and no more than width and draws of the channel can tell apart. */
  readonly points: readonly number[];
}

/** How a channel's levels l₀ < … < l_s are given. */
export type Levels = UniformLevels | PointLevels;

/** Most bits a code may have. */
export const maxBits = 16;

/** Most draws a code may carry. */
export const maxSamples = 15;

/**
 * The number of intervals s that b bits hold for k draws. Under `count` the alphabet has k·s + 1 codes, so that
 * s = ⌊(2^b − 1)/k⌋; under `interval` (k + 1)·s, so that s = ⌊2^b/(k + 1)⌋.
 *
 * @param bits b, 1 to 16.
 * @param samples k, 1 to 15.
 * @param scheme The grid's; default `count`. Under `dither`, where k is 1, it is as under `count`.
 * @throws {@link GridError} where b or k is out of range, or where 2^b − 1 < k leaves no interval.
 */
export function intervalCount(bits: number, samples: number, scheme: Scheme = "count"): number {
  if (!Number.isInteger(bits) || bits < 1 || bits > maxBits)
    throw new GridError("grid", `bits must be a whole number from 1 to ${maxBits}, not ${bits}`);
  if (!Number.isInteger(samples) || samples < 1 || samples > maxSamples)
    throw new GridError("grid", `samples must be a whole number from 1 to ${maxSamples}, not ${samples}`);
  const intervals =
    scheme === "interval" ? Math.floor(2 ** bits / (samples + 1)) : Math.floor((2 ** bits - 1) / samples);
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

function pointsFault(points: readonly number[], most: number): string | undefined {
  const { length } = points;
  if (length < 2 || length > most + 1)
    return `${length} points: there are 2 to ${most + 1} for this width and number of draws`;
  for (const [j, point] of points.entries()) {
    if (!(Math.abs(point) <= maxMagnitude)) return `point ${j} is ${point}: all lie within ±1e100`;
    const before = points[j - 1] ?? Number.NEGATIVE_INFINITY;
    if (!(point - before >= 1 / maxMagnitude))
      return `point ${j}, ${point}, must be above the one before it, ${before}, by 1e-100 at least`;
  }
  return undefined;
}

/**
 * What is wrong with a channel's levels, if anything.
 *
 * @param levels How they are given.
 * @param intervals Most intervals that the channel's codes can tell apart: {@link intervalCount}.
 * @returns A sentence for an error, or undefined for sound levels.
 */
export function levelsFault(levels: Levels, intervals: number): string | undefined {
  if (levels.kind === "uniform") return rangeFault(levels.low, levels.high);
  if (levels.kind === "points") return pointsFault(levels.points, intervals);
  return `unknown kind ${JSON.stringify((levels as { readonly kind: unknown }).kind)}`;
}

/**
 * The lowest and the highest level.
 *
 * @param levels Sound levels.
 */
export function levelsRange(levels: Levels): readonly [low: number, high: number] {
  if (levels.kind === "uniform") return [levels.low, levels.high];
  return [levels.points[0] ?? 0, levels.points.at(-1) ?? 0];
}

/**
 * The levels themselves; of uniform ones l_j = low + (high − low)·j/s.
 *
 * @param levels How the levels are given.
 * @param intervals s, at least 1; points bring their own and make no use of it.
 * @returns s + 1 numbers in ascending order; a new array.
 */
export function levelPoints(levels: Levels, intervals: number): Float64Array {
  if (levels.kind === "points") return Float64Array.from(levels.points);
  const points = new Float64Array(intervals + 1);
  for (let j = 0; j <= intervals; j++) points[j] = levels.low + ((levels.high - levels.low) * j) / intervals;
  return points;
}
