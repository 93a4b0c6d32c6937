import { LevelError } from "./level-error.ts";

/**
 * Counts of readings at the points of an integer grid, low + (high − low)·i/(bins − 1): each reading counts at the nearest
 * point. Counts are whole numbers, exact in doubles, so merging in any order gives the same bits.
 */
export interface Histogram {
  /** The first grid point, in the unit of the readings. */
  readonly low: number;
  /** The last grid point. */
  readonly high: number;
  /** One count a grid point; a view on the histogram's own memory. */
  readonly counts: Float64Array;
  /** Readings counted, those outside not included. */
  readonly total: number;
  /** Readings below `low`. */
  readonly below: number;
  /** Readings above `high`. */
  readonly above: number;
  /**
   * Counts one reading.
   *
   * @throws {@link LevelError} `non-finite` for NaN and ±∞; nothing is counted then.
   */
  add(value: number): void;
  /**
   * Counts readings.
   *
   * @throws {@link LevelError} `non-finite` with the index of the first NaN or ±∞; nothing is counted then.
   */
  addAll(values: ArrayLike<number>): void;
  /**
   * Adds another histogram's counts to this one.
   *
   * @throws {@link LevelError} `range` where the grids differ.
   */
  merge(other: Histogram): void;
}

/** Most points of a histogram's grid. */
export const maxBins = 16_777_216;

/** Where a histogram's grid lies. */
export interface HistogramOptions {
  /** The first grid point. */
  readonly low: number;
  /** The last grid point, above `low` and apart by at least 1e-100; both within ±1e100. */
  readonly high: number;
  /** Grid points, 2 to 2²⁴. */
  readonly bins: number;
}

function checkGrid(low: number, high: number, bins: number): void {
  if (!Number.isInteger(bins) || bins < 2 || bins > maxBins)
    throw new LevelError("count", `a histogram has 2 to ${maxBins} bins, not ${bins}`);
  if (!(Math.abs(low) <= 1e100 && Math.abs(high) <= 1e100 && high - low >= 1e-100))
    throw new LevelError("range", `a histogram needs low < high, both within ±1e100, not ${low} to ${high}`);
}

/** @throws {@link LevelError} `non-finite` with the first index that is NaN or ±∞. */
export function checkFinite(values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    // Subtracting a finite number from itself gives 0; NaN and ±∞ give NaN.
    if (value - value !== 0) throw new LevelError("non-finite", `reading ${i} is ${value}: levels need numbers`, i);
  }
}

class GridCounts implements Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: Float64Array;
  readonly #scale: number;
  #total: number;
  #below = 0;
  #above = 0;

  constructor(low: number, high: number, counts: Float64Array, total: number) {
    this.low = low;
    this.high = high;
    this.counts = counts;
    this.#scale = (counts.length - 1) / (high - low);
    this.#total = total;
  }

  get total(): number {
    return this.#total;
  }

  get below(): number {
    return this.#below;
  }

  get above(): number {
    return this.#above;
  }

  add(value: number): void {
    this.addAll([value]);
  }

  addAll(values: ArrayLike<number>): void {
    checkFinite(values);
    const { low, high, counts } = this;
    const scale = this.#scale;
    let below = 0;
    let above = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      if (value < low) below++;
      else if (value > high) above++;
      else {
        const bin = ((value - low) * scale + 0.5) | 0;
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
    }
    this.#below += below;
    this.#above += above;
    this.#total += values.length - below - above;
  }

  merge(other: Histogram): void {
    const { counts } = this;
    if (other.low !== this.low || other.high !== this.high || other.counts.length !== counts.length)
      throw new LevelError(
        "range",
        `a histogram of ${other.counts.length} bins from ${other.low} to ${other.high} does not add to one of ` +
          `${counts.length} bins from ${this.low} to ${this.high}: the grids must be equal`,
      );
    this.#total += other.total;
    this.#below += other.below;
    this.#above += other.above;
    for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] ?? 0) + (other.counts[i] ?? 0);
  }
}

/**
 * An empty histogram over a grid of equally spaced points, both ends included.
 *
 * @throws {@link LevelError} `count` for the bins, `range` for the ends.
 */
export function createHistogram(options: HistogramOptions): Histogram {
  checkGrid(options.low, options.high, options.bins);
  return new GridCounts(options.low, options.high, new Float64Array(options.bins), 0);
}

/**
 * A histogram from counts that were made elsewhere over the same kind of grid; the counts are copied.
 *
 * @param low The first grid point.
 * @param high The last grid point.
 * @param counts One whole number of at least 0 a grid point, 2 to 2²⁴ of them, with a sum below 2⁵³.
 * @throws {@link LevelError} `count` for their number, `range` for the ends, `counts` with the index of a bad one.
 */
export function histogramOf(low: number, high: number, counts: ArrayLike<number>): Histogram {
  checkGrid(low, high, counts.length);
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? Number.NaN;
    total += count;
    if (!Number.isInteger(count) || count < 0 || total > Number.MAX_SAFE_INTEGER)
      throw new LevelError("counts", `count ${i} is ${count}: whole numbers from 0, with a sum below 2^53`, i);
  }
  return new GridCounts(low, high, Float64Array.from(counts), total);
}
