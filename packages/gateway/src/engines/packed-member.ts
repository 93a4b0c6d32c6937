import type { GradientRun, Kernels, ResidualRun, RoundRun, WordStream } from "../kernels/index.ts";
import type { Barrier } from "./barrier.ts";
import { addGuard } from "./packed-guard.ts";
import {
  chunkColumns,
  fullBits,
  type GridVectors,
  type PackedJob,
  type PackedLayout,
  slot,
  slotBytes,
} from "./packed-layout.ts";
import { formSlopes, shrinkSlice, squaresOf } from "./packed-objective.ts";

/** How a run over batches ended: `left` where another member of the team has failed or the caller gave up. */
export type RunEnd = "done" | "diverged" | "left";

/** One thread of a team, or all of it. */
export interface PackedMember {
  /** Runs all batches of a job together with the other members. */
  run(job: PackedJob): RunEnd;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What a member works with; `barrier` only where it is not alone. */
export interface MemberParts {
  readonly kernels: Kernels;
  readonly layout: PackedLayout;
  readonly thread: number;
  readonly barrier: Barrier | undefined;
}

/** Over the largest weight, at 15 bits: what fits 32,639 has the faster products of `relaxed`. */
const headroom = 1.005;

/** Rows and int16 entries are shared out in multiples of this, so that every share starts at a multiple of 16 bytes. */
const rowGroup = 8;

/** Blocks of a stream that so many draws take, each of 16 bits. */
function drawBlocks(draws: number): number {
  return Math.ceil(draws / 8);
}

/** Intervals between the points of a rounded vector. A shift: a power would be a call, several times a mini-batch. */
function intervalsOf(bits: number): number {
  return (1 << bits) - 1;
}

/** @param parts Its place in the team; the layout is the same for all members. */
export function createMember(parts: MemberParts): PackedMember {
  return new TeamMember(parts);
}

const noWords: WordStream = { keyLow: 0, keyHigh: 0, indexLow: 0, indexHigh: 0 };

/** The rows of one mini-batch. */
interface Place {
  readonly codes: number;
  readonly labels: number;
  readonly rows: number;
  readonly grid: GridVectors;
}

/**
 * Mini-batch descent on codes. Each member owns a slice of the columns, for which it rounds the model and takes the step,
 * and of each batch's rows, for which it forms residuals and its part of the gradient. Whatever one member takes from
 * another is a maximum, a sum of integers or a float64 sum over fixed columns: nothing depends on how many members share.
 */
class TeamMember implements PackedMember {
  readonly #kernels: Kernels;
  readonly #layout: PackedLayout;
  readonly #thread: number;
  readonly #barrier: Barrier | undefined;
  readonly #from: number;
  readonly #to: number;
  readonly #round: Writable<RoundRun>;
  readonly #residual: Writable<ResidualRun>;
  readonly #gradient: Writable<GradientRun>;
  readonly #rows = { width: 8 as GridVectors["width"], codes: 0, stride: 0, rows: 0, columns: 0 };
  #job: PackedJob | undefined;
  #f64: Float64Array<ArrayBufferLike> = new Float64Array(0);
  #i16: Int16Array<ArrayBufferLike> = new Int16Array(0);
  #u32: Uint32Array<ArrayBufferLike> = new Uint32Array(0);

  constructor({ kernels, layout, thread, barrier }: MemberParts) {
    this.#kernels = kernels;
    this.#layout = layout;
    this.#thread = thread;
    this.#barrier = barrier;
    const chunks = Math.ceil(layout.columns / chunkColumns);
    const border = (t: number): number => Math.floor((chunks * t) / layout.threads) * chunkColumns;
    this.#from = border(thread);
    this.#to = Math.min(border(thread + 1), layout.columns);
    this.#rows.columns = layout.columns;
    const scratch = layout.scratch + thread * layout.scratchStride;
    this.#round = { values: 0, length: 0, bits: 15, scale: 0, stream: noWords, firstBlock: 0, out: 0, scratch };
    this.#residual = { model: layout.model, labels: 0, unit: 0, offset: 0, out: 0, scratch };
    const own = 8 * this.#from;
    this.#gradient = {
      length: this.#to - this.#from,
      sums: layout.sums + own,
      factors: 0,
      offsets: 0,
      spreads: 0,
      model: layout.modelFloats + own,
      sumScale: 0,
      offsetScale: 0,
      spreadScale: 0,
      out: layout.gradient + own,
    };
  }

  run(job: PackedJob): RunEnd {
    // Views are made anew: the memory may have grown since the last job.
    const { buffer } = this.#kernels.memory;
    this.#f64 = new Float64Array(buffer);
    this.#i16 = new Int16Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#job = job;
    // A job that ended early may have left sums; none begins before all members have ended theirs.
    const { sums, sumStride } = this.#layout;
    const own = (sums + this.#thread * sumStride) / 8;
    this.#f64.fill(0, own, own + sumStride / 8);
    for (let b = 0; b < job.count; b++) {
      const place = this.#u32[job.order / 4 + b] as number;
      const end = this.#descend(job, this.#placeAt(job, place), job.firstStep + b);
      if (end !== "done") return end;
    }
    return "done";
  }

  #placeAt({ places, grids }: PackedJob, index: number): Place {
    const at = places / 4 + 4 * index;
    const u32 = this.#u32;
    const grid = grids[u32[at + 3] as number] as GridVectors;
    return { codes: u32[at] as number, labels: u32[at + 1] as number, rows: u32[at + 2] as number, grid };
  }

  /** All members are here; false where one has left for good. */
  #meet(): boolean {
    return this.#barrier === undefined || this.#barrier.wait();
  }

  #leave(entry: number, value: number): void {
    this.#f64[(this.#layout.slots + this.#thread * slotBytes) / 8 + entry] = value;
  }

  /** The largest of what the members have left; NaN where one is. */
  #largest(entry: number): number {
    let largest = 0;
    for (let t = 0; t < this.#layout.threads; t++)
      largest = Math.max(largest, this.#f64[(this.#layout.slots + t * slotBytes) / 8 + entry] as number);
    return largest;
  }

  #total(entry: number): number {
    let total = 0;
    for (let t = 0; t < this.#layout.threads; t++)
      total += this.#f64[(this.#layout.slots + t * slotBytes) / 8 + entry] as number;
    return total;
  }

  /** One step. Between two meetings a member writes only what is its own. */
  #descend(job: PackedJob, place: Place, ordinal: number): RunEnd {
    const { columns, batch } = this.#layout;
    this.#scaleModel(place.grid);
    if (!this.#meet()) return "left";
    const most = this.#largest(slot.model);
    if (!(most < Number.POSITIVE_INFINITY)) return "diverged";
    const scale = job.modelBits === fullBits ? most * headroom : most;
    const unit = scale / intervalsOf(job.modelBits);
    this.#roundModel(job, place.grid, scale, ordinal * drawBlocks(columns));
    if (!this.#meet()) return "left";
    const first = this.#rowBorder(place.rows, this.#thread);
    const count = this.#rowBorder(place.rows, this.#thread + 1) - first;
    this.#formResiduals(place, first, count, unit);
    if (!this.#meet()) return "left";
    const error = this.#largest(slot.residual);
    if (!(error < Number.POSITIVE_INFINITY)) return "diverged";
    this.#roundResiduals(job, first, count, error, ordinal * drawBlocks(batch));
    this.#sumGradient(place, first, count);
    if (!this.#meet()) return "left";
    this.#assemble(place, unit, error / intervalsOf(job.residualBits));
    if (job.objective.margin !== undefined && this.#thread === 0) this.#stepIntercept(job, this.#gradient.offsetScale);
    if (job.gradientBits > 0) {
      this.#leave(slot.gradient, this.#kernels.largest(this.#gradient.out, this.#gradient.length));
      if (!this.#meet()) return "left";
      const steepest = this.#largest(slot.gradient);
      if (!(steepest < Number.POSITIVE_INFINITY)) return "diverged";
      this.#roundGradient(job, steepest, ordinal * drawBlocks(columns));
    }
    return this.#step(job) ? "done" : "left";
  }

  /** The own weights' step, and their proximal step where there is a regularizer; false where a member has left. */
  #step({ step, averages, objective }: PackedJob): boolean {
    const { weights, trail } = this.#layout;
    const own = 8 * this.#from;
    const { out, length } = this.#gradient;
    const { regularizer } = objective;
    const adds = averages && regularizer === undefined;
    this.#kernels.descend(weights + own, out, length, step, adds ? trail + own : 0);
    if (regularizer === undefined) return true;
    const f64 = this.#f64;
    const slice = f64.subarray((weights + own) / 8, (weights + own) / 8 + length);
    shrinkSlice(regularizer, slice, step);
    if (regularizer.ball !== undefined && !this.#project(slice, regularizer.ball)) return false;
    if (averages)
      for (let i = 0; i < length; i++)
        f64[(trail + own) / 8 + i] = (f64[(trail + own) / 8 + i] as number) + (slice[i] as number);
    return true;
  }

  /** Onto the ball: the norm is of sums over fixed columns, the same for any number of members. */
  #project(slice: Float64Array<ArrayBufferLike>, ball: number): boolean {
    const { columns, chunkSums } = this.#layout;
    for (let at = 0; at < slice.length; at += chunkColumns)
      this.#f64[chunkSums / 8 + (this.#from + at) / chunkColumns] = squaresOf(slice.subarray(at, at + chunkColumns));
    if (!this.#meet()) return false;
    const squares = this.#chunkTotal(columns, chunkSums);
    if (!(squares > ball * ball)) return true;
    const scale = ball / Math.sqrt(squares);
    for (let i = 0; i < slice.length; i++) slice[i] = (slice[i] as number) * scale;
    return true;
  }

  #chunkTotal(columns: number, chunkSums: number): number {
    let total = 0;
    for (let chunk = 0; chunk * chunkColumns < columns; chunk++) total += this.#f64[chunkSums / 8 + chunk] as number;
    return total;
  }

  #rowBorder(rows: number, thread: number): number {
    const { threads } = this.#layout;
    return thread === threads ? rows : Math.floor((rows * thread) / threads / rowGroup) * rowGroup;
  }

  #scaleModel(grid: GridVectors): void {
    const own = 8 * this.#from;
    const length = this.#to - this.#from;
    const { weights, scaled } = this.#layout;
    this.#leave(slot.model, this.#kernels.multiply(weights + own, grid.factors + own, length, scaled + own));
  }

  /** Q₃ of the own columns, and their share of the offset: Σ ratio · rounded model, a sum for every chunk of columns. */
  #roundModel({ modelBits, streams }: PackedJob, grid: GridVectors, scale: number, firstBlock: number): void {
    const { scaled, model, modelFloats, chunkSums } = this.#layout;
    const from = this.#from;
    const to = this.#to;
    const block = firstBlock + drawBlocks(from);
    this.#roundInto(scaled + 8 * from, to - from, model + 2 * from, modelBits, scale, streams.model, block);
    // Zero is no point of the scale: a column without variance would be rounded to one of its neighbours.
    for (const column of grid.idle) if (column >= from && column < to) this.#i16[model / 2 + column] = 0;
    const sums = chunkSums + (8 * from) / chunkColumns;
    this.#kernels.widenModel(
      model + 2 * from,
      grid.ratios + 8 * from,
      to - from,
      modelFloats + 8 * from,
      chunkColumns,
      sums,
    );
  }

  #roundInto(
    values: number,
    length: number,
    out: number,
    bits: number,
    scale: number,
    stream: WordStream,
    firstBlock: number,
  ): number {
    const run = this.#round;
    run.values = values;
    run.length = length;
    run.out = out;
    run.bits = bits;
    run.scale = scale;
    run.stream = stream;
    run.firstBlock = firstBlock;
    return length > 0 ? this.#kernels.roundVector(run) : 0;
  }

  #selectRows(place: Place, first: number, count: number): void {
    const rows = this.#rows;
    rows.width = place.grid.width;
    rows.stride = place.grid.stride;
    rows.codes = place.codes + first * place.grid.stride;
    rows.rows = count;
  }

  /** Residuals of the own rows, in standardised units. @param unit What the rounded model counts in. */
  #formResiduals(place: Place, first: number, count: number, unit: number): void {
    const { columns, residuals, chunkSums } = this.#layout;
    const run = this.#residual;
    run.labels = place.labels + 8 * first;
    run.unit = unit;
    run.offset = this.#chunkTotal(columns, chunkSums) * unit;
    run.out = residuals + 8 * first;
    this.#selectRows(place, first, count);
    this.#leave(slot.residual, count > 0 ? this.#residualsOf(place.grid.tables, count) : 0);
  }

  /** Of the selected rows: those of squares by a kernel, those of a loss of the margin one by one. */
  #residualsOf(tables: number, count: number): number {
    const run = this.#residual;
    const { model, labels, unit, offset, out } = run;
    const margin = this.#job?.objective.margin;
    if (tables === 0 && margin === undefined) return this.#kernels.residualRows(this.#rows, run);
    if (tables > 0) this.#kernels.dotTable(this.#rows, tables, model, out);
    else this.#kernels.dotRows(this.#rows, model, out, run.scratch);
    if (margin === undefined) return this.#kernels.formResiduals(out, labels, count, unit, offset);
    const view = (at: number): Float64Array<ArrayBufferLike> => this.#f64.subarray(at / 8, at / 8 + count);
    const intercept = this.#f64[this.#layout.intercept / 8] as number;
    return formSlopes({ dots: view(out), labels: view(labels), unit, offset: offset + intercept }, margin);
  }

  /** The first member's: nobody reads the intercept again before all have met. @param slope Mean rounded residual. */
  #stepIntercept({ step, averages }: PackedJob, slope: number): void {
    const at = this.#layout.intercept / 8;
    const next = (this.#f64[at] as number) - step * slope;
    this.#f64[at] = next;
    if (averages) this.#f64[at + 1] = (this.#f64[at + 1] as number) + next;
  }

  #roundResiduals(
    { residualBits, streams }: PackedJob,
    first: number,
    count: number,
    scale: number,
    firstBlock: number,
  ): void {
    const { residuals, roundedResiduals } = this.#layout;
    const out = roundedResiduals + 2 * first;
    const block = firstBlock + drawBlocks(first);
    const sum = this.#roundInto(residuals + 8 * first, count, out, residualBits, scale, streams.residual, block);
    this.#leave(slot.residualSum, sum);
  }

  /** Σ residual · code over the own rows, all columns, added to sums that are 0. */
  #sumGradient(place: Place, first: number, count: number): void {
    const { sums, sumStride, roundedResiduals } = this.#layout;
    const own = sums + this.#thread * sumStride;
    if (count === 0) return;
    this.#selectRows(place, first, count);
    const residuals = roundedResiduals + 2 * first;
    if (place.grid.tables > 0) this.#kernels.gradientTable(this.#rows, place.grid.tables, residuals, own);
    else this.#kernels.gradientRows(this.#rows, residuals, own, this.#round.scratch);
  }

  /** The own columns' gradient from what all members have summed. */
  #assemble({ grid, rows }: Place, unit: number, residualUnit: number): void {
    const { sums, sumStride, threads, batch, guard } = this.#layout;
    const f64 = this.#f64;
    for (let t = 1; t < threads; t++) {
      const other = (t * sumStride) / 8;
      for (let at = sums / 8 + this.#from; at < sums / 8 + this.#to; at++) {
        f64[at] = (f64[at] as number) + (f64[at + other] as number);
        f64[at + other] = 0;
      }
    }
    const run = this.#gradient;
    const own = 8 * this.#from;
    run.factors = grid.factors + own;
    run.offsets = grid.offsets + own;
    run.spreads = grid.spreads + own;
    run.sumScale = residualUnit / batch;
    run.offsetScale = (this.#total(slot.residualSum) * residualUnit) / batch;
    run.spreadScale = this.#job?.subtractSpreads === true ? (unit * rows) / batch : 0;
    if (run.length > 0) this.#kernels.assembleGradient(run);
    if (guard.count > 0) addGuard(f64, this.#layout, grid, { unit, from: this.#from, to: this.#to });
  }

  /** Q₄ of the own columns, in place. */
  #roundGradient({ gradientBits, streams }: PackedJob, scale: number, firstBlock: number): void {
    const { roundedGradient, gradient } = this.#layout;
    const from = this.#from;
    const to = this.#to;
    const out = roundedGradient + 2 * from;
    const block = firstBlock + drawBlocks(from);
    this.#roundInto(gradient + 8 * from, to - from, out, gradientBits, scale, streams.gradient, block);
    const unit = scale / intervalsOf(gradientBits);
    for (let j = from; j < to; j++) this.#f64[gradient / 8 + j] = (this.#i16[roundedGradient / 2 + j] as number) * unit;
  }
}
