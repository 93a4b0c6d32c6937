import type { Histogram } from "./histogram.ts";
import { LevelError } from "./level-error.ts";
import { gridPoint } from "./level-nodes.ts";
import { checkLevels } from "./lookup.ts";
import { solveLevels } from "./solve.ts";

/** When a grid is worth a new one. */
export interface DriftOptions {
  /** How much above the optimum the present levels' variance may be: 0.1 is ten per cent. At least 0. */
  readonly share: number;
  /** Readings below which nothing is decided; 1,000 unless given. */
  readonly minimum?: number;
}

/** How present levels stand against the best for the readings of late. */
export interface LevelDrift {
  /** Whether the new levels are worth a new grid. */
  readonly refit: boolean;
  /** The new levels: as many as the present ones, between the same ends. A copy of the present ones below `minimum`. */
  readonly levels: Float64Array;
  /** Variance of one draw under the present levels, by {@link spreadVariance}. */
  readonly presentVariance: number;
  /** The same under the new levels. */
  readonly newVariance: number;
  /** Readings the verdict rests on, clipped ones included. */
  readonly readings: number;
  /** Readings outside the present ends; only another range helps them. */
  readonly clipped: number;
}

/** The integral of (b − x)(x − a) from `from` to `to`, both within [a, b]: Simpson's rule is exact here, and loses no digit. */
function integral(a: number, b: number, from: number, to: number): number {
  const middle = from + (to - from) / 2;
  const at = (x: number): number => (b - x) * (x - a);
  return ((to - from) / 6) * (at(from) + 4 * at(middle) + at(to));
}

/**
 * The variance of one draw with each bin's readings taken as spread evenly over the bin, not as standing on its point.
 * Where levels are nearly as dense as bins, levels chosen on the points would look far better than they are.
 *
 * @param histogram At least one reading.
 * @param levels At least two, finite and strictly ascending. Readings outside count with variance 0.
 * @throws {@link LevelError} `levels` or `empty`.
 */
export function spreadVariance(histogram: Histogram, levels: ArrayLike<number>): number {
  checkLevels(levels, 2);
  const { low, high, counts, total, below, above } = histogram;
  const readings = total + below + above;
  if (readings === 0) throw new LevelError("empty", "an empty histogram has no variance");
  const half = (high - low) / (counts.length - 1) / 2;
  let cost = 0;
  let j = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    if (count === 0) continue;
    const point = gridPoint(histogram, i);
    const from = Math.max(low, point - half);
    const to = Math.min(high, point + half);
    while (j + 2 < levels.length && (levels[j + 1] ?? 0) <= from) j++;
    let area = 0;
    for (let k = j; k + 1 < levels.length && (levels[k] ?? 0) < to; k++) {
      const a = levels[k] ?? 0;
      const b = levels[k + 1] ?? 0;
      if (b > from) area += integral(a, b, Math.max(a, from), Math.min(b, to));
    }
    cost += (count * area) / (to - from);
  }
  return cost / readings;
}

/**
 * Levels made up to a number by halving the widest interval, the leftmost among equals, again and again: for grids that
 * have a fixed number of levels where fewer would do. No level is moved, so no reading's variance rises.
 *
 * @param levels At least two, finite and strictly ascending.
 * @param count Levels wanted.
 * @returns A copy; fewer than `count` where doubles between the levels run out.
 * @throws {@link LevelError} `levels`.
 */
export function padLevels(levels: ArrayLike<number>, count: number): Float64Array {
  checkLevels(levels, 2);
  const padded = Array.from(levels);
  while (padded.length < count) {
    let widest = 0;
    const width = (j: number): number => (padded[j + 1] ?? 0) - (padded[j] ?? 0);
    for (let j = 1; j + 1 < padded.length; j++) if (width(j) > width(widest)) widest = j;
    const low = padded[widest] ?? 0;
    const middle = low + width(widest) / 2;
    if (!(middle > low && middle < (padded[widest + 1] ?? 0))) break;
    padded.splice(widest + 1, 0, middle);
  }
  return Float64Array.from(padded);
}

/**
 * Judges present levels by a histogram of late readings, merged over devices: whether levels solved on it would lower the
 * variance enough for a new grid. The ends stay, as they are the channel's range.
 *
 * @param histogram Counts over the channel's range.
 * @param present The levels in use: at least two, finite and strictly ascending.
 * @param options How much worse than the optimum is tolerated, and how many readings a verdict needs.
 * @returns The verdict; the levels in it are the caller's own.
 * @throws {@link LevelError} `levels` for the present ones.
 * @throws RangeError for a share or minimum below 0.
 */
export function judgeLevels(histogram: Histogram, present: ArrayLike<number>, options: DriftOptions): LevelDrift {
  const { share, minimum = 1000 } = options;
  if (!(share >= 0 && minimum >= 0))
    throw new RangeError(`share and minimum must be at least 0, not ${share} and ${minimum}`);
  checkLevels(present, 2);
  const own = Float64Array.from(present);
  const readings = histogram.total + histogram.below + histogram.above;
  if (readings === 0) return { refit: false, levels: own, presentVariance: 0, newVariance: 0, readings, clipped: 0 };
  const ends = [own[0] ?? 0, own[own.length - 1] ?? 0] as const;
  const solution = solveLevels(histogram, { count: own.length, range: ends });
  const presentVariance = spreadVariance(histogram, own);
  const { clipped } = solution;
  if (readings < minimum)
    return { refit: false, levels: own, presentVariance, newVariance: presentVariance, readings, clipped };
  const levels = padLevels(solution.levels, own.length);
  const newVariance = spreadVariance(histogram, levels);
  const refit = presentVariance > (1 + share) * newVariance && levels.length === own.length;
  return { refit, levels, presentVariance, newVariance, readings, clipped };
}
