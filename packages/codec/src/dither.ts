import type { ChannelQuantizer } from "./channel-quantizer.ts";
import { ReadingError } from "./errors.ts";
import type { ChannelGrid, Grid } from "./grid.ts";
import { ditherByKernel } from "./kernels/dither.ts";
import { intervalCount, levelsRange } from "./levels.ts";
import { philox4x32, type StreamKey } from "./philox.ts";
import { streamKey } from "./stream.ts";

/** Where a frame's rows stand, as far as their dither goes by it. */
export interface DitherPlace {
  /** Key of device, session and seed: {@link ditherPlace}. */
  readonly key: StreamKey;
  /** Sequence of the frame, 0 … 2⁵³ − 1. */
  readonly sequence: number;
  /** Number of the first row within its frame; default 0. */
  readonly row?: number;
}

/**
 * Where a frame's dither comes from. A frame that is lost or comes twice changes nothing for others.
 *
 * @param grid The frame's grid.
 * @param frame Id of its device, its session and its sequence.
 * @returns The place under scheme `dither`; undefined under any other, where nothing but the code is needed.
 */
export function ditherPlace(
  grid: Pick<Grid, "scheme" | "seed">,
  frame: { readonly device: string; readonly session: number; readonly sequence: number },
): DitherPlace | undefined {
  if (grid.scheme !== "dither") return undefined;
  const { device, session, sequence } = frame;
  return { key: streamKey(`${device}/${session}/${grid.seed}`), sequence };
}

/** Gives the dither of a reading, by its row within the frame and its channel within the grid. */
export type DitherSource = (row: number, channel: number) => number;

/**
 * The dither of a frame's readings: u = (first word + ½)/2³² − ½ of the Philox block with counter (channel, row, sequence
 * low, sequence high). Any reading's can be had without the others'.
 *
 * @param place The frame's place; its `row` is not added.
 * @returns u, −½ < u < ½, always the same for the same row and channel.
 */
export function ditherSource({ key, sequence }: DitherPlace): DitherSource {
  const signedKey: StreamKey = [key[0] | 0, key[1] | 0];
  const sequenceLow = sequence | 0;
  const sequenceHigh = Math.floor(sequence / 0x100000000) | 0;
  const words = new Uint32Array(4);
  return (row, channel) => {
    philox4x32(channel, row, sequenceLow, sequenceHigh, signedKey, words);
    return ((words[0] as number) + 0.5) / 0x100000000 - 0.5;
  };
}

/** Dithers made at a time, or a row's if it takes more. */
const dithersAtOnce = 512;

/**
 * The dithers of a frame's readings, as {@link ditherSource} gives them one by one, whole rows of them at a time.
 *
 * @param place The frame's place, of its first row.
 * @param columns Numbers of the channels within the grid, in the order of a row.
 * @param count Readings, whole rows.
 * @param use Is given some dithers, and which reading the first of them belongs to; they are good until it returns.
 */
export function eachDithered(
  place: DitherPlace,
  columns: readonly number[],
  count: number,
  use: (dithers: Float64Array, start: number) => void,
): void {
  const width = columns.length;
  const rows = Math.min(count / width, Math.max(1, Math.floor(dithersAtOnce / width)));
  const made = new Float64Array(rows * width);
  let source: DitherSource | undefined;
  for (let start = 0, row = place.row ?? 0; start < count; start += made.length, row += rows) {
    const left = count - start;
    const dithers = left < made.length ? made.subarray(0, left) : made;
    if (!ditherByKernel(place.key, place.sequence, row, columns, dithers)) {
      source ??= ditherSource(place);
      for (let i = 0, c = 0, r = row; i < dithers.length; i++) {
        dithers[i] = source(r, columns[c] as number);
        c = c + 1 === width ? 0 : c + 1;
        if (c === 0) r += 1;
      }
    }
    use(dithers, start);
  }
}

/** A channel of scheme `dither`, with its encoder given u itself. */
export interface DitherQuantizer extends ChannelQuantizer {
  /** A finite value to a code, with the dither of its place, −½ < u < ½. */
  encodeWith(value: number, dither: number): number;
}

/**
 * Scheme `dither` for one channel: subtractive dither with a seed that both ends know (Roberts 1962; Schuchman 1964).
 * With step Δ = (high − low)/(2^b − 1), code = ⌊(value − low)/Δ + u + ½⌋ and m = low + (code − u)·Δ: the error m − value is
 * uniform over a step and independent of the value, so that d = Δ²/12 is a constant.
 *
 * @param channel Width and levels; checked when its grid was defined.
 * @param index Of the channel within its grid, for errors.
 */
export function ditherQuantizer({ bits, levels }: ChannelGrid, index: number): DitherQuantizer {
  const [low, high] = levelsRange(levels);
  const top = intervalCount(bits, 1);
  const step = (high - low) / top;
  const variance = (step * step) / 12;

  const encodeWith = (value: number, dither: number): number => {
    const position = step > 0 ? (Math.min(Math.max(value, low), high) - low) / step : 0;
    return Math.min(Math.floor(position + dither + 0.5), top); // the quotient may round to just above the top
  };
  const mean = (code: number, dither?: number): number => {
    if (dither === undefined)
      throw new ReadingError("scheme", "a code of scheme dither says nothing without its dither", 0, index);
    return low + (code - dither) * step;
  };
  return {
    bits,
    samples: 1,
    intervals: top,
    top,
    low,
    high,
    even: true,
    encodeWith,
    encode: (value, draws) => encodeWith(value, draws.uniform() - 0.5),
    mean,
    spread: () => variance,
    assignInto: () => {
      throw new RangeError("a code of scheme dither carries no draws");
    },
  };
}
