import { divideAndConquer } from "./divide-conquer.ts";
import { equalCost } from "./equal-cost.ts";
import { type CostTable, pathCost } from "./interval-cost.ts";
import { createLinkPathFinder, type LevelPath } from "./link-path.ts";

/** An optimal path for its own number of links, and the link cost it was found at. */
interface Found extends LevelPath {
  readonly cost: number;
  readonly lambda: number;
}

/** Passes after which the search gives up; a handful is the rule. */
const maxPasses = 40;

/** Passes after which the bracket's first ends will do: the chord halves what no guess has found. */
const unbracketedPasses = 8;

/** Passes in which the number of links is trusted to follow a power of their cost. */
const linePasses = 6;

/**
 * A path of `links` links from two of fewer and of more: some link of the one spans a whole link of the other, and by the
 * Monge property crossing over there makes two paths of the other counts at no more cost together. Where both paths
 * are the cheapest at one link cost, so is the result.
 */
export function splicePaths(few: LevelPath, many: LevelPath, links: number): Int32Array {
  const ahead = links - few.links;
  let i = 0;
  while ((many.points[i + 1 + ahead] ?? 0) > (few.points[i + 1] ?? 0)) i++;
  const points = new Int32Array(links + 1);
  points.set(many.points.subarray(0, i + ahead + 1));
  points.set(few.points.subarray(i + 1), i + ahead + 1);
  return points;
}

/** The link cost at which the two ends of the bracket are worth the same. */
function chord(few: Found, many: Found): number {
  return (few.cost - many.cost) / (many.links - few.links);
}

/** Whether passes have found both ends of the bracket, which starts as one link and all links. */
function isBracketed(few: Found, many: Found): boolean {
  return few.lambda < Number.POSITIVE_INFINITY && many.lambda > 0;
}

/**
 * The next link cost to try. Without a bracket: from links ∝ λ^(−1/3), as for smooth data, and farther each time. Within
 * one: a straight line in logarithms, and halves where the data are too uneven for it.
 */
function guess(latest: Found, few: Found, many: Found, links: number, pass: number): number {
  if (!isBracketed(few, many)) return latest.lambda * (latest.links / links) ** (3 * pass);
  const line = Math.log(many.links / links) / Math.log(many.links / few.links);
  const share = pass <= linePasses ? line : 0.5;
  return many.lambda ** (1 - share) * few.lambda ** share;
}

/** The cheapest path found, and how many passes over the points it took. */
export interface LevelSearch {
  /** Ascending indices of points, the first and the last point included. */
  readonly points: Int32Array;
  readonly passes: number;
}

/**
 * The cheapest path of exactly `links` links from the first point to the last. The least cost is convex in the number of
 * links, so a cost per link steers the number: the search brackets the wanted number, and when no number between the ends
 * of the bracket comes out at the chord's own link cost, both ends are optimal there and a splice of them is the answer
 * (Aggarwal, Schieber and Tokuyama 1994). Nearly independent of `links`: O(M log M) a pass.
 *
 * @param table From `costTable`, with more than `links` points.
 * @param links Intervals wanted, at least 1.
 */
export function searchLevels(table: CostTable, links: number): LevelSearch {
  const last = table.size - 1;
  if (links === 1) return { points: Int32Array.of(0, last), passes: 0 };
  const finder = createLinkPathFinder(table);
  const ends = Int32Array.of(0, last);
  let few: Found = { points: ends, links: 1, cost: pathCost(table, ends), lambda: Number.POSITIVE_INFINITY };
  let many: Found = { points: Int32Array.from({ length: last + 1 }, (_, i) => i), links: last, cost: 0, lambda: 0 };
  if (many.links === links) return { points: many.points, passes: 0 };
  let lambda = 2 * equalCost(table, links);
  for (let pass = 1; pass <= maxPasses; pass++) {
    const isChord = !(lambda > 0) || (pass % 2 === 0 && (isBracketed(few, many) || pass > unbracketedPasses));
    if (isChord) lambda = chord(few, many);
    const path = finder.find(Math.max(lambda, 0));
    if (path.links === links) return { points: path.points, passes: pass };
    if (isChord && (path.links <= few.links || path.links >= many.links))
      return { points: splicePaths(few, many, links), passes: pass };
    const latest: Found = { ...path, cost: pathCost(table, path.points), lambda };
    if (path.links < links && path.links >= few.links) few = latest;
    if (path.links > links && path.links <= many.links) many = latest;
    lambda = guess(latest, few, many, links, pass);
  }
  return { points: divideAndConquer(table, links), passes: maxPasses };
}
