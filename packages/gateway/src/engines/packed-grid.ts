import type { ChannelQuantizer, Quantizer } from "@zipml/codec";
import { type CodeWidth, rowStride } from "../kernels/index.ts";
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
  for (const [i, { top, even, bits }] of featuresOf(quantizer, task).entries()) {
    const name = task.features[i]?.name;
    if (!even) return `${name} has unequal levels`;
    if (top > largestCode) return `${name} has codes of ${bits} bits, and 8 are the most that are kept packed`;
  }
  return undefined;
}

/** The narrowest of 1, 2, 4 and 8 bits that holds all codes of the features. */
export function widthOf(quantizer: Quantizer, task: Task): CodeWidth {
  const top = featuresOf(quantizer, task).reduce((most, channel) => Math.max(most, channel.top), 0);
  if (top < 2) return 1;
  if (top < 4) return 2;
  return top < 16 ? 4 : 8;
}

/**
 * The vectors that turn a grid's codes into standardised units.
 *
 * @throws `TrainingError` `memory`, or `engine` for a single level where other grids of the column have more.
 */
export function layOutGrid(arena: Arena, quantizer: Quantizer, task: Task, scaling: Scaling): GridVectors {
  const width = widthOf(quantizer, task);
  const { length: columns } = task.features;
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
  for (const [i, { low, high, top }] of featuresOf(quantizer, task).entries()) {
    const deviation = scaling.deviations[i] as number;
    const factor = deviation > 0 ? (high - low) / top / deviation : 0;
    if (!(factor > 0)) idle.push(i);
    if (deviation === 0) continue;
    if (factor === 0)
      throw new TrainingError("engine", `${task.features[i]?.name} varies, and one of its grids has a single level`);
    offsets[i] = (low - (scaling.means[i] as number)) / deviation;
    factors[i] = factor;
    ratios[i] = (offsets[i] as number) / factor;
    spreads[i] = (scaling.spreads[i] as number) / factor;
  }
  return { width, stride: rowStride(width, columns), ...vectors, idle };
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
