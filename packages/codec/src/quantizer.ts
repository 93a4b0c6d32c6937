import type { ChannelQuantizer } from "./channel-quantizer.ts";
import { type CountQuantizer, countQuantizer } from "./count.ts";
import { type DitherPlace, type DitherQuantizer, ditherQuantizer, eachDithered } from "./dither.ts";
import { GridError, ReadingError } from "./errors.ts";
import { type ChannelGrid, checkChannelGrid, checkGridHead, type Grid } from "./grid.ts";
import { intervalQuantizer } from "./interval.ts";
import { countKernel } from "./kernels/encode-count.ts";
import { leastNumbers } from "./kernels/layout.ts";
import type { Scheme } from "./scheme.ts";
import type { Stream } from "./stream.ts";

/**
 * Numbers to codes and back, for all channels of a grid. Arrays are row-major, rows × channels.
 *
 * Under the schemes `count` and `interval` encoding takes a stream of draws, and decoding nothing but the codes. Under `dither` both take the
 * frame's place: `quantizer.meansInto(codes, means, ditherPlace(grid, { device, session, sequence }))` serves any scheme.
 */
export interface Quantizer {
  /** The whole grid, also where only some of its channels are covered. */
  readonly grid: Grid;
  /** The channels covered. */
  readonly channels: readonly ChannelQuantizer[];
  /** Number within the grid of each channel covered. */
  readonly columns: readonly number[];
  /** Sum of the channels' widths. */
  readonly rowBits: number;
  /**
   * Encodes rows. The words of a stream are used in the order row, channel, draw.
   *
   * @param values rows × channels finite readings.
   * @param codes Receives as many codes.
   * @param chance Under `count` and `interval` a stream used for nothing else, under `dither` the frame's place.
   * @param clipped Counts, per channel, of values outside the levels; added to.
   * @throws {@link ReadingError} before anything is written: `non-finite` with row and channel, `shape`, or `scheme` for a
   * stream under `dither` or a place under the others.
   */
  encodeInto(values: Float64Array, codes: Uint16Array, chance: Stream | DitherPlace, clipped?: Uint32Array): void;
  /** As {@link Quantizer.encodeInto}, into new arrays. */
  encode(
    values: Float64Array | readonly number[],
    chance: Stream | DitherPlace,
  ): { codes: Uint16Array; clipped: Uint32Array };
  /**
   * What the codes say of the values, m, rows × channels.
   *
   * @param place The frame's place; only `dither` makes use of it.
   * @throws {@link ReadingError} with code `shape`, or `scheme` for dithered codes without their place.
   */
  meansInto(codes: Uint16Array, means: Float64Array, place?: DitherPlace): void;
  /** d of every code (see {@link ChannelQuantizer.spread}), rows × channels. @throws {@link ReadingError} `shape`. */
  spreadsInto(codes: Uint16Array, spreads: Float64Array): void;
  /**
   * Unbiased squares m² − d, rows × channels.
   *
   * @param place As for {@link Quantizer.meansInto}.
   * @throws {@link ReadingError} `shape`, also for a channel of draws with k = 1; `scheme`.
   */
  squaresInto(codes: Uint16Array, squares: Float64Array, place?: DitherPlace): void;
}

type Decode = (code: number) => number;

/** Tables are made for alphabets up to this size; larger ones are computed, so that no grid costs much memory. */
const largestTable = 256;

/** What the codes of a channel stand for. */
interface CodeMap {
  readonly of: Decode;
  /** All of it, made when first read: a gateway keeps many grids and reads few. Undefined for a large alphabet. */
  table(): Float64Array | undefined;
}

function codeMap(channel: ChannelQuantizer, f: Decode): CodeMap {
  if (channel.top >= largestTable) return { of: f, table: () => undefined };
  let made: Float64Array | undefined;
  const table = (): Float64Array => {
    made ??= Float64Array.from({ length: channel.top + 1 }, (_, at) => f(at));
    return made;
  };
  return { of: (code) => table()[code] as number, table };
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
    // 0 for a number, NaN for what is none or has no end.
    if ((values[i] as number) - (values[i] as number) !== 0)
      throw new ReadingError("non-finite", `${values[i]} is refused`, Math.floor(i / channels), i % channels);
}

/** What the schemes do differently, for all rows at once; shapes have been checked. */
interface SchemeCodec {
  readonly channels: readonly ChannelQuantizer[];
  /**
   * @returns Whether any value may have been clipped.
   * @throws ReadingError `non-finite`, `scheme`, before anything is written.
   */
  encode(values: Float64Array, codes: Uint16Array, chance: Stream | DitherPlace): boolean;
  means(codes: Uint16Array, means: Float64Array, place: DitherPlace | undefined): void;
}

function mapInto(codes: Uint16Array, out: Float64Array, maps: readonly CodeMap[]): void {
  const width = maps.length;
  checkShape(codes, out, width);
  for (let c = 0; c < width; c++) {
    const map = maps[c] as CodeMap;
    const table = map.table();
    if (table !== undefined) for (let i = c; i < codes.length; i += width) out[i] = table[codes[i] as number] as number;
    else for (let i = c; i < codes.length; i += width) out[i] = map.of(codes[i] as number);
  }
}

/** Words fetched at a time, or a row's if it takes more. */
const fetchedWords = 1024;

/** Codes of whole rows, the words of the stream in the order row, channel, draw. */
function encodeDrawn(
  values: Float64Array,
  codes: Uint16Array,
  channels: readonly CountQuantizer[],
  draws: Stream,
): void {
  const width = channels.length;
  const rowWords = channels.reduce((sum, { samples }) => sum + samples, 0);
  const rows = Math.min(values.length / width, Math.max(1, Math.floor(fetchedWords / rowWords)));
  const fetched = new Uint32Array(rows * rowWords);
  for (let start = 0; start < values.length; start += rows * width) {
    const end = Math.min(start + rows * width, values.length);
    const used = ((end - start) / width) * rowWords;
    const words = used === fetched.length ? fetched : fetched.subarray(0, used);
    if (draws.fill !== undefined) draws.fill(words);
    else for (let w = 0; w < words.length; w++) words[w] = draws.word();
    for (let i = start, c = 0, at = 0; i < end; i++) {
      const channel = channels[c] as CountQuantizer;
      codes[i] = channel.encodeWith(values[i] as number, words, at);
      at += channel.samples;
      c = c + 1 === width ? 0 : c + 1;
    }
  }
}

function checkStream(chance: Stream | DitherPlace, scheme: Scheme): asserts chance is Stream {
  if (!("word" in chance))
    throw new ReadingError("scheme", `scheme ${scheme} encodes with a stream of draws, not with a place`, 0, 0);
}

function intervalCodec(grids: readonly ChannelGrid[]): SchemeCodec {
  const channels = grids.map(intervalQuantizer);
  const means = channels.map((channel) => codeMap(channel, channel.mean));
  return {
    channels,
    encode: (values, codes, chance) => {
      checkFinite(values, channels.length);
      checkStream(chance, "interval");
      encodeDrawn(values, codes, channels, chance);
      return true;
    },
    means: (codes, out) => mapInto(codes, out, means),
  };
}

function countCodec(grids: readonly ChannelGrid[]): SchemeCodec {
  const channels = grids.map((grid) => countQuantizer(grid));
  const means = channels.map((channel) => codeMap(channel, channel.mean));
  const scales = channels.flatMap(({ low, high, samples, scale }) =>
    scale === undefined ? [] : [{ low, high, samples, scale }],
  );
  const kernel = scales.length === channels.length ? countKernel(scales) : undefined;
  const rowWords = channels.reduce((sum, { samples }) => sum + samples, 0);
  const check = (values: Float64Array): void => checkFinite(values, channels.length);
  return {
    channels,
    encode: (values, codes, chance) => {
      if (values.length >= leastNumbers && "word" in chance && chance.take !== undefined) {
        const outside = kernel?.(values, codes, chance.take(0), check);
        if (outside !== undefined) {
          chance.take((values.length / channels.length) * rowWords);
          return outside;
        }
      }
      checkFinite(values, channels.length);
      checkStream(chance, "count");
      encodeDrawn(values, codes, channels, chance);
      return true;
    },
    means: (codes, out) => mapInto(codes, out, means),
  };
}

/** @param columns Numbers of the channels within the grid: what their dither goes by. */
function ditherCodec(grids: readonly ChannelGrid[], columns: readonly number[]): SchemeCodec {
  const channels = grids.map((grid, c) => ditherQuantizer(grid, c));
  const width = channels.length;
  return {
    channels,
    encode: (values, codes, chance) => {
      checkFinite(values, width);
      if ("word" in chance)
        throw new ReadingError("scheme", "scheme dither encodes with the frame's place, not with a stream", 0, 0);
      eachDithered(chance, columns, values.length, (dithers, start) => {
        for (let i = 0, c = 0; i < dithers.length; i++) {
          const channel = channels[c] as DitherQuantizer;
          codes[start + i] = channel.encodeWith(values[start + i] as number, dithers[i] as number);
          c = c + 1 === width ? 0 : c + 1;
        }
      });
      return true;
    },
    means: (codes, out, place) => {
      if (place === undefined)
        throw new ReadingError("scheme", "codes of scheme dither say nothing without their frame's place", 0, 0);
      checkShape(codes, out, width);
      eachDithered(place, columns, codes.length, (dithers, start) => {
        for (let i = 0, c = 0; i < dithers.length; i++) {
          out[start + i] = (channels[c] as DitherQuantizer).mean(codes[start + i] as number, dithers[i] as number);
          c = c + 1 === width ? 0 : c + 1;
        }
      });
    },
  };
}

function codecOf(grid: Grid, columns: readonly number[] | undefined): SchemeCodec {
  checkGridHead(grid);
  for (const [c, channel] of grid.channels.entries()) checkChannelGrid(channel, grid.scheme, c);
  const covered = columns ?? grid.channels.map((_, c) => c);
  const grids = covered.map((column) => {
    const channel = grid.channels[column];
    if (channel === undefined) throw new GridError("grid", `a grid of ${grid.channels.length} channels`, column);
    return channel;
  });
  switch (grid.scheme) {
    case "count":
      return countCodec(grids);
    case "dither":
      return ditherCodec(grids, covered);
    case "interval":
      return intervalCodec(grids);
  }
}

function countClipped(values: Float64Array, channels: readonly ChannelQuantizer[], clipped: Uint32Array): void {
  const width = channels.length;
  for (const [c, { low, high }] of channels.entries()) {
    let count = 0;
    for (let i = c; i < values.length; i += width)
      if ((values[i] as number) < low || (values[i] as number) > high) count += 1;
    clipped[c] = (clipped[c] ?? 0) + count;
  }
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
 * @param columns Which of its channels are covered, in the order wanted; default all.
 * @throws {@link GridError} where the grid's scheme or coding is not known here, a channel's width, draws or levels can't
 * be, or a column is none of the grid: a grid that came over the wire is checked once more.
 */
export function createQuantizer(grid: Grid, columns?: readonly number[]): Quantizer {
  const codec = codecOf(grid, columns);
  const { channels } = codec;
  const width = channels.length;
  const spreads = channels.map((channel) => codeMap(channel, channel.spread));

  const encodeInto: Quantizer["encodeInto"] = (values, codes, chance, clipped) => {
    checkShape(values, codes, width);
    if (clipped !== undefined && clipped.length < width)
      throw new ReadingError(
        "shape",
        `${clipped.length} counts of clipped values for ${width} channels`,
        0,
        clipped.length,
      );
    const outside = codec.encode(values, codes, chance);
    if (outside && clipped !== undefined) countClipped(values, channels, clipped);
  };
  return {
    grid,
    channels,
    columns: Object.freeze([...(columns ?? channels.keys())]),
    rowBits: channels.reduce((sum, channel) => sum + channel.bits, 0),
    encodeInto,
    encode: (values, chance) => {
      const codes = new Uint16Array(values.length);
      const clipped = new Uint32Array(width);
      encodeInto(values instanceof Float64Array ? values : Float64Array.from(values), codes, chance, clipped);
      return { codes, clipped };
    },
    meansInto: codec.means,
    spreadsInto: (codes, out) => mapInto(codes, out, spreads),
    squaresInto: (codes, out, place) => {
      const single = grid.scheme !== "dither" ? channels.findIndex((channel) => channel.samples === 1) : -1;
      if (single >= 0) throw new ReadingError("shape", "one draw gives no unbiased square", 0, single);
      codec.means(codes, out, place);
      for (let i = 0, c = 0; i < codes.length; i++) {
        out[i] = square(out[i] as number) - (spreads[c] as CodeMap).of(codes[i] as number);
        c = c + 1 === width ? 0 : c + 1;
      }
    },
  };
}
