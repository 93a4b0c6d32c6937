import { setImmediate } from "node:timers/promises";
import { type FloatRows, type Kernels, paddedFloats } from "../kernels/index.ts";
import {
  checkAborted,
  type Engine,
  type EngineNeeds,
  type EpochContext,
  proximalStep,
  TrainingError,
} from "../train/index.ts";
import { batchCount, type FloatStore, floatRefusal, loadFloats } from "./float-store.ts";
import { checkCap, createWasmArena, defaultCap, type KernelMemory, kernelFault } from "./kernel-memory.ts";
import { rowOrder } from "./row-order.ts";

/** Options of {@link float32Engine}. */
export interface Float32EngineOptions {
  /** Most bytes of memory, 2²⁰ to 2³² − 2¹⁶, which all rows must fit into. Default 2³⁰. */
  readonly memory?: number | undefined;
}

/**
 * Bytes of rows that are read from memory once: their dot products, then their part of the gradient, while they are in a
 * near cache.
 */
const stripBytes = 65_536;

/** Values taken before whoever else waits for the event loop gets a turn. */
const turnValues = 2 ** 22;

/**
 * Mini-batch descent on raw rows in float32 with the same care as `packed`, on one thread: the full-precision baseline.
 * Rows are standardised once a training and kept as float32; gradients are summed in float32. Squares, with any regularizer.
 *
 * @throws `TrainingError` `options` for a cap out of range.
 */
export function float32Engine({ memory = defaultCap }: Float32EngineOptions = {}): Engine & { close(): Promise<void> } {
  return new Float32Engine(checkCap(memory));
}

interface Prepared {
  readonly source: EpochContext["source"];
  readonly scaling: EpochContext["scaling"];
  readonly descent: FloatDescent;
}

class Float32Engine implements Engine {
  readonly name = "float32";
  readonly runsObjectives = true;
  readonly #cap: number;
  #made: KernelMemory | undefined;
  #prepared: Prepared | undefined;
  #closed = false;

  constructor(cap: number) {
    this.#cap = cap;
  }

  supports(estimator: EpochContext["estimator"]): boolean {
    return estimator === "full";
  }

  refusal(needs: EngineNeeds): string | undefined {
    return floatRefusal(needs) ?? kernelFault(() => this.#memory());
  }

  async epoch(context: EpochContext): Promise<void> {
    if (this.#closed) throw new TrainingError("engine", "the engine was closed");
    checkAborted(context.signal, context.epoch);
    const { descent } = await this.#prepare(context);
    const { batch, columns } = descent.store;
    const turn = Math.max(1, Math.floor(turnValues / (batch * columns)));
    const order = rowOrder(batchCount(descent.store), context.streams.shuffle);
    for (let at = 0; at < order.length; at += turn) {
      if (at > 0) await setImmediate();
      checkAborted(context.signal, context.epoch);
      for (const index of order.subarray(at, at + turn)) descent.run(context, index);
    }
    if (!context.weights.every(Number.isFinite)) context.weights.fill(Number.NaN);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#prepared = undefined;
    this.#made = undefined;
    return Promise.resolve();
  }

  #memory(): KernelMemory {
    this.#made ??= createWasmArena(this.#cap);
    return this.#made;
  }

  async #prepare(context: EpochContext): Promise<Prepared> {
    const { source, scaling, batch } = context;
    const known = this.#prepared;
    if (known?.source === source && known.scaling === scaling && known.descent.store.batch === batch) return known;
    this.#prepared = undefined;
    const made = this.#memory();
    made.arena.clear();
    const store = await loadFloats(made.arena, context);
    this.#prepared = { source, scaling, descent: new FloatDescent(made, store) };
    return this.#prepared;
  }
}

/** Mini-batches of a store whose memory grows no more. */
class FloatDescent {
  readonly store: FloatStore;
  readonly #kernels: Kernels;
  readonly #stripRows: number;
  readonly #run: { -readonly [Key in keyof FloatRows]: FloatRows[Key] };
  readonly #pointers: { readonly model: number; readonly gradient: number; readonly residuals: number };
  readonly #model: Float32Array;
  readonly #gradient: Float32Array;
  readonly #residuals: Float32Array;
  readonly #targets: Float32Array;

  constructor({ arena, kernels }: KernelMemory, store: FloatStore) {
    const padded = paddedFloats(store.columns);
    this.store = store;
    this.#kernels = kernels;
    this.#stripRows = Math.max(4, Math.floor(stripBytes / store.stride / 4) * 4);
    this.#run = { values: 0, stride: store.stride, rows: 0, columns: store.columns };
    const [model, gradient] = [arena.allocate(4 * padded), arena.allocate(4 * padded)];
    const residuals = arena.allocate(4 * this.#stripRows);
    this.#pointers = { model, gradient, residuals };
    const { buffer } = arena.memory;
    this.#model = new Float32Array(buffer, model, padded).fill(0);
    this.#gradient = new Float32Array(buffer, gradient, padded).fill(0);
    this.#residuals = new Float32Array(buffer, residuals, this.#stripRows);
    this.#targets = new Float32Array(buffer, store.targets, store.rows);
  }

  run({ weights, trail, step, objective }: EpochContext, index: number): void {
    const { batch, columns, rows } = this.store;
    // Loops: on shared memory fill() and set() are much slower.
    const model = this.#model;
    for (let i = 0; i < columns; i++) model[i] = weights[i] as number;
    const end = Math.min((index + 1) * batch, rows);
    for (let row = index * batch; row < end; row += this.#stripRows)
      this.#addStrip(row, Math.min(this.#stripRows, end - row));
    const share = step / batch;
    const gradient = this.#gradient;
    for (let i = 0; i < columns; i++) {
      weights[i] = (weights[i] as number) - share * (gradient[i] as number);
      gradient[i] = 0;
    }
    if (objective?.regularizer !== undefined) proximalStep(objective.regularizer, weights, step);
    if (trail === undefined) return;
    for (let i = 0; i < columns; i++) trail.sum[i] = (trail.sum[i] as number) + (weights[i] as number);
    trail.count += 1;
  }

  #addStrip(row: number, rows: number): void {
    const { model, gradient, residuals } = this.#pointers;
    this.#run.values = this.store.values + row * this.store.stride;
    this.#run.rows = rows;
    this.#kernels.dotFloats(this.#run, model, residuals);
    for (let r = 0; r < rows; r++)
      this.#residuals[r] = (this.#residuals[r] as number) - (this.#targets[row + r] as number);
    this.#kernels.gradientFloats(this.#run, residuals, gradient);
  }
}
