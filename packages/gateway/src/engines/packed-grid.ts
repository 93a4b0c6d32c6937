import type { ChannelQuantizer, Quantizer } from "@zipml/codec";
import { type CodeWidth, paddedColumns, rowStride, tableLimit } from "../kernels/index.ts";
import { type EngineNeeds, type Scaling, type Task, TrainingError } from "../train/index.ts";
import type { Arena } from "./arena.ts";
import { type GridVectors, vectorLength } from "./packed-layout.ts";
import { widestRedrawn } from "./redraw.ts";

/** Largest code that is kept packed: 8 bits. */
const largestCode = 255;

function featuresOf(quantizer: Quantizer, task: Task): readonly ChannelQuantizer[] {
  return task.features.map(({ column }) => quantizer.channels[column] as ChannelQuantizer);
}

/**
 * Why codes of these grids can't be kept packed.
 *
 * @returns A sentence, or undefined where they can.
 */
export function gridsRefusal({ quantizers, task, estimator }: EngineNeeds): string | undefined {
  const refusal = (quantizer: Quantizer): string | undefined =>
    quantizer.grid.scheme === "dither" ? ditherRefusal(quantizer, task, estimator) : gridRefusal(quantizer, task);
  const reason = quantizers.map(refusal).find((found) => found !== undefined);
  if (reason !== undefined || quantizers.length < 2) return reason;
  // Such a column is no multiple of its codes; in a source of one grid it has no variance and is left out anyway.
  const single = task.features.find(({ column }) =>
    quantizers.some(({ channels }) => channels[column]?.low === channels[column]?.high),
  );
  return single === undefined ? undefined : `${single.name} has a single level in one of several grids`;
}

function ditherRefusal(quantizer: Quantizer, task: Task, estimator: string): string | undefined {
  if (estimator !== "symmetric") return `dithered codes are drawn anew, whose d only "symmetric" subtracts`;
  const wide = featuresOf(quantizer, task).findIndex(({ bits }) => bits > widestRedrawn);
  const name = task.features[wide]?.name;
  return wide < 0 ? undefined : `${name} has dithered codes above ${widestRedrawn} bits, which are not drawn anew`;
}

function gridRefusal(quantizer: Quantizer, task: Task): string | undefined {
  if (quantizer.grid.scheme !== "count") return `codes of scheme ${quantizer.grid.scheme} are not kept packed`;
  const wide = featuresOf(quantizer, task).findIndex(({ top }) => top > largestCode);
  if (wide < 0) return undefined;
  const bits = quantizer.channels[task.features[wide]?.column ?? -1]?.bits;
  return `${task.features[wide]?.name} has codes of ${bits} bits, and 8 are the most that are kept packed`;
}

/** The narrowest of 1, 2, 4 and 8 bits that holds all codes of the features; at least 4 on unequal levels. */
export function widthOf(quantizer: Quantizer, task: Task): CodeWidth {
  const channels = featuresOf(quantizer, task);
  const top = channels.reduce((most, channel) => Math.max(most, channel.top), 0);
  // There are tables for 4 and for 8 bits.
  if (channels.some(({ even }) => !even)) return top < 16 ? 4 : 8;
  if (top < 2) return 1;
  if (top < 4) return 2;
  return top < 16 ? 4 : 8;
}

/** What the codes of a column stand for: a value is origin + step · entry, the entries whole numbers. */
interface Scale {
  readonly origin: number;
  readonly step: number;
}

/** On equal steps the code itself is the entry. */
function evenScale({ low, high, top }: ChannelQuantizer): Scale {
  return { origin: low, step: (high - low) / top };
}

/**
 * The scale of a column in a grid with tables. Entries reach from −{@link tableLimit} to it, in every column, so that the
 * model in units of entries has components alike in size; on equal steps they are exact.
 */
function tableScale({ low, high, top, even }: ChannelQuantizer): Scale {
  return { origin: (low + high) / 2, step: (high - low) / 2 / (even ? evenUnit(top) * top : tableLimit) };
}

/** Between two neighbouring codes on equal steps lie two of these. */
function evenUnit(top: number): number {
  return Math.floor(tableLimit / top);
}

/** A column's table. Unequal levels are rounded to 1/4,094 of the range: an error of 1/8,188 of it at most. */
function fillTable(table: Int16Array, channel: ChannelQuantizer): void {
  const { top, even } = channel;
  const { origin, step } = tableScale(channel);
  if (!(step > 0)) return;
  for (let code = 0; code <= top; code++)
    table[code] = even ? evenUnit(top) * (2 * code - top) : Math.round((channel.mean(code) - origin) / step);
}

/** What drawing anew multiplies the steps of dithered codes by, but for a factor common to all columns. */
const widenedScale = ({ low, high, top }: ChannelQuantizer): Scale => ({
  origin: low,
  step: (high - low) * (1 + 1 / top),
});

/**
 * What a weight is in units of codes or of the tables' entries, a factor a column; 0 for one without variance. For dithered
 * codes up to a common factor.
 */
export function modelFactors(quantizer: Quantizer, task: Task, { deviations }: Scaling): Float64Array {
  const channels = featuresOf(quantizer, task);
  const isEven = channels.every(({ even }) => even);
  const scaleOf = quantizer.grid.scheme === "dither" ? widenedScale : isEven ? evenScale : tableScale;
  return Float64Array.from(channels, (channel, i) => {
    const deviation = deviations[i] as number;
    return deviation > 0 ? scaleOf(channel).step / deviation : 0;
  });
}

/** @returns Pointer to the tables of a grid that has columns on unequal levels; 0 for one that has none. */
function layOutTables(arena: Arena, channels: readonly ChannelQuantizer[], width: CodeWidth): number {
  if (channels.every(({ even }) => even)) return 0;
  const size = 2 ** width;
  const entries = size * paddedColumns(width, channels.length);
  const pointer = arena.allocate(2 * entries);
  const tables = new Int16Array(arena.memory.buffer, pointer, entries).fill(0);
  for (const [i, channel] of channels.entries()) fillTable(tables.subarray(i * size, (i + 1) * size), channel);
  return pointer;
}

/**
 * The vectors that turn a grid's codes into standardised units.
 *
 * @throws `TrainingError` `memory`, or `engine` for a single level where other grids of the column have more.
 */
export function layOutGrid(arena: Arena, quantizer: Quantizer, task: Task, scaling: Scaling): GridVectors {
  const width = widthOf(quantizer, task);
  const { length: columns } = task.features;
  const channels = featuresOf(quantizer, task);
  const tables = layOutTables(arena, channels, width);
  const vector = (): number => arena.allocate(8 * vectorLength(columns));
  const vectors = { factors: vector(), offsets: vector(), ratios: vector(), spreads: vector() };
  const view = (at: number): Float64Array => new Float64Array(arena.memory.buffer, at, vectorLength(columns)).fill(0);
  const [factors, offsets, ratios, spreads] = [
    view(vectors.factors),
    view(vectors.offsets),
    view(vectors.ratios),
    view(vectors.spreads),
  ];
  const idle: number[] = [];
  for (const [i, channel] of channels.entries()) {
    const deviation = scaling.deviations[i] as number;
    const { origin, step } = tables > 0 ? tableScale(channel) : evenScale(channel);
    const factor = deviation > 0 ? step / deviation : 0;
    if (!(factor > 0)) idle.push(i);
    if (deviation === 0) continue;
    if (factor === 0)
      throw new TrainingError("engine", `${task.features[i]?.name} varies, and one of its grids has a single level`);
    offsets[i] = (origin - (scaling.means[i] as number)) / deviation;
    factors[i] = factor;
    ratios[i] = (offsets[i] as number) / factor;
    spreads[i] = (scaling.spreads[i] as number) / factor;
  }
  return { width, stride: rowStride(width, columns), tables, ...vectors, idle };
}

/** Adds to the d of a grid's columns, which are given in the columns' units squared. */
export function addSpreads(arena: Arena, grid: GridVectors, added: Float64Array, { deviations }: Scaling): void {
  const spreads = new Float64Array(arena.memory.buffer, grid.spreads, added.length);
  const factors = new Float64Array(arena.memory.buffer, grid.factors, added.length);
  for (const [i, d] of added.entries()) {
    const factor = factors[i] as number;
    if (factor > 0) spreads[i] = (spreads[i] as number) + d / (deviations[i] as number) ** 2 / factor;
  }
}
