import { type CostTable, intervalCost } from "./interval-cost.ts";

/** A way from the first point to the last: the points it visits are levels, each link an interval. */
export interface LevelPath {
  /** Ascending indices of points, the first and the last point included. */
  readonly points: Int32Array;
  /** Number of intervals. */
  readonly links: number;
}

/** Finds cheapest paths of one table; reuses its memory from one to the next. */
export interface LinkPathFinder {
  /**
   * The path that is cheapest when every link costs `lambda` beside its interval, the one with fewest links among equals.
   *
   * @param lambda At least 0.
   */
  find(lambda: number): LevelPath;
}

/**
 * A queue holds, in ascending order, the points that are still the best predecessor of some later point: the Monge
 * property makes the best predecessor move upwards only, so that each entry rules one stretch of points (the concave least
 * weight subsequence problem, Hirschberg and Larmore 1987). O(M log M) time, O(M) memory.
 */
class QueueFinder implements LinkPathFinder {
  readonly #table: CostTable;
  readonly #size: number;
  /** Cost and links of the best path to each point, and the point before it. */
  readonly #cost: Float64Array;
  readonly #links: Int32Array;
  readonly #before: Int32Array;
  /** The queue: points, and from where each of them rules. */
  readonly #queue: Int32Array;
  readonly #start: Int32Array;

  constructor(table: CostTable) {
    this.#table = table;
    this.#size = table.size;
    this.#cost = new Float64Array(this.#size);
    this.#links = new Int32Array(this.#size);
    this.#before = new Int32Array(this.#size);
    this.#queue = new Int32Array(this.#size);
    this.#start = new Int32Array(this.#size);
  }

  /** Whether point j comes to point `to` cheaper than point i < j does. */
  #isBetter(j: number, i: number, to: number): boolean {
    const table = this.#table;
    const one = (this.#cost[j] ?? 0) + intervalCost(table, j, to);
    const other = (this.#cost[i] ?? 0) + intervalCost(table, i, to);
    return one < other || (one === other && (this.#links[j] ?? 0) < (this.#links[i] ?? 0));
  }

  /** The first point after `from` that j reaches cheaper than i does; j is known to be cheaper at the last point. */
  #takeover(j: number, i: number, from: number): number {
    let not = from;
    let is = this.#size - 1;
    while (is - not > 1) {
      const middle = (not + is) >> 1;
      if (this.#isBetter(j, i, middle)) is = middle;
      else not = middle;
    }
    return is;
  }

  find(lambda: number): LevelPath {
    const table = this.#table;
    const last = this.#size - 1;
    const queue = this.#queue;
    const start = this.#start;
    const cost = this.#cost;
    let head = 0;
    let tail = 1;
    queue[0] = 0;
    start[0] = 1;
    for (let j = 1; j <= last; j++) {
      while (head + 1 < tail && (start[head + 1] ?? 0) <= j) head++;
      const i = queue[head] ?? 0;
      cost[j] = (cost[i] ?? 0) + intervalCost(table, i, j) + lambda;
      this.#links[j] = (this.#links[i] ?? 0) + 1;
      this.#before[j] = i;
      // One that is no better at the very end never is.
      if (j === last || !this.#isBetter(j, queue[tail - 1] ?? 0, last)) continue;
      while (tail > head && this.#isBetter(j, queue[tail - 1] ?? 0, Math.max(start[tail - 1] ?? 0, j + 1))) tail--;
      start[tail] =
        tail === head ? j + 1 : this.#takeover(j, queue[tail - 1] ?? 0, Math.max(start[tail - 1] ?? 0, j + 1));
      queue[tail++] = j;
    }
    return this.#path();
  }

  #path(): LevelPath {
    const last = this.#size - 1;
    const links = this.#links[last] ?? 0;
    const points = new Int32Array(links + 1);
    let point = last;
    for (let link = links; link >= 0; link--) {
      points[link] = point;
      point = this.#before[point] ?? 0;
    }
    return { points, links };
  }
}

/** @param table From `costTable`, at least two points. */
export function createLinkPathFinder(table: CostTable): LinkPathFinder {
  return new QueueFinder(table);
}
