import type { ChannelQuantizer } from "./channel-quantizer.ts";
import { countQuantizer } from "./count.ts";
import { GridError, ReadingError } from "./errors.ts";
import type { Grid } from "./grid.ts";
import { rangeFault } from "./levels.ts";
import type { Stream } from "./stream.ts";

/** Numbers to codes and back, for all channels of a grid. Arrays are row-major, rows × channels. */
export interface Quantizer {
  readonly grid: Grid;
  readonly channels: readonly ChannelQuantizer[];
  /** Sum of the channels' widths. */
  readonly rowBits: number;
  /**
   * Encodes rows. The words of `draws` are used in the order row, channel, draw.
   *
   * @param values rows × channels finite readings.
   * @param codes Receives as many codes.
   * @param draws A stream used for nothing else.
   * @param clipped Counts, per channel, of values outside the levels; added to.
   * @throws {@link ReadingError} before anything is written: `non-finite` with row and channel, or `shape`.
   */
  encodeInto(values: Float64Array, codes: Uint16Array, draws: Stream, clipped?: Uint32Array): void;
  /** As {@link Quantizer.encodeInto}, into new arrays. */
  encode(values: Float64Array | readonly number[], draws: Stream): { codes: Uint16Array; clipped: Uint32Array };
  /** Means m of the draws, rows × channels. @throws {@link ReadingError} with code `shape`. */
  meansInto(codes: Uint16Array, means: Float64Array): void;
  /** d of every code (see {@link ChannelQuantizer.spread}), rows × channels. @throws {@link ReadingError} `shape`. */
  spreadsInto(codes: Uint16Array, spreads: Float64Array): void;
  /** Unbiased squares m² − d, rows × channels. @throws {@link ReadingError} `shape`, also for a channel with k = 1. */
  squaresInto(codes: Uint16Array, squares: Float64Array): void;
}

type Decode = (code: number) => number;

/** Tables are made for alphabets up to this size; larger ones are computed, so that no grid costs much memory. */
const largestTable = 256;

function tabled(channel: ChannelQuantizer, f: Decode): Decode {
  if (channel.top >= largestTable) return f;
  let table: Float64Array | undefined; // made when first read: a gateway keeps many grids and reads few
  return (code) => {
    table ??= Float64Array.from({ length: channel.top + 1 }, (_, at) => f(at));
    return table[code] as number;
  };
}

/** A product is rounded correctly everywhere, a power is not. */
function square(value: number): number {
  return value * value;
}

function checkShape(from: ArrayLike<number>, to: ArrayLike<number>, channels: number): void {
  if (from.length % channels !== 0 || to.length < from.length)
    throw new ReadingError(
      "shape",
      `${from.length} numbers into ${to.length} places: rows × ${channels} channels on both sides are needed`,
      Math.floor(from.length / channels),
      from.length % channels,
    );
}

function checkFinite(values: ArrayLike<number>, channels: number): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      throw new ReadingError("non-finite", `${values[i]} is refused`, Math.floor(i / channels), i % channels);
}

/**
 * The encoder and decoder of a grid.
 *
 * @example
 * ```ts
 * const quantizer = createQuantizer(uniformGrid(schema, { bits: 4 }));
 * const { codes, clipped } = quantizer.encode([21.4, 48.2], createStream("my draws"));
 * const means = new Float64Array(codes.length);
 * quantizer.meansInto(codes, means);
 * ```
 *
 * @param grid A grid made by `defineGrid` or `uniformGrid`.
 * @throws {@link GridError} where the grid's scheme is not known here, or a channel's width, draws or levels can't be: a
 * grid that came over the wire is checked once more.
 */
export function createQuantizer(grid: Grid): Quantizer {
  if (grid.scheme !== "count") throw new GridError("grid", `unknown scheme ${JSON.stringify(grid.scheme)}`);
  for (const [c, { levels }] of grid.channels.entries()) {
    const fault = rangeFault(levels.low, levels.high);
    if (fault !== undefined) throw new GridError("grid", `levels: ${fault}`, c);
  }
  const channels = grid.channels.map(countQuantizer);
  const width = channels.length;
  const means = channels.map((channel) => tabled(channel, channel.mean));
  const spreads = channels.map((channel) => tabled(channel, channel.spread));

  const encodeInto = (values: Float64Array, codes: Uint16Array, draws: Stream, clipped?: Uint32Array): void => {
    checkShape(values, codes, width);
    if (clipped !== undefined && clipped.length < width)
      throw new ReadingError(
        "shape",
        `${clipped.length} counts of clipped values for ${width} channels`,
        0,
        clipped.length,
      );
    checkFinite(values, width);
    for (let i = 0, c = 0; i < values.length; i++) {
      const channel = channels[c] as ChannelQuantizer;
      const value = values[i] as number;
      if (clipped !== undefined && (value < channel.low || value > channel.high)) clipped[c] = (clipped[c] ?? 0) + 1;
      codes[i] = channel.encode(value, draws);
      c = c + 1 === width ? 0 : c + 1;
    }
  };
  const mapInto = (codes: Uint16Array, out: Float64Array, maps: readonly Decode[]): void => {
    checkShape(codes, out, width);
    for (let c = 0; c < width; c++) {
      const map = maps[c] as Decode;
      for (let i = c; i < codes.length; i += width) out[i] = map(codes[i] as number);
    }
  };
  return {
    grid,
    channels,
    rowBits: channels.reduce((sum, channel) => sum + channel.bits, 0),
    encodeInto,
    encode: (values, draws) => {
      const codes = new Uint16Array(values.length);
      const clipped = new Uint32Array(width);
      encodeInto(values instanceof Float64Array ? values : Float64Array.from(values), codes, draws, clipped);
      return { codes, clipped };
    },
    meansInto: (codes, out) => mapInto(codes, out, means),
    spreadsInto: (codes, out) => mapInto(codes, out, spreads),
    squaresInto: (codes, out) => {
      const single = channels.findIndex((channel) => channel.samples === 1);
      if (single >= 0) throw new ReadingError("shape", "one draw gives no unbiased square", 0, single);
      mapInto(
        codes,
        out,
        channels.map((_, c) => (code: number) => square((means[c] as Decode)(code)) - (spreads[c] as Decode)(code)),
      );
    },
  };
}
