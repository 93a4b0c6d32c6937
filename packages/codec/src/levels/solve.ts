import { adaquantCandidates } from "./adaquant.ts";
import { checkFinite, createHistogram, type Histogram } from "./histogram.ts";
import { type CostTable, costSubset, costTable, roundingShare } from "./interval-cost.ts";
import { LevelError } from "./level-error.ts";
import {
  checkRange,
  type LevelNodes,
  type LevelRange,
  nodesOfHistogram,
  nodesOfReadings,
  rangeOfReadings,
} from "./level-nodes.ts";
import { searchLevels } from "./level-search.ts";
import type { LevelMethod, LevelRequest, LevelSolution } from "./level-solution.ts";
import { ascendingCost, isHistogram, levelVariance } from "./level-variance.ts";

/** Most levels: as many as codes of 16 bits with one draw. */
export const maxLevels = 65_536;

/**
 * Equal intervals from low to high, both ends exact.
 *
 * @returns `count` levels, fewer where doubles between the ends don't suffice: strictly ascending in any case.
 */
export function uniformLevels(low: number, high: number, count: number): Float64Array {
  const levels = new Float64Array(count);
  let size = 0;
  for (let j = 0; j < count; j++) {
    const level = j === count - 1 ? high : Math.min(high, low + ((high - low) * j) / (count - 1));
    if (size === 0 || level > (levels[size - 1] ?? 0)) levels[size++] = level;
  }
  return levels.slice(0, size);
}

/** Grid points for a number of levels: the excess over the optimum falls with (levels/points)². */
function gridSize(count: number): number {
  return Math.min(2 ** 20, Math.max(4096, 2 ** Math.ceil(Math.log2(64 * count))));
}

/** What a method works on, and how to tell what levels cost on the data themselves. */
interface Problem {
  readonly nodes: LevelNodes;
  readonly variance: (levels: Float64Array) => number;
}

function problemOf(data: ArrayLike<number>, range: LevelRange, count: number, method: LevelMethod): Problem {
  const [low, high] = range;
  if (method === "histogram" && high - low >= 1e-100) {
    const histogram = createHistogram({ low, high, bins: gridSize(count) });
    histogram.addAll(data);
    // The grid only chooses; what the choice costs is measured on the readings.
    return { nodes: nodesOfHistogram(histogram, range), variance: (levels) => levelVariance(data, levels) };
  }
  return problemOn(nodesOfReadings(data, range));
}

function problemOn(nodes: LevelNodes): Problem {
  return { nodes, variance: (levels) => ascendingCost(nodes.values, nodes.weights, levels) / nodes.readings };
}

/** How much of the variance may be lost to rounding before the search is done again with twice the digits. */
const toleratedRounding = 1e-6;

function bestPoints(table: CostTable, links: number, method: LevelMethod): Int32Array {
  if (method !== "adaquant") return searchLevels(table, links).points;
  const candidates = adaquantCandidates(table, links);
  const { points } = searchLevels(costSubset(table, candidates), links);
  return points.map((point) => candidates[point] ?? 0);
}

function optimalLevels({ values, weights, positions }: LevelNodes, count: number, method: LevelMethod): Float64Array {
  if (values.length <= count) return values.slice();
  const plain = costTable(positions, weights);
  let points = bestPoints(plain, count - 1, method);
  if (roundingShare(plain, points) > toleratedRounding)
    points = bestPoints(costTable(positions, weights, true), count - 1, method);
  return Float64Array.from(points, (point) => values[point] ?? 0);
}

/** Equal intervals need no sorted readings: the ends, and a pass for the variance. */
function solveUniform(data: ArrayLike<number>, range: LevelRange, count: number): LevelSolution {
  const [low, high] = range;
  const levels = uniformLevels(low, high, count);
  const variance = levelVariance(data, levels);
  let clipped = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (value < low || value > high) clipped++;
  }
  return { method: "uniform", levels, variance, uniformVariance: variance, readings: data.length, clipped };
}

/**
 * Levels for readings: any levels that cover them are unbiased, these have the least variance their method can give.
 * Both ends of the range are levels. `exact` and `adaquant` choose among the distinct readings (exactly so for whole
 * numbers), `histogram` among the points of a grid of at least 4,096; on a histogram all three choose among its points.
 * Where there are no more distinct values than levels, the values are the levels and the variance is 0; `uniform` always
 * gives all of its levels, except one for a range of width 0. The result depends on neither order nor machine.
 *
 * @param data Readings, finite, within ±1e100 unless a range is forced; or a histogram of them.
 * @param request How many levels, how found, between which ends.
 * @returns Levels and variance, in the unit of the readings and its square.
 * @throws {@link LevelError} `count`, `range`, `empty`, or `non-finite` with the index of the reading.
 */
export function solveLevels(data: ArrayLike<number> | Histogram, request: LevelRequest): LevelSolution {
  const { count, range: forced } = request;
  if (!Number.isInteger(count) || count < 2 || count > maxLevels)
    throw new LevelError("count", `levels must be a whole number from 2 to ${maxLevels}, not ${count}`);
  if (forced !== undefined) checkRange(forced);
  const isCounted = isHistogram(data);
  const method = request.method ?? (isCounted ? "histogram" : "exact");
  const range = forced ?? (isCounted ? ([data.low, data.high] as const) : rangeOfReadings(data));
  if (!isCounted) {
    if (data.length === 0) throw new LevelError("empty", "no reading: levels need at least one");
    checkFinite(data);
    if (method === "uniform") return solveUniform(data, range, count);
  }
  const { nodes, variance } = isCounted
    ? problemOn(nodesOfHistogram(data, range))
    : problemOf(data, range, count, method);
  const uniform = uniformLevels(range[0], range[1], count);
  const levels = method === "uniform" ? uniform : optimalLevels(nodes, count, method);
  return {
    method,
    levels,
    variance: variance(levels),
    uniformVariance: variance(uniform),
    readings: nodes.readings,
    clipped: nodes.clipped,
  };
}
