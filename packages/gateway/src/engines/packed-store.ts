import { type ChannelQuantizer, createStream, type Quantizer } from "@zipml/codec";
import type { Kernels } from "../kernels/index.ts";
import { type CodeBlock, type DecodedBlock, type Scaling, type Task, TrainingError } from "../train/index.ts";
import { type Arena, allocated } from "./arena.ts";
import { addSpreads, layOutGrid } from "./packed-grid.ts";
import { type GridVectors, placeBytes } from "./packed-layout.ts";
import { createRedraw, type Redraw } from "./redraw.ts";
import { rowOrder } from "./row-order.ts";
import { createSpill, type Spill, type SpilledChunk } from "./spill.ts";

/** Neighbouring rows of one grid: labels, then codes. */
interface Chunk {
  readonly grid: number;
  readonly labels: number;
  readonly codes: number;
  readonly capacity: number;
  rows: number;
}

interface OpenGrid {
  readonly index: number;
  readonly vectors: GridVectors;
  readonly target: ChannelQuantizer | undefined;
  /** Rows of its next chunk: small at first, as there may be many grids of few rows. */
  next: number;
  open: Chunk | undefined;
}

/** A run of batches in memory: pointers to their places and to the order in which they come. */
export interface BatchRun {
  readonly places: number;
  readonly order: number;
  readonly count: number;
}

/** What {@link createPackedStore} needs. */
export interface PackedStoreOptions {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly task: Task;
  readonly scaling: Scaling;
  /** Rows of a mini-batch. */
  readonly batch: number;
  /** Orders the rows within a block. */
  readonly seed: number | string;
  /** Folder of the file that takes what passes the arena's cap. */
  readonly directory: string;
}

/** Rows packed on their way in; labels are kept beside them in standardised units. */
export interface PackedStore {
  readonly rows: number;
  readonly grids: readonly GridVectors[];
  /** Rows that went to the file. */
  readonly spilledRows: number;
  /** Largest share that drawing dithered readings anew has added to a column's variance of quantization. */
  readonly addedVariance: number;
  /** Adds a block's rows in an order of their own. @throws `TrainingError` `memory`, or what the file system has. */
  add(block: CodeBlock | DecodedBlock): Promise<void>;
  /** No more rows come. @throws `TrainingError` `memory`. */
  finish(): Promise<void>;
  /** Batches of the rows in memory, then of each part of the file, the next part being read meanwhile. */
  runs(order: (batches: Uint32Array) => void): AsyncIterable<BatchRun>;
  /** Takes the file away. */
  close(): Promise<void>;
}

/** Bytes of a chunk once a grid has many rows. */
const largestChunk = 4 * 2 ** 20;
const smallestChunk = 2 ** 16;
/** Rows handed to the packing kernel at once. */
const stripRows = 256;

/** @throws `TrainingError` `memory` where the arena is too small for a strip of rows. */
export function createPackedStore(options: PackedStoreOptions): PackedStore {
  return new ArenaStore(options);
}

class ArenaStore implements PackedStore {
  readonly #options: PackedStoreOptions;
  readonly #columns: Int32Array;
  readonly #grids = new Map<Quantizer, OpenGrid>();
  readonly #redraws = new Map<Quantizer, Redraw>();
  readonly #chunks: Chunk[] = [];
  readonly #staging: number;
  readonly #chunkBytes: number;
  #spill: Spill | undefined;
  /** The two areas that parts of the file are written from and read into. */
  #windows: readonly [number, number] = [0, 0];
  #filling: OpenGrid | undefined;
  #blocks = 0;
  #rows = 0;
  #spilledRows = 0;
  #resident: BatchRun | undefined;
  #windowRuns: readonly [number, number] = [0, 0];

  constructor(options: PackedStoreOptions) {
    this.#options = options;
    this.#columns = Int32Array.from(options.task.features, ({ column }) => column);
    this.#staging = options.arena.allocate(2 * stripRows * this.#columns.length);
    this.#chunkBytes = Math.min(largestChunk, Math.floor((options.arena.cap - options.arena.used) / 8));
  }

  get rows(): number {
    return this.#rows;
  }

  get spilledRows(): number {
    return this.#spilledRows;
  }

  get grids(): readonly GridVectors[] {
    return Array.from(this.#grids.values(), ({ vectors }) => vectors);
  }

  get addedVariance(): number {
    return Array.from(this.#redraws.values()).reduce((most, redraw) => Math.max(most, redraw.share()), 0);
  }

  async add(given: CodeBlock | DecodedBlock): Promise<void> {
    const block = given.kind === "codes" ? given : this.#redrawOf(given.quantizer).redraw(given, this.#blocks);
    const grid = this.#gridOf(block.quantizer);
    const order = rowOrder(block.rows, createStream(`train/pack/${this.#options.seed}`, this.#blocks));
    this.#blocks += 1;
    for (let at = 0; at < block.rows; ) {
      const chunk = grid.open ?? (await this.#openChunk(grid));
      const rows = Math.min(stripRows, block.rows - at, chunk.capacity - chunk.rows);
      this.#pack(block, order.subarray(at, at + rows), grid, chunk);
      at += rows;
      if (chunk.rows === chunk.capacity) await this.#seal(grid);
    }
    this.#rows += block.rows;
  }

  async finish(): Promise<void> {
    for (const grid of this.#grids.values()) await this.#seal(grid);
    const { arena, scaling } = this.#options;
    for (const redraw of this.#redraws.values()) {
      const grid = this.#grids.get(redraw.quantizer);
      if (grid !== undefined) addSpreads(arena, grid.vectors, redraw.added(), scaling);
    }
    const batches = this.#chunks.reduce((sum, { rows }) => sum + this.#batchesOf(rows), 0);
    this.#resident = this.#placesFor(batches);
    let at = 0;
    for (const chunk of this.#chunks) at = this.#place(chunk, this.#resident.places, at);
    if (this.#spill === undefined) return;
    const most = this.#spill.chunks.reduce((sum, { rows }) => Math.max(sum, this.#batchesOf(rows)), 0);
    this.#windowRuns = [this.#placesFor(most).places, this.#placesFor(most).places];
  }

  async *runs(order: (batches: Uint32Array) => void): AsyncGenerator<BatchRun> {
    const ordered = (run: BatchRun): BatchRun => {
      const list = new Uint32Array(this.#options.arena.memory.buffer, run.order, run.count);
      for (let b = 0; b < run.count; b++) list[b] = b;
      order(list);
      return run;
    };
    if (this.#resident !== undefined && this.#resident.count > 0) yield ordered(this.#resident);
    const spill = this.#spill;
    if (spill === undefined) return;
    const turns = new Uint32Array(spill.chunks.length).map((_, i) => i);
    order(turns);
    const read = async (turn: number): Promise<SpilledChunk | undefined> => {
      const chunk = spill.chunks[turns[turn] ?? -1];
      if (chunk !== undefined) await spill.read(chunk, this.#bytesAt(this.#windows[turn % 2] as number, chunk.bytes));
      return chunk;
    };
    let next = read(0);
    for (let turn = 0; turn < turns.length; turn++) {
      const chunk = await next;
      next = read(turn + 1);
      next.catch(() => undefined); // told at the next turn
      if (chunk === undefined) return;
      yield ordered(this.#runIn(turn % 2, chunk));
    }
  }

  async close(): Promise<void> {
    await this.#spill?.close();
  }

  #gridOf(quantizer: Quantizer): OpenGrid {
    const known = this.#grids.get(quantizer);
    if (known !== undefined) return known;
    const { arena, task, scaling } = this.#options;
    const vectors = layOutGrid(arena, quantizer, task, scaling);
    const next = this.#rowsOf(Math.min(smallestChunk, this.#chunkBytes), vectors.stride);
    const target = quantizer.channels[task.target.column];
    const made = { index: this.#grids.size, vectors, target, next, open: undefined };
    this.#grids.set(quantizer, made);
    return made;
  }

  #redrawOf(quantizer: Quantizer): Redraw {
    const { task, seed } = this.#options;
    const redraw = this.#redraws.get(quantizer) ?? createRedraw(quantizer, task, seed);
    this.#redraws.set(quantizer, redraw);
    return redraw;
  }

  /** Whole batches in so many bytes, at least one. */
  #rowsOf(bytes: number, stride: number): number {
    const { batch } = this.#options;
    return Math.max(1, Math.floor(bytes / (stride + 8) / batch)) * batch;
  }

  #batchesOf(rows: number): number {
    return Math.ceil(rows / this.#options.batch);
  }

  async #openChunk(grid: OpenGrid): Promise<Chunk> {
    const { arena } = this.#options;
    const { stride } = grid.vectors;
    const most = this.#rowsOf(this.#chunkBytes, stride);
    const capacity = Math.min(grid.next, most);
    grid.next = Math.min(2 * capacity, most);
    if (this.#spill === undefined) {
      // Two windows and the list of batches must fit as well.
      const window = chunkSize(most, stride);
      const list = 2 * (placeBytes + 4) * (this.#batchesOf(this.#rows + capacity) + this.#batchesOf(most) * 2 + 64);
      if (arena.fits(chunkSize(capacity, stride) + 2 * window + list)) {
        const chunk = chunkAt(arena.allocate(chunkSize(capacity, stride)), grid.index, capacity);
        grid.open = chunk;
        this.#chunks.push(chunk);
        return chunk;
      }
      this.#windows = [arena.allocate(window), arena.allocate(window)];
      this.#spill = await createSpill(this.#options.directory, window);
    }
    // There is one area to fill, and a part of the file is of one grid.
    if (this.#filling !== undefined) await this.#seal(this.#filling);
    const rows = Math.floor((this.#spill.window - 64) / (stride + 8) / this.#options.batch) * this.#options.batch;
    if (rows === 0)
      throw new TrainingError("memory", `a mini-batch does not fit into ${this.#spill.window} bytes beside the rest`);
    this.#filling = grid;
    grid.open = chunkAt(this.#windows[0], grid.index, rows);
    return grid.open;
  }

  /** Ends a chunk; one that has no place in memory is written out. */
  async #seal(grid: OpenGrid): Promise<void> {
    const chunk = grid.open;
    grid.open = undefined;
    if (chunk === undefined || this.#spill === undefined || chunk.labels !== this.#windows[0]) return;
    if (chunk.rows === 0) return;
    const offset = chunk.codes - chunk.labels;
    const bytes = offset + chunk.rows * grid.vectors.stride;
    this.#spilledRows += chunk.rows;
    await this.#spill.write({ grid: chunk.grid, rows: chunk.rows, codes: offset }, this.#bytesAt(chunk.labels, bytes));
  }

  #bytesAt(at: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#options.arena.memory.buffer, at, bytes);
  }

  #pack(block: CodeBlock, rows: Uint32Array, grid: OpenGrid, chunk: Chunk): void {
    const { arena, kernels, task, scaling } = this.#options;
    const { buffer } = arena.memory;
    const size = this.#columns.length;
    const width = block.quantizer.channels.length;
    const staging = new Uint16Array(buffer, this.#staging, rows.length * size);
    const labels = new Float64Array(buffer, chunk.labels + 8 * chunk.rows, rows.length);
    const first = this.#columns[0] as number;
    const neighbours = this.#columns.every((column, i) => column === first + i);
    for (const [r, row] of rows.entries()) {
      const from = row * width;
      if (neighbours) staging.set(block.codes.subarray(from + first, from + first + size), r * size);
      else
        for (let i = 0; i < size; i++)
          staging[r * size + i] = block.codes[from + (this.#columns[i] as number)] as number;
      const label = block.targets
        ? (block.targets[row] as number)
        : (grid.target?.mean(block.codes[from + task.target.column] as number) ?? 0);
      labels[r] = (label - scaling.targetMean) / scaling.targetDeviation;
    }
    const { width: bits, stride } = grid.vectors;
    const codes = chunk.codes + chunk.rows * stride;
    kernels.packRows({ width: bits, codes, stride, rows: rows.length, columns: size }, this.#staging, 2 * size);
    chunk.rows += rows.length;
  }

  /** Lies behind the rows: a kernel that reads a byte too many of them stays inside the memory. */
  #placesFor(batches: number): BatchRun {
    const places = this.#options.arena.allocate(allocated(placeBytes * batches) + 4 * batches);
    return { places, order: places + allocated(placeBytes * batches), count: batches };
  }

  /** Lists a chunk's batches from place `at` on; returns the next free one. */
  #place(chunk: Chunk, places: number, at: number): number {
    const { arena, batch } = this.#options;
    const stride = this.grids[chunk.grid]?.stride ?? 0;
    const list = new Uint32Array(arena.memory.buffer, places, (at + this.#batchesOf(chunk.rows)) * 4);
    let next = at;
    for (let row = 0; row < chunk.rows; row += batch, next++)
      list.set(
        [chunk.codes + row * stride, chunk.labels + 8 * row, Math.min(batch, chunk.rows - row), chunk.grid],
        4 * next,
      );
    return next;
  }

  #runIn(window: number, { grid, rows, codes }: SpilledChunk): BatchRun {
    const labels = this.#windows[window] as number;
    const places = this.#windowRuns[window] as number;
    const count = this.#batchesOf(rows);
    this.#place({ grid, rows, labels, codes: labels + codes, capacity: rows }, places, 0);
    return { places, order: places + allocated(placeBytes * count), count };
  }
}

function chunkSize(rows: number, stride: number): number {
  return allocated(8 * rows) + rows * stride;
}

function chunkAt(labels: number, grid: number, capacity: number): Chunk {
  return { grid, labels, codes: labels + allocated(8 * capacity), capacity, rows: 0 };
}
