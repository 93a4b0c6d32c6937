import { setImmediate } from "node:timers/promises";
import {
  createQuantizer,
  createStream,
  defineSchema,
  ditherPlace,
  type Grid,
  packedSize,
  type Quantizer,
  type Schema,
  type Scheme,
  streamKey,
  uniformGrid,
} from "@zipml/codec";
import type { SampleBlock, SampleSource, Task } from "../train/index.ts";
import { encodedFrames } from "./encoded-frames.ts";
import { optimalGrid } from "./optimal-grid.ts";

/** Most rows of one block. */
const maxBlockRows = 4096;
/** Most values of one block. */
const maxBlockValues = 2 ** 20;

/** Rows of numbers of which the last column is the target. */
export interface Rows {
  /** Names of the features, then of the target. */
  readonly names: readonly string[];
  /** Row-major rows × names, finite. */
  readonly values: Float64Array;
}

/** How {@link encodeRows} encodes. */
export interface EncodeOptions {
  /** Default `count`. */
  readonly scheme?: Scheme;
  /** Width of a feature's code, 1 to 16. */
  readonly bits: number;
  /** Draws of a feature's code, 1 to 15; under `dither` 1. */
  readonly samples: number;
  /** Width of the target's code, one draw; 0 keeps the target as a 32-bit float. */
  readonly targetBits: number;
  /** Names the stream of draws, or makes the grid's seed: the same seed gives the same codes. */
  readonly seed: number | string;
  /**
   * How the levels lie between a column's smallest and largest value: at equal intervals, the default, or where the rows
   * themselves make the draws' variance least; the latter not under `dither`.
   */
  readonly levels?: "uniform" | "optimal";
  /**
   * Whether the target is a feature too, by its lags: it is then encoded as a feature is, by `bits` and `samples`.
   * Default not.
   */
  readonly ownLags?: boolean;
  /** A grid for all columns in their order, target included, in place of scheme, widths, draws and levels. */
  readonly grid?: Grid | undefined;
}

/** A source for the trainer, with what it cost. */
export interface EncodedRows {
  readonly source: SampleSource;
  /**
   * Bytes of all rows as bodies: packed, or where the grid names another coding as frames of 256 rows have them; an
   * unencoded target at 4 bytes a row.
   */
  readonly bytes: number;
  /** Values outside their channel's levels. */
  readonly clipped: number;
}

/**
 * Which columns of {@link Rows} are what.
 *
 * @param names Names of the features, then of the target.
 */
export function taskOf(names: readonly string[]): Task {
  const column = names.length - 1;
  return {
    features: names.slice(0, column).map((name, c) => ({ name, unit: "", column: c })),
    target: { name: names[column] ?? "", unit: "", column },
  };
}

function blockRows(columns: number): number {
  return Math.max(1, Math.min(maxBlockRows, Math.floor(maxBlockValues / columns)));
}

function sourceOf(columns: number, blocks: readonly SampleBlock[]): SampleSource {
  return {
    rows: blocks.reduce((sum, block) => sum + block.rows, 0),
    columns,
    blocks: async function* () {
      // Everything is in memory: without a turn of the event loop a pass would let no signal and no output through.
      await setImmediate();
      yield* blocks;
    },
  };
}

/**
 * The smallest and the largest value of each column.
 *
 * @param values Row-major rows × columns.
 * @param columns Number of columns.
 * @returns One [low, high] a column.
 */
export function columnRanges(values: Float64Array, columns: number): [low: number, high: number][] {
  const ranges = Array.from({ length: columns }, (): [number, number] => [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]);
  for (const [i, value] of values.entries()) {
    const range = ranges[i % columns] as [number, number];
    if (value < range[0]) range[0] = value;
    if (value > range[1]) range[1] = value;
  }
  return ranges;
}

/**
 * A schema for columns, each with the range that its values have.
 *
 * @param rows The columns.
 * @param target Name of the target, if there is one; all others are features.
 * @throws GridError for a name or range that is not allowed in a schema.
 */
export function columnSchema({ names, values }: Rows, target: string | undefined): Schema {
  const ranges = columnRanges(values, names.length);
  return defineSchema(
    names.map((name, c) => ({
      name,
      unit: "",
      range: ranges[c] ?? ([0, 0] as const),
      role: name === target ? ("target" as const) : ("feature" as const),
    })),
  );
}

/** Columns `from` up to `to` of row-major values; a new array. */
function columnsOf(values: Float64Array, columns: number, from: number, to: number): Float64Array {
  const width = to - from;
  const rows = values.length / columns;
  const part = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) part.set(values.subarray(r * columns + from, r * columns + to), r * width);
  return part;
}

function quantizerOf({ names, values }: Rows, options: EncodeOptions): Quantizer {
  if (options.grid !== undefined) return createQuantizer(options.grid);
  const { ownLags = false } = options;
  const { channels } = columnSchema({ names, values }, ownLags ? undefined : names.at(-1));
  const schema = defineSchema(options.targetBits === 0 && !ownLags ? channels.slice(0, -1) : channels);
  const { bits, samples, targetBits, scheme = "count" } = options;
  const grid = uniformGrid(schema, {
    scheme,
    bits,
    samples,
    ...(targetBits === 0 ? {} : { targetBits }),
    ...(scheme === "dither" ? { seed: gridSeed(options.seed) } : {}),
  });
  return createQuantizer(options.levels === "optimal" ? optimalGrid(schema, grid, values, names.length) : grid);
}

/** A seed that a grid may carry, from one that may be any text. */
function gridSeed(seed: number | string): string {
  return streamKey(`data/${seed}/dither`)
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("");
}

/** Codes of a block's rows: what is trained on, and how many values were clipped. */
function encodeBlock(quantizer: Quantizer, values: Float64Array, seed: number | string, number: number) {
  const place = ditherPlace(quantizer.grid, { device: "data", session: 0, sequence: number });
  const { codes, clipped } = quantizer.encode(values, place ?? createStream(`data/${seed}/draws`, number));
  const count = clipped.reduce((sum, n) => sum + n, 0);
  const rows = values.length / quantizer.channels.length;
  if (place === undefined) return { clipped: count, block: { kind: "codes", rows, quantizer, codes } as const };
  const means = new Float64Array(codes.length);
  quantizer.meansInto(codes, means, place);
  return { clipped: count, block: { kind: "decoded", rows, quantizer, means } as const };
}

/** Rows of a frame whose body is measured. */
const frameRows = 256;

/** Bytes of all rows in bodies of 256 rows, coded as the grid allows. */
function codedBytes(values: Float64Array, quantizer: Quantizer): number {
  let bytes = 0;
  for (const { body } of encodedFrames(values, quantizer, { rows: frameRows, device: "data", draws: "data/bytes" }))
    bytes += body.length;
  return bytes;
}

/**
 * Encodes rows as devices would: levels over each column's smallest to largest value, k draws a feature, one a
 * target; or by a given grid. Each block of up to 4,096 rows has a stream of draws, or a dither, of its own, so blocks could be made in any
 * order.
 *
 * @param rows The rows; their order is the source's.
 * @param options Widths, draws and seed.
 * @returns The source, which holds the codes in memory (2 bytes a value; under `dither` what they decode to, 8 bytes), and their figures.
 * @throws GridError where widths and draws do not fit, or a name or range is not allowed in a schema.
 */
export function encodeRows(rows: Rows, options: EncodeOptions): EncodedRows {
  const columns = rows.names.length;
  const count = rows.values.length / columns;
  const quantizer = quantizerOf(rows, options);
  const width = quantizer.channels.length;
  const size = blockRows(columns);
  const blocks: SampleBlock[] = [];
  let clipped = 0;
  for (let from = 0; from < count; from += size) {
    const values = rows.values.subarray(from * columns, Math.min(from + size, count) * columns);
    const encoded = encodeBlock(quantizer, columnsOf(values, columns, 0, width), options.seed, blocks.length);
    clipped += encoded.clipped;
    const { block } = encoded;
    const isRaw = width < columns;
    blocks.push(isRaw ? { ...block, targets: columnsOf(values, columns, width, columns).map(Math.fround) } : block);
  }
  const raw = width < columns ? 4 * count : 0;
  const isPacked = quantizer.grid.coding === "packed";
  const bytes = raw + (isPacked ? packedSize(count, quantizer.rowBits) : codedBytes(rows.values, quantizer));
  return { source: sourceOf(width, blocks), bytes, clipped };
}

/**
 * Rows as 32-bit floats, not encoded: what full precision would have sent.
 *
 * @param rows The rows; their order is the source's.
 * @returns The source and its bytes, 4 a value; nothing is clipped.
 */
export function rawRows({ names, values }: Rows): EncodedRows {
  const columns = names.length;
  const exact = values.map(Math.fround);
  const step = blockRows(columns) * columns;
  const blocks: SampleBlock[] = [];
  for (let at = 0; at < exact.length; at += step) {
    const part = exact.subarray(at, at + step);
    blocks.push({ kind: "values", rows: part.length / columns, values: part });
  }
  return { source: sourceOf(columns, blocks), bytes: 4 * values.length, clipped: 0 };
}
