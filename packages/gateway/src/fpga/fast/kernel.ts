/**
 * What an epoch in fast mode computes with: the same numbers as the lanes, without their order, for sums that are known to
 * stay within 32 bits. Lines are counted from the copies' start, places from their row's.
 */
export interface FastKernel {
  /** Whether a dot product with this model may leave 32 bits somewhere in its sum; then the exact rows are used. */
  readonly tight: boolean;
  /** Whether adding the gradient of such residuals to what rows have written may; asked before every `add` and `subtract`. */
  tightFor(residuals: Float64Array): boolean;
  /** To be called for every group of the model that has changed. */
  refresh(group: number): void;
  /** Adds the shares of a row's lines to its totals, one for each bank; place 0 starts them. */
  dot(line: number, place: number, count: number, totals: Float64Array): void;
  /** Adds the words of lines to what rows have written. */
  add(line: number, place: number, count: number, residuals: Float64Array): void;
  /** As {@link FastKernel.add}, subtracted. */
  subtract(line: number, place: number, count: number, residuals: Float64Array): void;
}

/** Half the range of a word. */
export const half = 2 ** 31;

/** Sums and largest of magnitudes by group, kept while groups change one by one. */
export class Norm {
  readonly #model: Int32Array;
  readonly #width: number;
  readonly #parts: Float64Array;
  readonly #peaks: Float64Array;
  /** Σ |x| over the whole model. */
  total = 0;

  constructor(model: Int32Array, width: number) {
    this.#model = model;
    this.#width = width;
    this.#parts = new Float64Array(model.length / width);
    this.#peaks = new Float64Array(model.length / width);
  }

  refresh(group: number): void {
    let sum = 0;
    let peak = 0;
    const from = group * this.#width;
    for (let i = from; i < from + this.#width; i++) {
      const size = Math.abs(this.#model[i] as number);
      sum += size;
      peak = Math.max(peak, size);
    }
    this.total += sum - (this.#parts[group] as number);
    this.#parts[group] = sum;
    this.#peaks[group] = peak;
  }

  /** The largest |x| of some groups. */
  peak(from: number, to: number): number {
    let largest = 0;
    for (let group = from; group < Math.min(to, this.#peaks.length); group++)
      largest = Math.max(largest, this.#peaks[group] as number);
    return largest;
  }
}

/** A bound on the largest magnitude of what rows have written, so that no single sum needs a look. */
export class Reach {
  readonly #staged: Int32Array;
  #bound = half;

  constructor(staged: Int32Array) {
    this.#staged = staged;
  }

  /** Whether words may be changed by up to `change`; once true, they count as changed. */
  admits(change: number): boolean {
    if (!(this.#bound + change < half)) this.#measure();
    const fits = this.#bound + change < half;
    // What exact sums make of it is not known here: measured anew.
    this.#bound = fits ? this.#bound + change : half;
    return fits;
  }

  #measure(): void {
    let largest = 0;
    for (let i = 0; i < this.#staged.length; i++) largest = Math.max(largest, Math.abs(this.#staged[i] as number));
    this.#bound = largest;
  }
}
