/**
 * How levels are found. `uniform`: equal intervals. `exact`: the least variance any levels can have. `histogram`: the
 * least variance on counts over an integer grid, one pass over the readings. `adaquant`: the paper's greedy
 * 2-approximation, then the exact programme on its candidates (ZipML section 3.2).
 */
export type LevelMethod = "uniform" | "exact" | "histogram" | "adaquant";

/** What levels are wanted. */
export interface LevelRequest {
  /** Levels, both ends included: 2 to 65,536. */
  readonly count: number;
  /** Default `exact` for readings, `histogram` for a histogram. */
  readonly method?: LevelMethod;
  /**
   * Forced end levels, low <= high, both within ±1e100; readings outside are clipped to them and counted. Default: the
   * least and the greatest reading, or the ends of the histogram.
   */
  readonly range?: readonly [number, number];
}

/** Levels, and what they cost. */
export interface LevelSolution {
  readonly method: LevelMethod;
  /** Strictly ascending, in the unit of the readings; fewer than asked for where there are fewer distinct values. */
  readonly levels: Float64Array;
  /** Mean over all readings of (b − x)(x − a) with a <= x <= b the levels around x: the variance of one draw. */
  readonly variance: number;
  /** The same for as many levels as were asked for, at equal intervals over the same ends. */
  readonly uniformVariance: number;
  /** Readings seen, the clipped ones included. */
  readonly readings: number;
  /** Readings outside the end levels: each is read as the end level, which is biased. */
  readonly clipped: number;
}
