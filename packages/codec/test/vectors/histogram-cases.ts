/** Counts of a histogram as bytes: what they decode to, or the code that refuses them. */
export interface HistogramCase {
  readonly name: string;
  readonly bins: number;
  readonly hex: string;
  /** Empty where the bytes are refused. */
  readonly counts: readonly number[];
  /** Empty where they are sound. */
  readonly code: string;
}

const sound = (name: string, hex: string, counts: readonly number[]): HistogramCase => ({
  name,
  bins: counts.length,
  hex,
  counts,
  code: "",
});
const bad = (name: string, bins: number, hex: string, code: string): HistogramCase => ({
  name,
  bins,
  hex,
  counts: [],
  code,
});

/** Every form that a number and a run can have, and every fault. */
export const histogramCases: readonly HistogramCase[] = [
  sound("zeros, small and large counts", "000305ac02010002f0a2040001", [0, 0, 0, 5, 300, 1, 0, 0, 70_000, 0]),
  sound("no reading at all", "008002", new Array(256).fill(0)),
  sound("one byte, two bytes, and the largest count", "7f8001ffffffff0f", [127, 128, 4_294_967_295]),
  bad("bins beyond the limit", 4097, "008120", "range"),
  bad("more than 5 bytes a bin", 2, "0000000000000000000000", "size"),
  bad("bins that are left", 3, "0101", "length"),
  bad("a run past the last bin", 2, "0003", "length"),
  bad("an end within a number", 2, "0180", "truncated"),
  bad("an end before the length of a run", 2, "0100", "truncated"),
  bad("a byte too many", 2, "010101", "trailing"),
  bad("a number in two bytes where one does", 2, "810001", "form"),
  bad("a run of none", 2, "00000002", "form"),
  bad("two runs side by side", 2, "00010001", "form"),
  bad("a count of 2^32", 2, "808080801001", "range"),
];
