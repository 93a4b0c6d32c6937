import { setImmediate } from "node:timers/promises";
import { createQuantizer, createStream, defineSchema, packedSize, type Quantizer, uniformGrid } from "@zipml/codec";
import type { SampleBlock, SampleSource, Task } from "../train/index.ts";

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
  /** Width of a feature's code, 1 to 16. */
  readonly bits: number;
  /** Draws of a feature's code, 1 to 15. */
  readonly samples: number;
  /** Width of the target's code, one draw; 0 keeps the target as a 32-bit float. */
  readonly targetBits: number;
  /** Names the stream of draws: the same seed gives the same codes. */
  readonly seed: number | string;
}

/** A source for the trainer, with what it cost. */
export interface EncodedRows {
  readonly source: SampleSource;
  /** Bytes of all rows as packed bodies, an unencoded target at 4 bytes a row. */
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

/** Columns `from` up to `to` of row-major values; a new array. */
function columnsOf(values: Float64Array, columns: number, from: number, to: number): Float64Array {
  const width = to - from;
  const rows = values.length / columns;
  const part = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) part.set(values.subarray(r * columns + from, r * columns + to), r * width);
  return part;
}

function quantizerOf({ names, values }: Rows, options: EncodeOptions): Quantizer {
  const ranges = columnRanges(values, names.length);
  const last = names.length - 1;
  const channels = names.map((name, c) => ({
    name,
    unit: "",
    range: ranges[c] ?? ([0, 0] as const),
    role: c === last ? ("target" as const) : ("feature" as const),
  }));
  const schema = defineSchema(options.targetBits === 0 ? channels.slice(0, last) : channels);
  const { bits, samples, targetBits } = options;
  return createQuantizer(uniformGrid(schema, { bits, samples, ...(targetBits === 0 ? {} : { targetBits }) }));
}

/**
 * Encodes rows as devices would: uniform levels over each column's smallest to largest value, k draws a feature, one a
 * target. Each block of up to 4,096 rows has a stream of draws of its own, so blocks could be made in any order.
 *
 * @param rows The rows; their order is the source's.
 * @param options Widths, draws and seed.
 * @returns The source, which holds the codes in memory (2 bytes a value), and their figures.
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
    const encoded = quantizer.encode(
      columnsOf(values, columns, 0, width),
      createStream(`data/${options.seed}/draws`, blocks.length),
    );
    clipped += encoded.clipped.reduce((sum, n) => sum + n, 0);
    const block = { kind: "codes", rows: values.length / columns, quantizer, codes: encoded.codes } as const;
    const isRaw = options.targetBits === 0;
    blocks.push(isRaw ? { ...block, targets: columnsOf(values, columns, width, columns).map(Math.fround) } : block);
  }
  const bytes = packedSize(count, quantizer.rowBits) + (options.targetBits === 0 ? 4 * count : 0);
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
