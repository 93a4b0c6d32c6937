import { type Coding, codings } from "./coding/coding.ts";
import { GridError } from "./errors.ts";
import { intervalCount, type Levels, levelsFault } from "./levels.ts";
import type { Schema } from "./schema.ts";
import { type Scheme, schemes } from "./scheme.ts";

/** Width, draws and levels of one channel. */
export interface ChannelGrid {
  /** Width b of a code, 1 to 16. */
  readonly bits: number;
  /** Independent draws k that a code carries, 1 to 15; 2 is double sampling. Under `dither` 1: a code is one symbol. */
  readonly samples: number;
  readonly levels: Levels;
}

/** One versioned set of levels, scheme and coding for all channels of a schema. Every frame names its epoch. */
export interface Grid {
  /** 0 to 65,535. An epoch is never used for two grids within a session. */
  readonly epoch: number;
  readonly scheme: Scheme;
  /** What its frames' codings may be: see {@link Coding}. */
  readonly coding: Coding;
  /** Under `dither`, and only there: what the dither is derived from beside device and session. Not a secret. */
  readonly seed?: string;
  /** In the schema's order. */
  readonly channels: readonly ChannelGrid[];
}

/** Largest grid epoch. */
export const maxGridEpoch = 0xffff;

/** What a grid's seed may be. Without a slash no two of (device, session, seed) give the same name. */
export const gridSeedPattern: RegExp = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

function checkCount({ bits, samples }: ChannelGrid, scheme: Scheme, name: string | number): number {
  try {
    return intervalCount(bits, samples, scheme);
  } catch (error) {
    if (error instanceof GridError) throw new GridError("grid", error.message, name);
    throw error;
  }
}

/**
 * Checks one channel of a grid.
 *
 * @param channel Width, draws and levels.
 * @param scheme The grid's scheme.
 * @param name Name or index of the channel, for the error.
 * @throws {@link GridError} with code `grid`.
 */
export function checkChannelGrid(channel: ChannelGrid, scheme: Scheme, name: string | number): void {
  const fault = levelsFault(channel.levels, checkCount(channel, scheme, name));
  if (fault !== undefined) throw new GridError("grid", `levels: ${fault}`, name);
  if (scheme !== "dither") return;
  if (channel.levels.kind !== "uniform")
    throw new GridError("grid", "scheme dither needs equal steps: levels of kind uniform", name);
  if (channel.samples !== 1)
    throw new GridError(
      "grid",
      `a code of scheme dither is one symbol: samples must be 1, not ${channel.samples}`,
      name,
    );
}

/**
 * Checks a grid's scheme, coding and seed.
 *
 * @throws {@link GridError} with code `grid`.
 */
export function checkGridHead({ epoch, scheme, coding, seed }: Grid): void {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > maxGridEpoch)
    throw new GridError("grid", `the epoch must be a whole number from 0 to ${maxGridEpoch}, not ${epoch}`);
  if (!schemes.includes(scheme)) throw new GridError("grid", `unknown scheme ${JSON.stringify(scheme)}`);
  if (!codings.includes(coding)) throw new GridError("grid", `unknown coding ${JSON.stringify(coding)}`);
  if (scheme !== "dither" && seed !== undefined)
    throw new GridError("grid", `scheme ${scheme} has no seed: it goes with dither`);
  if (scheme === "dither" && (seed === undefined || !gridSeedPattern.test(seed)))
    throw new GridError("grid", `scheme dither needs a seed of 1 to 64 letters, digits, _ and -, not ${seed}`);
}

function copyLevels(levels: Levels): Levels {
  if (levels.kind === "points") return Object.freeze({ kind: levels.kind, points: Object.freeze([...levels.points]) });
  return Object.freeze({ kind: levels.kind, low: levels.low, high: levels.high });
}

/**
 * Checks a grid against its schema and freezes it.
 *
 * @param schema The schema whose channels the grid covers, in order.
 * @param grid Epoch 0 to 65,535 and one channel grid for each channel.
 * @returns The grid; a copy.
 * @throws {@link GridError} with code `grid`: epoch, number of channels, bits, samples, a width without an interval for the samples, levels, a
 * seed missing or too many, `dither` on unequal levels or with other than one sample, or a scheme or coding that is not
 * known here.
 */
export function defineGrid(schema: Schema, grid: Grid): Grid {
  checkGridHead(grid);
  if (grid.channels.length !== schema.channels.length)
    throw new GridError("grid", `${grid.channels.length} channels for a schema of ${schema.channels.length}`);
  const { epoch, scheme, coding, seed } = grid;
  return Object.freeze({
    epoch,
    scheme,
    coding,
    ...(seed === undefined ? {} : { seed }),
    channels: Object.freeze(
      grid.channels.map((channel, c) => {
        checkChannelGrid(channel, scheme, schema.channels[c]?.name ?? c);
        const { bits, samples, levels } = channel;
        return Object.freeze({ bits, samples, levels: copyLevels(levels) });
      }),
    ),
  });
}

/** Options of {@link uniformGrid}. */
export interface UniformGridOptions {
  /** Epoch of the grid. Default 0. */
  readonly epoch?: number;
  /** Default `count`. */
  readonly scheme?: Scheme;
  /** Default `packed`. */
  readonly coding?: Coding;
  /** Under `dither`: what the dither is derived from; see {@link Grid.seed}. Default `0`. */
  readonly seed?: string;
  /** Width of a feature's code, 1 to 16. Default 4. */
  readonly bits?: number;
  /** Draws of a feature, 1 to 15. Default 2; under `interval` 1; under `dither` 1, and nothing else. */
  readonly samples?: number;
  /** Width of a target's code, 1 to 16; a target carries one draw, as it enters the gradient linearly. Default 8. */
  readonly targetBits?: number;
}

/**
 * The grid of equal intervals over each channel's range.
 *
 * @param schema The channels.
 * @param options Scheme, widths and draws.
 * @throws {@link GridError} with code `grid` where they do not fit.
 */
export function uniformGrid(schema: Schema, options: UniformGridOptions = {}): Grid {
  const { epoch = 0, scheme = "count", coding = "packed", bits = 4, targetBits = 8 } = options;
  const { samples = scheme === "count" ? 2 : 1, seed = scheme === "dither" ? "0" : undefined } = options;
  return defineGrid(schema, {
    epoch,
    scheme,
    coding,
    ...(seed === undefined ? {} : { seed }),
    channels: schema.channels.map(({ range: [low, high], role }) => ({
      bits: role === "target" ? targetBits : bits,
      samples: role === "target" ? 1 : samples,
      levels: { kind: "uniform", low, high },
    })),
  });
}
