import { GridError } from "./errors.ts";
import { intervalCount, type Levels, rangeFault } from "./levels.ts";
import type { Schema } from "./schema.ts";

/** How a value becomes a code. */
export type Scheme = "count";

/** How a frame's codes lie in its body. */
export type Coding = "packed";

/** Width, draws and levels of one channel. */
export interface ChannelGrid {
  /** Width b of a code, 1 to 16. */
  readonly bits: number;
  /** Independent draws k that a code carries, 1 to 15; 2 is double sampling. */
  readonly samples: number;
  readonly levels: Levels;
}

/** One versioned set of levels, scheme and coding for all channels of a schema. Every frame names its epoch. */
export interface Grid {
  /** 0 to 65,535. An epoch is never used for two grids within a session. */
  readonly epoch: number;
  readonly scheme: Scheme;
  readonly coding: Coding;
  /** In the schema's order. */
  readonly channels: readonly ChannelGrid[];
}

/** Largest grid epoch. */
export const maxGridEpoch = 0xffff;

function checkChannelGrid(channel: ChannelGrid, name: string | number): void {
  try {
    intervalCount(channel.bits, channel.samples);
  } catch (error) {
    if (error instanceof GridError) throw new GridError("grid", error.message, name);
    throw error;
  }
  const { kind, low, high } = channel.levels;
  if (kind !== "uniform") throw new GridError("grid", `unknown levels ${JSON.stringify(kind)}`, name);
  const fault = rangeFault(low, high);
  if (fault !== undefined) throw new GridError("grid", `levels: ${fault}`, name);
}

/**
 * Checks a grid against its schema and freezes it.
 *
 * @param schema The schema whose channels the grid covers, in order.
 * @param grid Epoch 0 to 65,535 and one channel grid for each channel.
 * @returns The grid; a copy.
 * @throws {@link GridError} with code `grid`: epoch, number of channels, bits, samples, 2^bits − 1 < samples, levels, or
 * a scheme or coding that is not known here.
 */
export function defineGrid(schema: Schema, grid: Grid): Grid {
  if (!Number.isInteger(grid.epoch) || grid.epoch < 0 || grid.epoch > maxGridEpoch)
    throw new GridError("grid", `the epoch must be a whole number from 0 to ${maxGridEpoch}, not ${grid.epoch}`);
  if (grid.scheme !== "count") throw new GridError("grid", `unknown scheme ${JSON.stringify(grid.scheme)}`);
  if (grid.coding !== "packed") throw new GridError("grid", `unknown coding ${JSON.stringify(grid.coding)}`);
  if (grid.channels.length !== schema.channels.length)
    throw new GridError("grid", `${grid.channels.length} channels for a schema of ${schema.channels.length}`);
  return Object.freeze({
    epoch: grid.epoch,
    scheme: grid.scheme,
    coding: grid.coding,
    channels: Object.freeze(
      grid.channels.map((channel, c) => {
        checkChannelGrid(channel, schema.channels[c]?.name ?? c);
        const { kind, low, high } = channel.levels;
        return Object.freeze({
          bits: channel.bits,
          samples: channel.samples,
          levels: Object.freeze({ kind, low, high }),
        });
      }),
    ),
  });
}

/** Options of {@link uniformGrid}. */
export interface UniformGridOptions {
  /** Epoch of the grid. Default 0. */
  readonly epoch?: number;
  /** Width of a feature's code, 1 to 16. Default 4. */
  readonly bits?: number;
  /** Draws of a feature, 1 to 15. Default 2. */
  readonly samples?: number;
  /** Width of a target's code, 1 to 16; a target carries one draw, as it enters the gradient linearly. Default 8. */
  readonly targetBits?: number;
}

/**
 * The grid of equal intervals over each channel's range.
 *
 * @param schema The channels.
 * @param options Widths and draws.
 * @throws {@link GridError} with code `grid` where they do not fit.
 */
export function uniformGrid(schema: Schema, options: UniformGridOptions = {}): Grid {
  const { epoch = 0, bits = 4, samples = 2, targetBits = 8 } = options;
  return defineGrid(schema, {
    epoch,
    scheme: "count",
    coding: "packed",
    channels: schema.channels.map(({ range: [low, high], role }) => ({
      bits: role === "target" ? targetBits : bits,
      samples: role === "target" ? 1 : samples,
      levels: { kind: "uniform", low, high },
    })),
  });
}
