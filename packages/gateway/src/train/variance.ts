import { type Batch, clearBatch, createBatch } from "./batch.ts";
import { measureBatches } from "./batch-variance.ts";
import { checkAborted } from "./errors.ts";
import type { GuardTerm } from "./guard.ts";
import { normalEquations } from "./normal-equations.ts";
import { modelVariances, type VarianceSubject } from "./rounding-variance.ts";
import { createRowReader } from "./row-reader.ts";
import type { SampleBlock } from "./samples.ts";
import type { Training } from "./training.ts";
import type { VarianceReport } from "./variance-report.ts";

/** Most rows that a report reads. */
const mostRows = 65_536;

/** Vectors that stand for the model's rounding where the matrix is not formed. */
const probes = 8;

/**
 * Measures what each rounding adds to the variance of a mini-batch gradient, at the trained model: the formulas of the
 * estimator with Q₁ and Q₂ of the samples, Q₃ of the model and Q₄ of the gradient, all independent. With a the row,
 * v the variances of its samples, w those of the model, r its residual, TV = Σ v and S = Σ v x², `double` adds TV·r² +
 * (‖a‖² + TV)·S over exact rows. What only the exact row would tell is estimated from m and d of the codes, without bias
 * but for powers of one coordinate above the second. That matters where the draws' variance is no small part of a column's and
 * there are few columns: then `sgd` and `samples` are told apart roughly, though not their sum (see `sgdVariance`).
 *
 * @returns Undefined for the estimators `polynomial` and `refetch`.
 */
export async function measureVariance(subject: VarianceSubject): Promise<VarianceReport | undefined> {
  const { training } = subject;
  const { estimator, objective } = training;
  if (estimator === "polynomial" || estimator === "refetch") return undefined;
  const rounded = await measureBatches(subject, mostRows);
  const { residual, gradient, rows } = rounded;
  if (objective?.margin !== undefined)
    return { sgd: rounded.sgd, samples: undefined, model: rounded.model, residual, gradient, rows };
  const sums = new RowSums(subject);
  await readRows(training, sums);
  const { sgd, samples: drawn, model } = sums.parts();
  const samples = estimator === "full" ? 0 : drawn;
  return { sgd, samples: estimator === "naive" ? undefined : samples, model, residual, gradient, rows };
}

/** Hands the first rows over one at a time, with their means and d. */
async function readRows({ source, task, scaling, estimator, signal, streamOf }: Training, sums: RowSums) {
  const size = task.features.length;
  const one = createBatch(size, 1, false);
  const measured = estimator === "double" ? "symmetric" : estimator;
  const reader = createRowReader({ estimator: measured, task, scaling, rowSpreads: true });
  const coins = streamOf("variance-coins");
  for await (const block of source.blocks()) {
    checkAborted(signal);
    sums.open(block);
    const read = reader.open(block, coins);
    for (let row = 0; row < block.rows && sums.rows < mostRows; row++) {
      read(row, one);
      sums.add(one);
      clearBatch(one);
    }
    if (sums.rows >= mostRows) return;
  }
}

/** Sums over rows for a loss of squares. */
class RowSums {
  readonly #subject: VarianceSubject;
  readonly #own: boolean; // the rows' own d is subtracted
  readonly #mean: Float64Array; // of the rows' gradients
  readonly #read: Float64Array; // Σ over rows of the variances of the weights
  readonly #products: { readonly vector: Float64Array; readonly signs: Int8Array }[] = [];
  readonly #draws: Float64Array;
  readonly #spreads: Float64Array;
  #variances: Float64Array = new Float64Array(0);
  #exact = 0;
  #sampled = 0;
  #shown = 0;
  #single = 0;
  rows = 0;

  constructor(subject: VarianceSubject) {
    const { training } = subject;
    const size = training.task.features.length;
    this.#subject = subject;
    this.#own = training.estimator === "double" || training.options.diagonal === "row";
    this.#spreads = training.estimator === "symmetric" ? training.scaling.spreads : new Float64Array(size);
    this.#mean = new Float64Array(size);
    this.#read = new Float64Array(size);
    this.#draws = new Float64Array(size).fill(1);
    if (training.summary.covariance !== undefined || training.options.modelBits === 0) return;
    const stream = training.streamOf("variance-probes");
    for (let p = 0; p < probes; p++) {
      const signs = Int8Array.from({ length: size }, () => (stream.uniform() < 0.5 ? -1 : 1));
      this.#products.push({ vector: new Float64Array(size), signs });
    }
  }

  /** Takes up a block's grid. */
  open(block: SampleBlock): void {
    const quantizer = block.kind === "values" ? undefined : block.quantizer;
    this.#variances = modelVariances(this.#subject, quantizer);
    for (const [i, { column }] of this.#subject.training.task.features.entries())
      this.#draws[i] = quantizer?.channels[column]?.samples ?? 1;
  }

  add({ left: m, spreads: d, targets }: Batch): void {
    const { weights: x } = this.#subject;
    const w = this.#variances;
    const size = this.#mean.length;
    let e = -(targets[0] as number);
    for (let i = 0; i < size; i++) e += (m[i] as number) * (x[i] as number);
    const s = { power: 0, spread: 0, seen: 0, cross: 0, fourth: 0, crossOut: 0, fourthOut: 0, drawn: 0, drawnSeen: 0 };
    const h = { power: 0, less: 0, drawn: 0 };
    for (let i = 0; i < size; i++) {
      const [mi, di, xi, wi] = [m[i] as number, d[i] as number, x[i] as number, w[i] as number];
      const out = this.#own ? di : (this.#spreads[i] as number);
      const single = di * (this.#draws[i] as number);
      s.power += mi * mi;
      s.spread += di;
      s.seen += di * xi * xi;
      s.cross += mi * di * xi;
      s.fourth += (di * xi) ** 2;
      s.crossOut += mi * out * xi;
      s.fourthOut += (out * xi) ** 2;
      s.drawn += single;
      s.drawnSeen += single * xi * xi;
      h.power += wi * mi * mi;
      h.less += wi * out * (out - 2 * mi * mi);
      h.drawn += wi * (mi * mi - di + single);
      this.#mean[i] = (this.#mean[i] as number) + mi * e - out * xi;
      this.#read[i] = (this.#read[i] as number) + wi;
    }
    const square = e * e - s.seen;
    const exact = (s.power - s.spread) * square - 4 * e * s.cross + 2 * s.fourth;
    const shown = s.power * e * e - 2 * e * s.crossOut + s.fourthOut;
    const isDouble = this.#subject.training.estimator === "double";
    this.#exact += exact;
    this.#shown += shown;
    this.#sampled += isDouble ? s.drawn * square + (s.power - s.spread + s.drawn) * s.drawnSeen : shown - exact;
    this.#single += isDouble ? (s.power - s.spread + s.drawn) * h.drawn : s.power * h.power + h.less;
    for (const { vector, signs } of this.#products) this.#addProduct(vector, signs, m, d);
    this.rows += 1;
  }

  /** vector += (m mᵀ − d)·η, η the model's rounding with these signs. */
  #addProduct(vector: Float64Array, signs: Int8Array, m: Float64Array, d: Float64Array): void {
    let dot = 0;
    const eta = (i: number): number => (signs[i] as number) * Math.sqrt(this.#variances[i] as number);
    for (let i = 0; i < vector.length; i++) dot += (m[i] as number) * eta(i);
    for (let i = 0; i < vector.length; i++)
      vector[i] = (vector[i] as number) + (m[i] as number) * dot - (d[i] as number) * eta(i);
  }

  /** Parts for a mini-batch. */
  parts(): { sgd: number; samples: number; model: number } {
    const { batch } = this.#subject;
    const { rows } = this;
    const norm = this.#mean.reduce((sum, value) => sum + (value / rows) ** 2, 0);
    // Less the noise of the mean itself, which would pass for a gradient.
    const slope = Math.max(norm - (this.#shown / rows - norm) / Math.max(rows - 1, 1), 0);
    return {
      sgd: (this.#exact / rows - slope) / batch,
      samples: this.#sampled / rows / batch,
      model: this.#modelPart(),
    };
  }

  /** A mini-batch reads one rounding: E‖Hη‖², H the batch's matrix, with mean C + guard and a row's own part over the batch. */
  #modelPart(): number {
    const { training, batch, guard } = this.#subject;
    if (training.options.modelBits === 0) return 0;
    const single = this.#single / this.rows;
    const w = this.#read.map((value) => value / this.rows);
    if (training.summary.covariance === undefined) {
      const norms = this.#products.map(({ vector }) =>
        vector.reduce((sum, value) => sum + (value / this.rows) ** 2, 0),
      );
      const seen = norms.reduce((sum, value) => sum + value, 0) / probes;
      const mean = (seen - single / this.rows) / (1 - 1 / this.rows);
      return mean + (single - mean) / batch;
    }
    const { matrix, size } = normalEquations(training.summary, training.scaling);
    const normOf = (from: Float64Array): number => {
      let sum = 0;
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) sum += (w[j] as number) * (from[i * size + j] as number) ** 2;
      return sum;
    };
    const { rows } = training.scaling;
    const mean = (normOf(matrix) - single / rows) / (1 - 1 / rows);
    const guarded = guard === undefined ? mean : mean + normOf(withGuard(matrix, guard, size)) - normOf(matrix);
    return guarded + (single - mean) / batch;
  }
}

function withGuard(matrix: Float64Array, { directions, strengths }: GuardTerm, size: number): Float64Array {
  const out = Float64Array.from(matrix);
  for (const [r, strength] of strengths.entries())
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        out[i * size + j] =
          (out[i * size + j] as number) +
          strength * (directions[r * size + i] as number) * (directions[r * size + j] as number);
  return out;
}
