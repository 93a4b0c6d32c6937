/**
 * Rows of one mini-batch in standardised units. All estimators are one formula over it: the sum over rows of
 * left·(right·x − target), less d ⊙ x; they differ in what a row's left, right and d are.
 */
export interface Batch {
  /** Features n. */
  readonly columns: number;
  /** Most rows. */
  readonly capacity: number;
  /** Rows filled. */
  rows: number;
  /** capacity × n. */
  readonly left: Float64Array;
  /** capacity × n; the same array as `left` unless the estimator is `double`. */
  readonly right: Float64Array;
  readonly targets: Float64Array;
  /** Sum of the rows' d, where the rows' own d is subtracted. */
  readonly spreads: Float64Array;
  /** Residuals right·x − target of the last gradient. */
  readonly residuals: Float64Array;
}

/** @param twoSided Two draws a value: left and right are arrays of their own. */
export function createBatch(columns: number, capacity: number, twoSided: boolean): Batch {
  const left = new Float64Array(columns * capacity);
  return {
    columns,
    capacity,
    rows: 0,
    left,
    right: twoSided ? new Float64Array(columns * capacity) : left,
    targets: new Float64Array(capacity),
    spreads: new Float64Array(columns),
    residuals: new Float64Array(capacity),
  };
}

/** Forgets the rows. */
export function clearBatch(batch: Batch): void {
  batch.rows = 0;
  batch.spreads.fill(0);
}

/** Residuals right·x − target of the batch's rows. */
export function fillResiduals({ columns, rows, right, targets, residuals }: Batch, x: Float64Array): void {
  const whole = columns - (columns % 4);
  for (let r = 0; r < rows; r++) {
    const base = r * columns;
    // Four sums side by side: one alone waits for each addition.
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let i = 0; i < whole; i += 4) {
      s0 += (right[base + i] as number) * (x[i] as number);
      s1 += (right[base + i + 1] as number) * (x[i + 1] as number);
      s2 += (right[base + i + 2] as number) * (x[i + 2] as number);
      s3 += (right[base + i + 3] as number) * (x[i + 3] as number);
    }
    for (let i = whole; i < columns; i++) s0 += (right[base + i] as number) * (x[i] as number);
    residuals[r] = s0 + s1 + (s2 + s3) - (targets[r] as number);
  }
}

/**
 * Mini-batch gradient from the residuals: (Σ left·residual − Σ d ⊙ x) / capacity. A shorter last batch is divided by the
 * full size too, so that every row of an epoch counts the same.
 *
 * @param spreads A row's d in place of the batch's own: the columns' averages.
 */
export function fillGradient(
  batch: Batch,
  x: Float64Array,
  spreads: Float64Array | undefined,
  out: Float64Array,
): void {
  const { columns, rows, capacity, left, residuals } = batch;
  out.fill(0);
  const whole = rows - (rows % 4);
  // Four rows at once: the sum is read and written a quarter as often.
  for (let r = 0; r < whole; r += 4) {
    const a = r * columns;
    const b = a + columns;
    const c = b + columns;
    const d = c + columns;
    const ra = residuals[r] as number;
    const rb = residuals[r + 1] as number;
    const rc = residuals[r + 2] as number;
    const rd = residuals[r + 3] as number;
    for (let i = 0; i < columns; i++)
      out[i] =
        (out[i] as number) +
        (ra * (left[a + i] as number) + rb * (left[b + i] as number)) +
        (rc * (left[c + i] as number) + rd * (left[d + i] as number));
  }
  for (let r = whole; r < rows; r++) {
    const base = r * columns;
    const residual = residuals[r] as number;
    for (let i = 0; i < columns; i++) out[i] = (out[i] as number) + residual * (left[base + i] as number);
  }
  const share = 1 / capacity;
  const d = spreads ?? batch.spreads;
  const dShare = spreads === undefined ? share : rows / capacity;
  for (let i = 0; i < columns; i++) out[i] = (out[i] as number) * share - (d[i] as number) * dShare * (x[i] as number);
}
