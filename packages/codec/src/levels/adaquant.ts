import { type CostTable, intervalCost } from "./interval-cost.ts";

/** The error from which on a pair is among the `keep` costliest, and how many at just that error still are. */
function cut(errors: Float64Array, keep: number): { limit: number; ties: number } {
  const ordered = errors.slice().sort();
  const limit = ordered[ordered.length - keep] ?? 0;
  let above = 0;
  for (const error of errors) if (error > limit) above++;
  return { limit, ties: keep - above };
}

/** One round: consecutive intervals in pairs, each pair made one interval unless it is among the `keep` costliest. */
function mergePairs(table: CostTable, ends: Int32Array, keep: number): Int32Array {
  const pairs = (ends.length - 1) >> 1;
  const errors = new Float64Array(pairs);
  for (let pair = 0; pair < pairs; pair++)
    errors[pair] = intervalCost(table, ends[2 * pair] ?? 0, ends[2 * pair + 2] ?? 0);
  const { limit, ties } = cut(errors, keep);
  const merged = new Int32Array(ends.length);
  let size = 1;
  let left = ties;
  for (let pair = 0; pair < pairs; pair++) {
    const error = errors[pair] ?? 0;
    if (error > limit || (error === limit && left-- > 0)) merged[size++] = ends[2 * pair + 1] ?? 0;
    merged[size++] = ends[2 * pair + 2] ?? 0;
  }
  if (ends.length % 2 === 0) merged[size++] = ends[ends.length - 1] ?? 0;
  return merged.slice(0, size);
}

/**
 * The paper's 2-approximation (ZipML section 3.2): from one interval between every two neighbouring points, merge pairs,
 * sparing the 2·links costliest of each round, until at most 4·links + 1 intervals are left. Their cost is at most twice
 * the optimum of `links` intervals. O(M log M).
 *
 * @param table From `costTable`.
 * @param links Intervals wanted, at least 1.
 * @returns Ascending indices of points, the first and the last point included: candidates for the exact programme.
 */
export function adaquantCandidates(table: CostTable, links: number): Int32Array {
  const keep = 2 * links;
  let ends: Int32Array = Int32Array.from({ length: table.size }, (_, i) => i);
  // One interval of slack: at 4·links + 1 intervals every pair would be spared, and nothing would end.
  while (ends.length - 1 > 2 * keep + 1) ends = mergePairs(table, ends, keep);
  return ends;
}
