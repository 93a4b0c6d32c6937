/** Whole numbers from the first to the last, both included. */
export type Range = readonly [from: number, to: number];

/** The same numbers as ranges in ascending order that neither overlap nor touch. A copy. */
export function mergeRanges(ranges: readonly Range[]): readonly Range[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else if (from <= to) merged.push([from, to]);
  }
  return merged;
}

/** Single numbers as merged ranges. */
export function rangesOf(numbers: readonly number[]): readonly Range[] {
  return mergeRanges(numbers.map((number) => [number, number] as const));
}

/** Whether a number lies in merged ranges. */
export function inRanges(ranges: readonly Range[], number: number): boolean {
  const after = firstIndex(ranges.length, (i) => (ranges[i]?.[0] ?? 0) > number);
  return number <= (ranges[after - 1]?.[1] ?? Number.NEGATIVE_INFINITY);
}

/** What is left of merged ranges from a number on. A copy. */
export function rangesFrom(ranges: readonly Range[], least: number): readonly Range[] {
  return ranges.filter(([, to]) => to >= least).map(([from, to]) => [Math.max(from, least), to] as const);
}

/** The first index for which a monotone test holds, or `length` for none. */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
