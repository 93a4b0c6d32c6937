import { type CostTable, intervalCost } from "./interval-cost.ts";

/** The last point whose interval from `from` costs at most `limit`; always beyond `from`, as neighbours cost nothing. */
function reach(table: CostTable, from: number, limit: number): number {
  const last = table.size - 1;
  let inside = from + 1;
  let step = 1;
  // Doubling steps before halving: intervals are short against the whole.
  while (inside + step <= last && intervalCost(table, from, inside + step) <= limit) {
    inside += step;
    step *= 2;
  }
  let outside = Math.min(last + 1, inside + step);
  while (outside - inside > 1) {
    const middle = (inside + outside) >> 1;
    if (intervalCost(table, from, middle) <= limit) inside = middle;
    else outside = middle;
  }
  return inside;
}

/** Whether at most `links` intervals of cost at most `limit` cover all points. */
function isCovered(table: CostTable, links: number, limit: number): boolean {
  const last = table.size - 1;
  let point = 0;
  for (let link = 0; link < links && point < last; link++) point = reach(table, point, limit);
  return point >= last;
}

/**
 * The least cost L such that `links` intervals of cost at most L cover all points. At the optimum all intervals of smooth
 * data cost nearly the same, and one interval less would cost about 2L more: where the search for levels starts.
 *
 * @param table From `costTable`, with more than `links` + 1 points.
 * @param links Intervals wanted, at least 1.
 * @returns L to a relative 1e-3; 0 where the costs vanish.
 */
export function equalCost(table: CostTable, links: number): number {
  const whole = intervalCost(table, 0, table.size - 1);
  if (!(whole > 0)) return 0;
  let high = whole;
  let low = whole / links ** 3;
  while (low > whole * 1e-30 && isCovered(table, links, low)) {
    high = low;
    low /= 8;
  }
  while (high > low * 1.001) {
    const middle = Math.sqrt(low) * Math.sqrt(high);
    if (isCovered(table, links, middle)) high = middle;
    else low = middle;
  }
  return high;
}
