/** The sequences of one session that are stored: a floor, and ranges above it. Never "the highest seen". */
export interface SequenceSet {
  /** Every sequence below it is in the set. */
  readonly floor: number;
  /** Inclusive ranges above the floor, ascending, neither touching nor overlapping. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
  /** One more than the highest sequence in the set. */
  readonly end: number;
  /** How many sequences below `end` are not in the set. */
  readonly missing: number;
  has(sequence: number): boolean;
  /**
   * Adds a sequence that is not in the set.
   *
   * @returns False when another range would pass the bound: the sequence was not added.
   */
  add(sequence: number): boolean;
  /** The ranges below `end` that are not in the set, ascending. */
  gaps(): [from: number, to: number][];
  /** Whether a range overlaps what is in the set, or borders on it: adding it makes no further range. */
  touches(from: number, to: number): boolean;
  /** The parts of a range that are not in the set, ascending. */
  lacking(from: number, to: number): [from: number, to: number][];
  /**
   * Adds every sequence of a range.
   *
   * @returns How many were not in the set; undefined when the ranges would pass the bound: nothing was added.
   */
  cover(from: number, to: number): number | undefined;
}

/** What a set starts from. */
export type SequenceStart = Pick<SequenceSet, "floor" | "ranges">;

/**
 * A set of sequences.
 *
 * @param mostRanges Most ranges that it keeps above its floor.
 * @param start What is in it; default nothing. Copied, and taken as it is even where its ranges pass the bound.
 */
export function createSequenceSet(mostRanges: number, start: SequenceStart = { floor: 0, ranges: [] }): SequenceSet {
  let { floor } = start;
  const ranges: [number, number][] = start.ranges.map(([from, to]) => [from, to]);

  /** Index of the first range that ends at or after the sequence. */
  const placeOf = (sequence: number): number => {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ranges[middle]?.[1] ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const has = (sequence: number): boolean => {
    if (sequence < floor) return true;
    const range = ranges[placeOf(sequence)];
    return range !== undefined && range[0] <= sequence;
  };
  const lacking = (from: number, to: number): [number, number][] => {
    const parts: [number, number][] = [];
    let next = Math.max(from, floor);
    for (let i = placeOf(next); next <= to; i++) {
      const [first, last] = ranges[i] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      if (first > next) parts.push([next, Math.min(first - 1, to)]);
      next = last + 1;
    }
    return parts;
  };
  const touches = (from: number, to: number): boolean => {
    const low = Math.max(from, floor);
    return low === floor || (ranges[placeOf(low - 1)]?.[0] ?? Number.POSITIVE_INFINITY) <= to + 1;
  };
  const cover = (from: number, to: number): number | undefined => {
    const added = lacking(from, to).reduce((sum, [first, last]) => sum + last - first + 1, 0);
    if (added === 0) return 0;
    const low = Math.max(from, floor);
    const at = placeOf(low - 1); // the first that overlaps it or touches it from below
    let past = at;
    while (past < ranges.length && (ranges[past]?.[0] ?? 0) <= to + 1) past += 1;
    if (low > floor && past === at && ranges.length >= mostRanges) return undefined;
    const first = Math.min(low, ranges[at]?.[0] ?? low);
    const last = past > at ? Math.max(to, ranges[past - 1]?.[1] ?? to) : to;
    if (low === floor) {
      ranges.splice(0, past);
      floor = last + 1;
    } else ranges.splice(at, past - at, [first, last]);
    return added;
  };
  const gaps = (): [number, number][] =>
    ranges.map(([from], i) => [i === 0 ? floor : (ranges[i - 1]?.[1] ?? 0) + 1, from - 1]);
  return {
    get floor() {
      return floor;
    },
    get ranges() {
      return ranges;
    },
    get end() {
      return (ranges.at(-1)?.[1] ?? floor - 1) + 1;
    },
    get missing() {
      return gaps().reduce((sum, [from, to]) => sum + to - from + 1, 0);
    },
    has,
    add: (sequence) => cover(sequence, sequence) !== undefined,
    gaps,
    touches,
    lacking,
    cover,
  };
}

/** What a set holds, as a value of its own. */
export function savedSequences({ floor, ranges }: SequenceStart): SequenceStart {
  return { floor, ranges: ranges.map(([from, to]) => [from, to] as const) };
}
