import { type CostTable, costRange, intervalCost } from "./interval-cost.ts";

/** One layer: the best cost with one link more, for the points lowest … highest, and the predecessors that give it. */
interface Layer {
  readonly table: CostTable;
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly choice: Int32Array;
}

/**
 * Fills the layer for points from … to, knowing that their predecessors lie in least … most: the middle point first, whose
 * choice bounds the choices of both halves, because the best predecessor never moves down (Monge).
 */
function fillLayer(layer: Layer, from: number, to: number, least: number, most: number): void {
  if (from > to) return;
  const { table, before, after, choice } = layer;
  const middle = (from + to) >> 1;
  const end = Math.min(most, middle - 1);
  let best = Number.POSITIVE_INFINITY;
  let at = least;
  for (let i = least; i <= end; i++) {
    const cost = (before[i] ?? 0) + intervalCost(table, i, middle);
    if (cost < best) {
      best = cost;
      at = i;
    }
  }
  after[middle] = best;
  choice[middle] = at;
  fillLayer(layer, from, middle - 1, least, at);
  fillLayer(layer, middle + 1, to, at, most);
}

/**
 * The point half way on the cheapest path of `links` links from the first point to the last: layers run forwards with two
 * rows of costs, and each point carries along where its path stood half way, so that memory stays linear.
 */
function halfWay(table: CostTable, links: number): number {
  const half = links >> 1;
  const last = table.size - 1;
  let before = new Float64Array(last + 1).fill(Number.POSITIVE_INFINITY);
  let after = before.slice();
  let stood = Int32Array.from({ length: last + 1 }, (_, i) => i);
  let standing = stood.slice();
  for (let j = 1; j <= last; j++) before[j] = intervalCost(table, 0, j);
  const choice = new Int32Array(last + 1);
  for (let link = 2; link <= links; link++) {
    // A path of `link` links ends at least that many points on, and its predecessor has one link less.
    fillLayer({ table, before, after, choice }, link, last, link - 1, last - 1);
    if (link > half) {
      for (let j = link; j <= last; j++) standing[j] = stood[choice[j] ?? 0] ?? 0;
      [stood, standing] = [standing, stood];
    }
    [before, after] = [after, before];
  }
  return stood[last] ?? 0;
}

/**
 * The cheapest path of exactly `links` links from the first point to the last, by divide and conquer on every layer of
 * the dynamic programme: O(links·M log M) time, O(M) memory. Slower than the search over link costs, and independent of
 * it: its fall-back and its cross-check.
 *
 * @param table From `costTable`, with more than `links` points.
 * @param links Intervals wanted, at least 1.
 * @returns Ascending indices of `links` + 1 points, the first and the last point included.
 */
export function divideAndConquer(table: CostTable, links: number): Int32Array {
  const points = new Int32Array(links + 1);
  const visit = (first: number, last: number, link: number, count: number): void => {
    points[link] = first;
    points[link + count] = last;
    if (count === 1) return;
    const point = first + halfWay(costRange(table, first, last), count);
    const half = count >> 1;
    visit(first, point, link, half);
    visit(point, last, link + half, count - half);
  };
  visit(0, table.size - 1, 0, links);
  return points;
}
