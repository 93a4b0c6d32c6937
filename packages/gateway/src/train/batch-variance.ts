import { roundVector, type Stream } from "@zipml/codec";
import { type Batch, clearBatch, createBatch, fillGradient, fillResiduals } from "./batch.ts";
import { checkAborted } from "./errors.ts";
import { addGuard } from "./guard.ts";
import { fillSlopes } from "./margins.ts";
import { roundingVariance, type VarianceSubject } from "./rounding-variance.ts";
import { createRowReader } from "./row-reader.ts";

/** What whole mini-batches tell of the variance of their gradient. */
export interface BatchParts {
  readonly residual: number;
  readonly gradient: number;
  /** Of a loss of the margin alone: all that the choice of rows and their samples make, and the model's rounding. */
  readonly sgd: number;
  readonly model: number;
  /** Rows read. */
  readonly rows: number;
}

/**
 * Forms the gradients of mini-batches at the trained model as training does, rows in the source's order, and sums the
 * variances that rounding their residuals and gradients has, which are exact once these are known.
 *
 * @param mostRows Most rows read; one mini-batch at least.
 */
export async function measureBatches(subject: VarianceSubject, mostRows: number): Promise<BatchParts> {
  const { training, batch: capacity } = subject;
  const { source, task, scaling, estimator, options, signal, streamOf } = training;
  const rowSpreads = estimator === "symmetric" && options.diagonal === "row";
  const reader = createRowReader({ estimator, task, scaling, rowSpreads });
  const coins = streamOf("variance-coins");
  const batch = createBatch(task.features.length, capacity, estimator === "double");
  const sums = new BatchSums(subject, batch, streamOf("variance"));
  const enough = Math.max(1, Math.floor(mostRows / capacity));
  for await (const block of source.blocks()) {
    checkAborted(signal);
    const read = reader.open(block, coins);
    for (let row = 0; row < block.rows && sums.batches < enough; row++) {
      read(row, batch);
      if (batch.rows < capacity) continue;
      sums.add();
      clearBatch(batch);
    }
    if (sums.batches >= enough) break;
  }
  return sums.parts();
}

class BatchSums {
  readonly #subject: VarianceSubject;
  readonly #batch: Batch;
  readonly #rounding: Stream;
  readonly #spreads: Float64Array | undefined;
  readonly #read: Float64Array; // the model as it is read, with a margin loss the intercept last
  readonly #gradient: Float64Array;
  readonly #exact: Float64Array; // the gradient at the model as it is
  readonly #mean: Float64Array;
  #residual = 0;
  #rounded = 0;
  #squares = 0;
  #moved = 0;
  batches = 0;

  constructor(subject: VarianceSubject, batch: Batch, rounding: Stream) {
    const { training, weights } = subject;
    this.#subject = subject;
    this.#batch = batch;
    this.#rounding = rounding;
    const byColumn = training.estimator === "symmetric" && training.options.diagonal === "column";
    this.#spreads = byColumn ? training.scaling.spreads : undefined;
    this.#read = new Float64Array(weights.length);
    this.#gradient = new Float64Array(weights.length);
    this.#exact = new Float64Array(weights.length);
    this.#mean = new Float64Array(weights.length);
  }

  /** Takes a full mini-batch. */
  add(): void {
    const { training, weights } = this.#subject;
    const { options, objective } = training;
    const { columns } = this.#batch;
    const isMargin = objective?.margin !== undefined;
    if (isMargin) {
      this.#form(weights, this.#exact);
      this.#addRows();
    }
    this.#read.set(weights);
    roundVector(this.#read.subarray(0, columns), options.modelBits, this.#rounding);
    this.#form(this.#read, this.#gradient);
    this.#addResiduals();
    if (isMargin)
      for (const [i, value] of this.#gradient.entries()) this.#moved += (value - (this.#exact[i] as number)) ** 2;
    // What Q4 is given: from rounded residuals.
    const residuals = this.#batch.residuals.subarray(0, this.#batch.rows);
    roundVector(residuals, options.residualBits, this.#rounding);
    this.#assemble(this.#read, this.#gradient);
    const slopes = this.#gradient.subarray(0, columns);
    const largest = slopes.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const value of slopes) this.#rounded += roundingVariance(value, largest, options.gradientBits);
    this.batches += 1;
  }

  /** Residuals at x, and the gradient from them. */
  #form(x: Float64Array, out: Float64Array): void {
    const { objective } = this.#subject.training;
    if (objective?.margin === undefined) fillResiduals(this.#batch, x);
    else fillSlopes(this.#batch, objective, objective.margin, x);
    this.#assemble(x, out);
  }

  #assemble(x: Float64Array, out: Float64Array): void {
    const { guard } = this.#subject;
    const { columns, residuals, rows } = this.#batch;
    const slopes = out.subarray(0, columns);
    fillGradient(this.#batch, x, this.#spreads, slopes);
    if (guard !== undefined) addGuard(guard, x, slopes);
    if (out.length > columns) out[columns] = residuals.subarray(0, rows).reduce((sum, value) => sum + value, 0) / rows;
  }

  /** ‖left‖² of a row, with a margin loss and its intercept's 1. */
  #power(row: number): number {
    const { left, columns } = this.#batch;
    let sum = this.#read.length - columns;
    for (let at = row * columns; at < (row + 1) * columns; at++) sum += (left[at] as number) ** 2;
    return sum;
  }

  #addRows(): void {
    const { residuals, rows } = this.#batch;
    for (let r = 0; r < rows; r++) this.#squares += this.#power(r) * (residuals[r] as number) ** 2;
    for (const [i, value] of this.#exact.entries()) this.#mean[i] = (this.#mean[i] as number) + value;
  }

  #addResiduals(): void {
    const { residualBits } = this.#subject.training.options;
    if (residualBits === 0) return;
    const { residuals, rows } = this.#batch;
    let largest = 0;
    for (let r = 0; r < rows; r++) largest = Math.max(largest, Math.abs(residuals[r] as number));
    for (let r = 0; r < rows; r++)
      this.#residual += (this.#power(r) * roundingVariance(residuals[r] as number, largest, residualBits)) / rows ** 2;
  }

  /** Averages over the mini-batches. */
  parts(): BatchParts {
    const { batches } = this;
    const { batch } = this.#subject;
    const rows = batches * batch;
    const norm = this.#mean.reduce((sum, value) => sum + (value / batches) ** 2, 0);
    const seen = this.#squares / rows;
    const slope = Math.max(norm - (seen - norm) / Math.max(rows - 1, 1), 0);
    return {
      sgd: (seen - slope) / batch,
      model: this.#moved / batches,
      residual: this.#residual / batches,
      gradient: this.#rounded / batches,
      rows,
    };
  }
}
