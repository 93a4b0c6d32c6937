import type { Quantizer } from "@zipml/codec";
import type { Batch } from "./batch.ts";
import type { EpochContext } from "./engine.ts";
import { checkAborted, TrainingError } from "./errors.ts";
import type { Refetching } from "./exact-rows.ts";
import type { MarginLoss } from "./losses.ts";
import { decisionAt, type Margins } from "./margins.ts";
import { isOpenByIntervals, marginBounds } from "./refetch-rules.ts";
import type { CodeBlock } from "./samples.ts";

/** What of an epoch refetching needs. */
type Context = Pick<EpochContext, "objective" | "task" | "scaling" | "reader" | "signal"> & {
  readonly streams: Pick<EpochContext["streams"], "coins">;
};

/**
 * The hinge's margins with refetching: a row whose intervals do not tell on which side of 1 its margin lies is asked for
 * exactly, and then both decision and gradient are the exact row's; for any other the slope is known, −1 or 0, and the
 * gradient −label·m is unbiased, as the draws had no part in the decision (see {@link isOpenByIntervals}).
 *
 * @returns Undefined for an objective that does not refetch.
 */
export function createRefetchMargins(context: Context, batch: Batch): Margins | undefined {
  const { objective } = context;
  if (objective?.margin === undefined || objective.refetch === undefined) return undefined;
  return new RefetchMargins(context, batch, objective.margin, objective.refetch, objective.threshold);
}

/** Interval ends of each feature's intervals, in standardised units. */
interface Ends {
  readonly lower: readonly Float64Array[];
  readonly upper: readonly Float64Array[];
  /** Codes of an interval, by feature. */
  readonly strides: Uint32Array;
}

function endsOf(quantizer: Quantizer, { task, scaling }: Context): Ends {
  const lower: Float64Array[] = [];
  const upper: Float64Array[] = [];
  const strides = new Uint32Array(task.features.length);
  for (const [i, { name, column }] of task.features.entries()) {
    const channel = quantizer.channels[column];
    if (channel?.ends === undefined)
      throw new TrainingError(
        "estimator",
        `feature ${name}: codes of scheme ${quantizer.grid.scheme} tell no interval`,
      );
    const deviation = scaling.deviations[i] as number;
    const standardised = (value: number): number =>
      deviation > 0 ? (value - (scaling.means[i] as number)) / deviation : 0;
    const stride = channel.samples + 1;
    const ends = Array.from({ length: channel.intervals }, (_, j) => channel.ends?.(j * stride) ?? [0, 0]);
    lower.push(Float64Array.from(ends, ([low]) => standardised(low)));
    upper.push(Float64Array.from(ends, ([, high]) => standardised(high)));
    strides[i] = stride;
  }
  return { lower, upper, strides };
}

class RefetchMargins implements Margins {
  readonly #context: Context;
  readonly #batch: Batch;
  readonly #loss: MarginLoss;
  readonly #refetching: Refetching;
  readonly #threshold: number;
  readonly #ends = new Map<Quantizer, Ends>();
  /** Of the batch's rows: interval ends, row-major, and numbers within the source. */
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;
  readonly #numbers: Float64Array;
  /** Slopes that the intervals tell; NaN for an open row. */
  readonly #slopes: Float64Array;
  #next = 0;

  constructor(context: Context, batch: Batch, loss: MarginLoss, refetching: Refetching, threshold: number) {
    this.#context = context;
    this.#batch = batch;
    this.#loss = loss;
    this.#refetching = refetching;
    this.#threshold = threshold;
    this.#lower = new Float64Array(batch.columns * batch.capacity);
    this.#upper = new Float64Array(batch.columns * batch.capacity);
    this.#numbers = new Float64Array(batch.capacity);
    this.#slopes = new Float64Array(batch.capacity);
  }

  open(block: Parameters<Margins["open"]>[0]): ReturnType<Margins["open"]> {
    if (block.kind !== "codes")
      throw new TrainingError("estimator", `"refetch" does not read a block of ${block.kind}`);
    const { reader, streams } = this.#context;
    const first = this.#next;
    this.#next += block.rows;
    const read = reader.open(block, streams.coins);
    const ends = this.#endsOf(block.quantizer);
    return (row, batch) => {
      this.#numbers[batch.rows] = first + row;
      this.#noteEnds(block, row, ends, batch.rows);
      read(row, batch);
    };
  }

  async prepare(x: Float64Array): Promise<void> {
    const { rows } = this.#batch;
    const open: number[] = [];
    for (let r = 0; r < rows; r++) {
      const bounds = this.#boundsOf(r, x);
      const isOpen = isOpenByIntervals(bounds);
      this.#slopes[r] = isOpen ? Number.NaN : this.#loss.slope(bounds[1]);
      if (isOpen) open.push(r);
    }
    this.#refetching.tally.decisions += rows;
    if (open.length > 0) await this.#fetch(open);
  }

  fillResiduals(x: Float64Array): void {
    const { rows, residuals } = this.#batch;
    for (let r = 0; r < rows; r++) {
      const label = this.#labelOf(r);
      const known = this.#slopes[r] as number;
      const slope = Number.isNaN(known) ? this.#loss.slope(label * decisionAt(this.#batch, r, x)) : known;
      residuals[r] = label * slope;
    }
  }

  async #fetch(open: readonly number[]): Promise<void> {
    const { exact, tally, asked } = this.#refetching;
    tally.undecided += open.length;
    const numbers = open.map((r) => this.#numbers[r] as number);
    for (const number of numbers) {
      tally.rows += 1 - (asked[number] as number);
      asked[number] = 1;
    }
    const { signal } = this.#context;
    const answers = await exact.fetch(numbers, signal).catch((error: unknown) => {
      checkAborted(signal);
      throw error;
    });
    for (const [at, r] of open.entries()) {
      const row = answers[at];
      if (row === undefined) tally.missing += 1;
      else this.#takeRow(r, row);
    }
  }

  /** Puts an exact row, standardised, in the place of the means. */
  #takeRow(r: number, row: ArrayLike<number>): void {
    const { task, scaling } = this.#context;
    const { left, columns } = this.#batch;
    for (const [i, { name, column }] of task.features.entries()) {
      const value = row[column];
      if (value === undefined || !Number.isFinite(value))
        throw new TrainingError("rows", `row ${this.#numbers[r]}, refetched: ${name} is ${value}`);
      const deviation = scaling.deviations[i] as number;
      left[r * columns + i] = deviation > 0 ? (value - (scaling.means[i] as number)) / deviation : 0;
    }
  }

  #labelOf(r: number): 1 | -1 {
    return (this.#batch.targets[r] as number) > this.#threshold ? 1 : -1;
  }

  #boundsOf(r: number, x: Float64Array): readonly [lo: number, hi: number] {
    const { columns } = this.#batch;
    const [from, to] = [r * columns, (r + 1) * columns];
    return marginBounds(this.#lower.subarray(from, to), this.#upper.subarray(from, to), x, this.#labelOf(r));
  }

  #noteEnds({ codes, quantizer }: CodeBlock, row: number, { lower, upper, strides }: Ends, slot: number): void {
    const { features } = this.#context.task;
    const width = quantizer.channels.length;
    const at = slot * this.#batch.columns;
    for (let i = 0; i < features.length; i++) {
      const code = codes[row * width + (features[i]?.column ?? 0)] as number;
      const j = Math.floor(code / (strides[i] as number));
      this.#lower[at + i] = lower[i]?.[j] as number;
      this.#upper[at + i] = upper[i]?.[j] as number;
    }
  }

  #endsOf(quantizer: Quantizer): Ends {
    const known = this.#ends.get(quantizer);
    if (known !== undefined) return known;
    const made = endsOf(quantizer, this.#context);
    this.#ends.set(quantizer, made);
    return made;
  }
}
