import type { ChannelQuantizer, Quantizer } from "@zipml/codec";
import { createStream } from "@zipml/codec";
import {
  type EpochContext,
  type SampleBlock,
  type Scaling,
  streamName,
  type Task,
  TrainingError,
} from "../train/index.ts";
import type { LayoutSpec } from "./accelerator.ts";
import type { CardData } from "./driver.ts";
import { toFixed } from "./fixed-point.ts";
import { encodeCodeLines, encodeFloatLines } from "./layouts/lines.ts";
import { encodeWoven, wovenFraction } from "./layouts/weave.ts";
import type { LayoutName, Platform } from "./platform.ts";

/** Which layouts the engine loads rows into. */
export const engineLayouts = ["pairs", "code", "float32", "weave"] as const satisfies readonly LayoutName[];

/** A layout that the engine loads rows into. */
export type EngineLayout = (typeof engineLayouts)[number];

/** What {@link loadRows} makes of a source. */
export interface LoadedRows {
  readonly data: CardData;
  /** A lane's value is (column value − low) / unit; of each feature its standard deviation in such units. */
  readonly deviations: Float64Array;
}

/** How rows are loaded. */
export interface LoadOptions {
  readonly platform: Platform;
  readonly layout: EngineLayout;
  /** Bit planes that are read; `weave` only. */
  readonly planes: number;
  readonly saturating: boolean;
  /** Copies of the rows, each in an order of its own and, of pairs, with coins of its own. */
  readonly copies: number;
}

/** Makes the lines of one copy from the rows in its order. */
type CopyMaker = (order: Uint32Array, copy: number) => Uint32Array;

/** Fraction bits of the columns' centres. */
const centreUnit = 2 ** 15;

/** Widths of pairs. */
const pairWidths = [1, 2, 4, 8] as const;

/** What a lane's value of 0 and of 1 stand for in a column. */
interface LaneScale {
  readonly low: number;
  readonly unit: number;
}

/**
 * Reads a source into lines.
 *
 * @throws TrainingError `rows` for blocks of several grids or kinds, `engine` for what the layout can't hold, `aborted`.
 */
export async function loadRows(context: EpochContext, options: LoadOptions): Promise<LoadedRows> {
  const { source, task, scaling } = context;
  const blocks: SampleBlock[] = [];
  for await (const block of source.blocks()) blocks.push(block);
  const [first] = blocks;
  if (first === undefined) throw new TrainingError("rows", "there are no rows");
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const labels = new Float64Array(rows);
  let at = 0;
  for (const block of blocks) for (let r = 0; r < block.rows; r++) labels[at++] = labelOf(block, r, task, scaling);
  const columns = task.features.map(({ column }) => column);
  if (first.kind === "values") return loadValues(context, options, gather(blocks, columns, rows), labels);
  if (first.kind === "decoded") throw new TrainingError("engine", "a card's lanes hold codes, not dithered readings");
  const { quantizer } = first;
  const isOne = blocks.every((block) => block.kind === "codes" && block.quantizer === quantizer);
  if (!isOne) throw new TrainingError("engine", "a card holds rows of one grid: here are several");
  return loadCodes(context, options, quantizer, Uint16Array.from(gather(blocks, columns, rows)), labels);
}

function labelOf(block: SampleBlock, row: number, { target }: Task, scaling: Scaling): number {
  const { targetMean, targetDeviation } = scaling;
  if (block.kind === "values") {
    const width = block.values.length / block.rows;
    return ((block.values[row * width + target.column] as number) - targetMean) / targetDeviation;
  }
  if (block.targets !== undefined) return ((block.targets[row] as number) - targetMean) / targetDeviation;
  const { channels } = block.quantizer;
  const numbers = block.kind === "codes" ? block.codes : block.means;
  const number = numbers[row * channels.length + target.column] as number;
  const value = block.kind === "codes" ? (channels[target.column] as ChannelQuantizer).mean(number) : number;
  return (value - targetMean) / targetDeviation;
}

/** The features' numbers of all blocks, row-major. */
function gather(blocks: readonly SampleBlock[], columns: readonly number[], rows: number): Float64Array {
  const out = new Float64Array(rows * columns.length);
  let at = 0;
  for (const block of blocks) {
    const numbers = block.kind === "codes" ? block.codes : block.kind === "values" ? block.values : block.means;
    const width = numbers.length / block.rows;
    for (let r = 0; r < block.rows; r++)
      for (const column of columns) out[at++] = numbers[r * width + column] as number;
  }
  return out;
}

/** A mini-batch's mean is a shift: the largest power of two that is no more than was asked for. */
function powerOfTwo(batch: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, Math.min(batch, 65_536))));
}

/** 2^−shift is a column's share of the step: what turns a step in standardised units into one in lanes' units. */
function columnsOf(scaling: Scaling, scales: readonly LaneScale[]) {
  const deviations = Float64Array.from(scales, ({ unit }, i) => (scaling.deviations[i] as number) / unit);
  const centre = Int32Array.from(scales, ({ low, unit }, i) =>
    Math.round((centreUnit * (low - (scaling.means[i] as number))) / unit),
  );
  const shift = Int8Array.from(deviations, (deviation) =>
    deviation > 0 ? Math.max(-31, Math.min(31, Math.round(2 * Math.log2(deviation)))) : 31,
  );
  return { deviations, columns: { centre, shift } };
}

function fixedLabels(labels: Float64Array): Int32Array {
  return Int32Array.from(labels, (label, row) => {
    // The ends of the range are 256 deviations away.
    if (!(Math.abs(label) < 256))
      throw new TrainingError("engine", `row ${row}: the target lies ${label} deviations off`);
    return toFixed(label);
  });
}

function configOf(
  { batch }: EpochContext,
  { platform, saturating, copies }: LoadOptions,
  layout: LayoutSpec,
  rows: number,
) {
  const least = layout.kind === "weave" ? 8 : 1;
  return { platform, layout, rows, batch: Math.max(least, powerOfTwo(batch)), stepShift: 0, saturating, copies };
}

/** An order of the rows: neighbours in a source are often alike, and every epoch of a copy ends with the same ones. */
function orderOf(rows: number, seed: number | string, copy: number): Uint32Array {
  const stream = createStream(streamName("fpga-order", seed), copy);
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  for (let last = rows - 1; last > 0; last--) {
    const other = Math.floor(stream.uniform() * (last + 1));
    const row = order[last] as number;
    order[last] = order[other] as number;
    order[other] = row;
  }
  return order;
}

/** Rows in an order; a new array. */
function inOrder<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array>(
  values: T,
  width: number,
  order: Uint32Array,
): T {
  const out = values.slice() as T;
  for (const [to, from] of order.entries()) out.set(values.subarray(from * width, (from + 1) * width), to * width);
  return out;
}

/** The copies one behind the other. */
function copiesOf({ seed }: EpochContext, { copies }: LoadOptions, rows: number, make: CopyMaker): Uint32Array {
  const made = Array.from({ length: copies }, (_, copy) => make(orderOf(rows, seed, copy), copy));
  const all = new Uint32Array(made.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const words of made) {
    all.set(words, at);
    at += words.length;
  }
  return all;
}

function loadCodes(
  context: EpochContext,
  options: LoadOptions,
  quantizer: Quantizer,
  codes: Uint16Array,
  labels: Float64Array,
): LoadedRows {
  const { task, scaling } = context;
  const channels = task.features.map(({ column }) => quantizer.channels[column] as ChannelQuantizer);
  const features = channels.length;
  const samples = channels[0]?.samples ?? 1;
  const isPairs = options.layout === "pairs";
  // A lane holds the index of a level of pairs, the code itself otherwise.
  const top = channels.reduce(
    (most, channel) => Math.max(most, isPairs ? channel.top / channel.samples : channel.top),
    1,
  );
  const bits = isPairs ? (pairWidths.find((width) => 2 ** width > top) ?? 8) : Math.ceil(Math.log2(top + 1));
  const scales = channels.map(({ low, high, top: most, samples: k }) => ({
    low,
    unit: (2 ** bits * (high - low || 1)) / (isPairs ? most / k : most),
  }));
  const { deviations, columns } = columnsOf(scaling, scales);
  const layout: LayoutSpec & { kind: "pairs" | "code" } = isPairs
    ? { kind: "pairs", bits: bits as 1 | 2 | 4 | 8 }
    : { kind: "code", bits, draws: samples === 1 ? 1 : 2 };
  const words = fixedLabels(labels);
  const lines = copiesOf(context, options, labels.length, (order, copy) => {
    const ordered = inOrder(codes, features, order);
    const drawn = isPairs ? drawPairs(ordered, context.seed, copy) : { codes: Uint8Array.from(ordered) };
    return encodeCodeLines(layout, { features, ...drawn, labels: inOrder(words, 1, order) });
  });
  const config = { ...configOf(context, options, layout, labels.length), features, columns };
  return { data: { config, lines }, deviations };
}

/** Two draws of each code with k = 2: where one of them went up, a coin of each value's own says which. */
function drawPairs(codes: Uint16Array, seed: number | string, copy: number) {
  const coins = createStream(streamName("fpga-coins", seed), copy);
  const first = new Uint8Array(codes.length);
  const second = new Uint8Array(codes.length);
  let word = 0;
  for (let i = 0; i < codes.length; i++) {
    if (i % 32 === 0) word = coins.word();
    const code = codes[i] as number;
    const coin = (word >>> (i % 32)) & code & 1;
    first[i] = (code >> 1) + coin;
    second[i] = (code >> 1) + ((code & 1) - coin);
  }
  return { codes: first, seconds: second };
}

function loadValues(
  context: EpochContext,
  options: LoadOptions,
  values: Float64Array,
  labels: Float64Array,
): LoadedRows {
  const { task, scaling } = context;
  const features = task.features.length;
  if (options.layout === "float32") return loadFloats(context, options, values, labels);
  const ranges = Array.from({ length: features }, () => [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  for (const [i, value] of values.entries()) {
    const range = ranges[i % features] as [number, number];
    range[0] = Math.min(range[0], value);
    range[1] = Math.max(range[1], value);
  }
  const scales = ranges.map(([low = 0, high = 1]) => ({ low, unit: high - low || 1 }));
  const { deviations, columns } = columnsOf(scaling, scales);
  const fractions = Uint32Array.from(values, (value, i) => {
    const { low, unit } = scales[i % features] as LaneScale;
    return wovenFraction(Math.min(1, Math.max(0, (value - low) / unit)));
  });
  const layout: LayoutSpec = { kind: "weave", bits: options.planes };
  const config = { ...configOf(context, options, layout, labels.length), features, columns };
  const words = fixedLabels(labels);
  const all = new Int32Array(options.copies * labels.length);
  const lines = copiesOf(context, options, labels.length, (order, copy) => {
    all.set(inOrder(words, 1, order), copy * labels.length);
    return encodeWoven(inOrder(fractions, features, order), features);
  });
  return { data: { config, lines, labels: all }, deviations };
}

/** Lanes of float32 hold standardised values: there is nothing left to centre or to scale. */
function loadFloats(
  context: EpochContext,
  options: LoadOptions,
  values: Float64Array,
  labels: Float64Array,
): LoadedRows {
  const { scaling, task } = context;
  const features = task.features.length;
  const standard = Float32Array.from(values, (value, i) => {
    const deviation = scaling.deviations[i % features] as number;
    return deviation > 0 ? (value - (scaling.means[i % features] as number)) / deviation : 0;
  });
  const targets = Float32Array.from(labels);
  const lines = copiesOf(context, options, labels.length, (order) =>
    encodeFloatLines({ features, values: inOrder(standard, features, order), labels: inOrder(targets, 1, order) }),
  );
  const config = { ...configOf(context, options, { kind: "float32" }, labels.length), features };
  return { data: { config, lines }, deviations: new Float64Array(features).fill(1) };
}
