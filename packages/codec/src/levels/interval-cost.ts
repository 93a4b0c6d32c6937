import { preciseCost, preciseRests } from "./precise-cost.ts";

/** Sums over weighted points from which the cost of any interval follows in constant time. */
export interface CostTable {
  /** Number of points. */
  readonly size: number;
  /** Four numbers a point: its position u, and the sums of weight, weight·u and weight·u² up to and including it. */
  readonly sums: Float64Array;
  /** What the last two sums lost to rounding, two numbers a point; undefined where plain doubles are enough. */
  readonly rests: Float64Array | undefined;
}

/**
 * Builds the table. Positions are measured from the middle point and the sums run outwards from it, so that neither a
 * large common offset nor a far outlier costs digits elsewhere; on whole positions every sum is exact below 2⁵³.
 *
 * @param positions Strictly ascending, already free of a common offset.
 * @param weights One a position, at least 0.
 * @param isPrecise Sums and costs of twice as many digits, some ten times slower: for points in far clusters, where
 * plain sums lose them ({@link roundingShare}).
 */
export function costTable(positions: Float64Array, weights: Float64Array, isPrecise = false): CostTable {
  const size = positions.length;
  const sums = new Float64Array(4 * size);
  const middle = size >> 1;
  for (let i = 0; i < size; i++) sums[4 * i] = positions[i] ?? 0;
  for (let i = middle + 1; i < size; i++) {
    const weight = weights[i] ?? 0;
    const position = positions[i] ?? 0;
    const at = 4 * i;
    sums[at + 1] = (sums[at - 3] ?? 0) + weight;
    sums[at + 2] = (sums[at - 2] ?? 0) + weight * position;
    sums[at + 3] = (sums[at - 1] ?? 0) + weight * position * position;
  }
  for (let i = middle - 1; i >= 0; i--) {
    const weight = weights[i + 1] ?? 0;
    const position = positions[i + 1] ?? 0;
    const at = 4 * i;
    sums[at + 1] = (sums[at + 5] ?? 0) - weight;
    sums[at + 2] = (sums[at + 6] ?? 0) - weight * position;
    sums[at + 3] = (sums[at + 7] ?? 0) - weight * position * position;
  }
  return { size, sums, rests: isPrecise ? preciseRests(sums, weights) : undefined };
}

/** The rows of a table at some of its points: candidates among which levels are chosen, at the cost of all points. */
export function costSubset({ sums, rests }: CostTable, points: Int32Array): CostTable {
  const rows = (of: Float64Array, width: number): Float64Array => {
    const subset = new Float64Array(width * points.length);
    points.forEach((point, i) => {
      subset.set(of.subarray(width * point, width * (point + 1)), width * i);
    });
    return subset;
  };
  return { size: points.length, sums: rows(sums, 4), rests: rests && rows(rests, 2) };
}

/** The rows from one point to another, both included; views. */
export function costRange({ sums, rests }: CostTable, first: number, last: number): CostTable {
  return {
    size: last - first + 1,
    sums: sums.subarray(4 * first, 4 * (last + 1)),
    rests: rests?.subarray(2 * first, 2 * (last + 1)),
  };
}

/**
 * What the points between two neighbouring levels cost: the sum of weight·(u_j − u)(u − u_i), ZipML section 3, expanded
 * in the sums of the table. It is Monge: cost(a,c) + cost(b,d) <= cost(a,d) + cost(b,c) for a <= b <= c <= d.
 *
 * @param table From {@link costTable}.
 * @param i Index of the lower level's point.
 * @param j Index of the upper level's point, at least i.
 */
export function intervalCost(table: CostTable, i: number, j: number): number {
  const { sums, rests } = table;
  if (rests !== undefined) return preciseCost(sums, rests, i, j);
  const a = 4 * i;
  const b = 4 * j;
  const low = sums[a] ?? 0;
  const high = sums[b] ?? 0;
  return (
    (low + high) * ((sums[b + 2] ?? 0) - (sums[a + 2] ?? 0)) -
    low * high * ((sums[b + 1] ?? 0) - (sums[a + 1] ?? 0)) -
    ((sums[b + 3] ?? 0) - (sums[a + 3] ?? 0))
  );
}

/** The cost of levels at these points, first and last point included. */
export function pathCost(table: CostTable, points: Int32Array): number {
  let cost = 0;
  for (let i = 1; i < points.length; i++) cost += intervalCost(table, points[i - 1] ?? 0, points[i] ?? 0);
  return cost;
}

/**
 * How much of a path's cost may be rounding of plain sums: a bound for the error of its intervals' costs over their sum.
 *
 * @returns At least 0; Infinity where the cost itself is lost.
 */
export function roundingShare(table: CostTable, points: Int32Array): number {
  const { sums } = table;
  const at = (point: number, column: number): number => Math.abs(sums[4 * point + column] ?? 0);
  let bound = 0;
  for (let k = 1; k < points.length; k++) {
    const i = points[k - 1] ?? 0;
    const j = points[k] ?? 0;
    // Neighbours cost nothing, and what rounding makes of that is the same for every path through them.
    if (j - i < 2) continue;
    const [low, high] = [at(i, 0), at(j, 0)];
    bound += (low + high) * (at(i, 2) + at(j, 2)) + low * high * (at(i, 1) + at(j, 1)) + at(i, 3) + at(j, 3);
  }
  const cost = pathCost(table, points);
  return bound === 0 ? 0 : cost > 0 ? (2 ** -52 * bound) / cost : Number.POSITIVE_INFINITY;
}
