import { type CodeWidth, drawScratch, productScratch, type WordStream } from "../kernels/index.ts";
import type { Arena } from "./arena.ts";
import type { PackedObjective } from "./packed-objective.ts";

/** Width of a model where none is asked for, and the most there is: what int16 holds. */
export const fullBits = 15;

/** Columns whose share of the offset is summed in one go: the same sums in the same order for any number of threads. */
export const chunkColumns = 64;

/** Bytes of one batch's place in a list: rows, labels, number of rows, grid; uint32 each. */
export const placeBytes = 16;

/** Bytes between two threads' slots: a cache line. */
export const slotBytes = 64;

/** A slot's float64 entries. */
export const slot = Object.freeze({ model: 0, residual: 1, residualSum: 2, gradient: 3 });

/**
 * The rows of one grid. A standardised value is offset + factor · code, on unequal levels offset + factor · the code's
 * entry in its column's table, which then stands for "code" below. Vectors are pointers to float64 a column; all are 0
 * for a column without variance.
 */
export interface GridVectors {
  readonly width: CodeWidth;
  /** Bytes from row to row. */
  readonly stride: number;
  /** Pointer to int16 tables of 2^width entries a column; 0 where all columns have equal steps. */
  readonly tables: number;
  readonly factors: number;
  readonly offsets: number;
  /** offset / factor: what a model in units of codes is multiplied by to give the offset's share of the dot product. */
  readonly ratios: number;
  /** d / factor, d in standardised units: `symmetric`'s diagonal for a model in units of codes. */
  readonly spreads: number;
  /** Columns without variance. */
  readonly idle: readonly number[];
}

/** Where everything that a team shares lies in memory. Pointers are bytes; vectors have an entry a column. */
export interface PackedLayout {
  readonly columns: number;
  readonly batch: number;
  readonly threads: number;
  /** Float64: the master model, and the sum of models where they are averaged. */
  readonly weights: number;
  readonly trail: number;
  /** Float64: the intercept of a loss of the margin, and the sum of intercepts. */
  readonly intercept: number;
  /** Float64: the model times the grid's factors, that is in units of codes. */
  readonly scaled: number;
  /** Int16: the same, rounded (Q₃); and as float64. */
  readonly model: number;
  readonly modelFloats: number;
  readonly gradient: number;
  /** Int16: the rounded gradient (Q₄). */
  readonly roundedGradient: number;
  /** Float64 a row of a batch: dot products, then residuals; int16: rounded (Q_r). */
  readonly residuals: number;
  readonly roundedResiduals: number;
  /** Float64 per column with padding, a vector a thread: Σ residual · code. */
  readonly sums: number;
  readonly sumStride: number;
  /** Float64 per {@link chunkColumns} columns. */
  readonly chunkSums: number;
  /** One slot a thread, {@link slotBytes} each. */
  readonly slots: number;
  /** Words drawn, or what products need; an area a thread. */
  readonly scratch: number;
  readonly scratchStride: number;
  /** Directions (row by row) and strengths of the guard; 0 directions for none. */
  readonly guard: { readonly count: number; readonly directions: number; readonly strengths: number };
}

/** What changes from one run over batches to the next. */
export interface PackedJob {
  readonly grids: readonly GridVectors[];
  /** Pointer to the batches' places, {@link placeBytes} each. */
  readonly places: number;
  /** Pointer to uint32: which places, in order. */
  readonly order: number;
  readonly count: number;
  /** Ordinal in the epoch of the first batch: what rounding is keyed by. */
  readonly firstStep: number;
  readonly step: number;
  readonly modelBits: number;
  readonly residualBits: number;
  /** 0: the gradient is not rounded. */
  readonly gradientBits: number;
  readonly subtractSpreads: boolean;
  readonly averages: boolean;
  readonly objective: PackedObjective;
  readonly streams: { readonly model: WordStream; readonly residual: WordStream; readonly gradient: WordStream };
}

/** Most columns of padding that any width needs. */
const widestBlock = 128;

/** Columns rounded up to what every width pads them to. */
export function vectorLength(columns: number): number {
  return Math.ceil(columns / widestBlock) * widestBlock;
}

/** What {@link layOut} needs to know. */
export interface LayoutNeeds {
  readonly columns: number;
  readonly batch: number;
  readonly threads: number;
  readonly guard: { readonly directions: Float64Array; readonly strengths: Float64Array } | undefined;
}

/**
 * Lays out what a team shares.
 *
 * @throws `TrainingError` `memory`.
 */
export function layOut(arena: Arena, needs: LayoutNeeds): PackedLayout {
  const { columns, batch, threads, guard } = needs;
  const length = vectorLength(columns);
  const vector = (): number => arena.allocate(8 * length);
  const scratchBytes = Math.max(drawScratch(Math.ceil(Math.max(length, batch) / 2)), productScratch(columns, batch));
  const scratchStride = Math.ceil(scratchBytes / 64) * 64;
  const count = guard?.strengths.length ?? 0;
  const layout: PackedLayout = {
    columns,
    batch,
    threads,
    weights: vector(),
    trail: vector(),
    intercept: arena.allocate(16),
    scaled: vector(),
    model: arena.allocate(2 * length),
    modelFloats: vector(),
    gradient: vector(),
    roundedGradient: arena.allocate(2 * length),
    residuals: arena.allocate(8 * batch),
    roundedResiduals: arena.allocate(2 * batch + 64),
    sums: arena.allocate(8 * length * threads),
    sumStride: 8 * length,
    chunkSums: arena.allocate(8 * Math.ceil(length / chunkColumns)),
    slots: arena.allocate(slotBytes * threads),
    scratch: arena.allocate(scratchStride * threads),
    scratchStride,
    guard: { count, directions: arena.allocate(8 * columns * count), strengths: arena.allocate(8 * count) },
  };
  const { buffer } = arena.memory;
  new Uint8Array(buffer, layout.weights, arena.used - layout.weights).fill(0);
  if (guard !== undefined) {
    new Float64Array(buffer, layout.guard.directions, columns * count).set(guard.directions);
    new Float64Array(buffer, layout.guard.strengths, count).set(guard.strengths);
  }
  return layout;
}
