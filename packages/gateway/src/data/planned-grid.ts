import {
  type ChannelGrid,
  type Coding,
  createQuantizer,
  defineGrid,
  frameSize,
  type Grid,
  intervalCount,
  levelsRange,
  maxBits,
  type Schema,
  type Scheme,
} from "@zipml/codec";
import type { PrecisionPlan } from "../train/index.ts";
import { encodedFrames } from "./encoded-frames.ts";
import type { Rows } from "./source.ts";

/** How a planned grid encodes. */
export interface GridChoice {
  readonly scheme: Scheme;
  readonly coding: Coding;
  /** Draws of a feature's code, for least squares at least 2; under `dither` 1. */
  readonly samples: number;
  /** Under `dither`: the grid's seed. */
  readonly seed?: string;
}

/** What a channel's grid comes to. */
export interface PlannedChannel {
  readonly name: string;
  /** Width of a code. */
  readonly bits: number;
  /** Width of an interval, in the channel's unit; 0 for a channel without range. */
  readonly step: number;
  /** Average variance of a reading's error, in the channel's unit squared. */
  readonly variance: number;
  /** 16 bits are too few for the variance that the plan allows. */
  readonly isTooWide: boolean;
}

/** A grid that keeps to a plan. */
export interface PlannedGrid {
  readonly grid: Grid;
  /** In the schema's order. */
  readonly channels: readonly PlannedChannel[];
  /** Share by which the expected loss is predicted to exceed that of exact rows. */
  readonly excess: number;
}

/** What frames of some rows weigh. */
export interface FrameBytes {
  readonly frames: number;
  /** Bytes of the frames, header and all, over the readings in them. */
  readonly perReading: number;
  /** Frames whose body is lossless because that is smaller. */
  readonly exact: number;
}

/** Average variance of a reading's error is step² over this. */
function divisor(scheme: Scheme, samples: number): number {
  return scheme === "dither" ? 12 : 6 * samples;
}

/**
 * Codes of fixed width lose nothing by steps as fine as the width allows; coded ones take fewer bits the wider the steps
 * are, so there the levels reach beyond the range instead.
 */
function channelGrid(
  [low, high]: readonly [number, number],
  variance: number,
  samples: number,
  { scheme, coding }: GridChoice,
): { channel: ChannelGrid; isTooWide: boolean } {
  const wanted = Math.sqrt(divisor(scheme, samples) * variance);
  const span = high - low;
  let bits = 1;
  while (bits < maxBits && (2 ** bits - 1 < samples || intervalCount(bits, samples, scheme) * wanted < span)) bits += 1;
  const intervals = intervalCount(bits, samples, scheme);
  const isTooWide = intervals * wanted < span;
  const reach = coding === "packed" || isTooWide || !Number.isFinite(wanted) ? span : intervals * wanted;
  return { channel: { bits, samples, levels: { kind: "uniform", low, high: low + reach } }, isTooWide };
}

/**
 * The grid of fewest bits whose errors stay within a plan.
 *
 * @param schema The plan's features and its target, by name; other channels are left out of no grid and refused.
 * @param plan See `planPrecision`.
 * @param choice Scheme, coding and draws.
 * @throws GridError where the choice does not fit; RangeError for a channel that the plan does not know.
 */
export function plannedGrid(schema: Schema, plan: PrecisionPlan, choice: GridChoice): PlannedGrid {
  const precisions = new Map([...plan.features, plan.target].map((column) => [column.name, column]));
  const channels: PlannedChannel[] = [];
  const grids: ChannelGrid[] = [];
  let excess = 0;
  for (const { name, range } of schema.channels) {
    const precision = precisions.get(name);
    if (precision === undefined) throw new RangeError(`the plan has no column ${JSON.stringify(name)}`);
    const samples = choice.scheme === "dither" || name === plan.target.name ? 1 : choice.samples;
    const { channel, isTooWide } = channelGrid(range, precision.variance, samples, choice);
    const [low, high] = levelsRange(channel.levels);
    const step = (high - low) / intervalCount(channel.bits, samples, choice.scheme);
    const variance = step ** 2 / divisor(choice.scheme, samples);
    grids.push(channel);
    channels.push({ name, bits: channel.bits, step, variance, isTooWide });
    // The plan gives every column an equal part of the excess, used up in proportion to the variance.
    if (Number.isFinite(precision.variance))
      excess += ((variance / precision.variance) * plan.excess) / activeColumns(plan);
  }
  const { scheme, coding, seed } = choice;
  const grid = defineGrid(schema, {
    epoch: 0,
    scheme,
    coding,
    ...(scheme === "dither" ? { seed: seed ?? "0" } : {}),
    channels: grids,
  });
  return { grid, channels, excess };
}

function activeColumns({ features }: PrecisionPlan): number {
  return features.filter(({ variance }) => Number.isFinite(variance)).length + 1;
}

/**
 * What rows weigh as frames of a grid, by encoding them.
 *
 * @param rows The grid's channels in order; at least one row.
 * @param grid The grid.
 * @param perFrame Rows of a frame.
 * @param interval Milliseconds between rows, as the frames' headers carry it.
 */
export function frameBytes(rows: Rows, grid: Grid, perFrame: number, interval = 1000): FrameBytes {
  let bytes = 0;
  let frames = 0;
  let exact = 0;
  const cut = { rows: perFrame, interval, device: "plan", draws: "plan/draws" };
  for (const frame of encodedFrames(rows.values, createQuantizer(grid), cut)) {
    frames += 1;
    if (frame.coding === "exact") exact += 1;
    bytes += frameSize({ ...frame, bodyBytes: frame.body.length });
  }
  return { frames, perReading: bytes / rows.values.length, exact };
}
