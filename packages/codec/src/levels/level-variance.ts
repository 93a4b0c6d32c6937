import { checkFinite, type Histogram } from "./histogram.ts";
import { LevelError } from "./level-error.ts";
import { gridPoint } from "./level-nodes.ts";
import { checkLevels, createLevelLookup } from "./lookup.ts";

/** Readings or a histogram, told apart by the histogram's counts. */
export function isHistogram(data: ArrayLike<number> | Histogram): data is Histogram {
  return "counts" in data;
}

/**
 * The sum of weight·(b − x)(x − a) over ascending values, a and b the levels around x; 0 outside the levels. Taken term
 * by term, without the sums the search works with, so that it also checks them.
 *
 * @param values Ascending.
 * @param weights One a value.
 * @param levels Strictly ascending.
 */
export function ascendingCost(values: Float64Array, weights: Float64Array, levels: Float64Array): number {
  let cost = 0;
  let j = 0;
  let low = levels[0] ?? 0;
  let high = low;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    while (value > high && j + 1 < levels.length) {
      low = high;
      high = levels[++j] ?? 0;
    }
    if (value > low && value < high) cost += (weights[i] ?? 0) * (high - value) * (value - low);
  }
  return cost;
}

function readingsCost(data: ArrayLike<number>, levels: Float64Array): number {
  if (levels.length < 2) return 0;
  const lookup = createLevelLookup(levels);
  const bottom = levels[0] ?? 0;
  const top = levels[levels.length - 1] ?? 0;
  let cost = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (value <= bottom || value >= top) continue;
    const j = lookup.intervalOf(value);
    cost += ((levels[j + 1] ?? 0) - value) * (value - (levels[j] ?? 0));
  }
  return cost;
}

/**
 * The variance of one draw under given levels: the mean over readings of (b − x)(x − a), a and b the levels around x.
 * A reading outside the levels is clipped: it counts, with variance 0 (its error is a bias). Readings of a histogram are
 * taken at their grid points.
 *
 * @param data Readings or a histogram, at least one reading.
 * @param levels At least one, finite and strictly ascending.
 * @throws {@link LevelError} `levels`, `empty`, or `non-finite` with the index of the reading.
 */
export function levelVariance(data: ArrayLike<number> | Histogram, levels: ArrayLike<number>): number {
  checkLevels(levels, 1);
  const own = Float64Array.from(levels);
  if (isHistogram(data)) {
    const readings = data.total + data.below + data.above;
    if (readings === 0) throw new LevelError("empty", "an empty histogram has no variance");
    const points = Float64Array.from({ length: data.counts.length }, (_, i) => gridPoint(data, i));
    return ascendingCost(points, data.counts, own) / readings;
  }
  if (data.length === 0) throw new LevelError("empty", "no reading: a variance needs at least one");
  checkFinite(data);
  return readingsCost(data, own) / data.length;
}
