import { LevelError } from "./level-error.ts";

/** Finds the interval of a value among levels, equal or not. */
export interface LevelLookup {
  /** How: `table` where the narrowest interval is at least 1/65,536 of the range, as on any grid up to that; else `search`. */
  readonly kind: "table" | "search";
  /**
   * The j with l_j <= value < l_{j+1}; the first interval below the range, the last at its upper end and above. ±∞ counts
   * as outside.
   *
   * @param value A reading.
   * @returns 0 … number of levels − 2.
   * @throws {@link LevelError} `non-finite` for NaN.
   */
  intervalOf(value: number): number;
}

/** Most cells of a table. */
const maxCells = 65_536;

/** @throws {@link LevelError} `levels` where they are not finite and strictly ascending, or too few. */
export function checkLevels(levels: ArrayLike<number>, fewest: number): void {
  if (levels.length < fewest)
    throw new LevelError("levels", `${levels.length} levels are too few: at least ${fewest} are needed`);
  for (let j = 0; j < levels.length; j++) {
    const level = levels[j] ?? Number.NaN;
    if (level - level !== 0 || (j > 0 && level <= (levels[j - 1] ?? 0)))
      throw new LevelError("levels", `level ${j} is ${level}: levels are finite and strictly ascending`, j);
  }
}

/** The interval by halving: values at and above a level go to its right. */
function search(levels: Float64Array, value: number): number {
  let inside = 0;
  let outside = levels.length - 1;
  while (outside - inside > 1) {
    const middle = (inside + outside) >> 1;
    if (value >= (levels[middle] ?? 0)) inside = middle;
    else outside = middle;
  }
  return inside;
}

function refuse(value: number): number {
  throw new LevelError("non-finite", `${value} lies in no interval`);
}

/** Equal cells no wider than any interval, each with the interval at its middle: that one, or a neighbour, is the answer. */
function cellTable(levels: Float64Array, cells: number): LevelLookup {
  const top = levels.length - 2;
  const low = levels[0] ?? 0;
  const high = levels[top + 1] ?? 0;
  const scale = cells / (high - low);
  const table = Uint16Array.from({ length: cells + 1 }, (_, i) => search(levels, low + (i + 0.5) / scale));
  return {
    kind: "table",
    intervalOf: (value: number): number => {
      if (value >= high) return top;
      if (!(value > low)) return value <= low ? 0 : refuse(value);
      let interval = table[((value - low) * scale) | 0] ?? top;
      // The comparison with the levels themselves decides, so that a cell's rounded border never does.
      while (value < (levels[interval] ?? 0)) interval--;
      while (value >= (levels[interval + 1] ?? Number.POSITIVE_INFINITY)) interval++;
      return interval;
    },
  };
}

/**
 * A lookup for levels, which are copied: a table of equal cells where levels lie on a grid or as far apart as on one,
 * binary search where they are free. Both give the same intervals.
 *
 * @param levels At least two, finite and strictly ascending.
 * @throws {@link LevelError} `levels` otherwise.
 */
export function createLevelLookup(levels: ArrayLike<number>): LevelLookup {
  checkLevels(levels, 2);
  const own = Float64Array.from(levels);
  const range = (own[own.length - 1] ?? 0) - (own[0] ?? 0);
  let narrowest = range;
  for (let j = 1; j < own.length; j++) narrowest = Math.min(narrowest, (own[j] ?? 0) - (own[j - 1] ?? 0));
  const cells = 2 ** Math.ceil(Math.log2(range / narrowest));
  if (cells <= maxCells) return cellTable(own, cells);
  return {
    kind: "search",
    intervalOf: (value: number): number => (Number.isNaN(value) ? refuse(value) : search(own, value)),
  };
}
