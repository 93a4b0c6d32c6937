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
}

/**
 * An empty set.
 *
 * @param mostRanges Most ranges that it keeps above its floor.
 */
export function createSequenceSet(mostRanges: number): SequenceSet {
  let floor = 0;
  const ranges: [number, number][] = [];

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
  const absorb = (): void => {
    const [first] = ranges;
    if (first === undefined || first[0] > floor) return;
    floor = first[1] + 1;
    ranges.shift();
  };
  const insert = (sequence: number): boolean => {
    const at = placeOf(sequence);
    const before = ranges[at - 1];
    const after = ranges[at];
    const joinsBefore = before !== undefined && before[1] + 1 === sequence;
    const joinsAfter = after !== undefined && after[0] === sequence + 1;
    if (joinsBefore && joinsAfter) {
      before[1] = after[1];
      ranges.splice(at, 1);
    } else if (joinsBefore) before[1] = sequence;
    else if (joinsAfter) after[0] = sequence;
    else if (sequence !== floor && ranges.length >= mostRanges) return false;
    else ranges.splice(at, 0, [sequence, sequence]);
    return true;
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
    add: (sequence) => {
      if (has(sequence)) return true;
      const added = insert(sequence);
      if (added) absorb();
      return added;
    },
    gaps,
  };
}
