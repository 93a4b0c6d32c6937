import type { ChannelQuantizer } from "./channel-quantizer.ts";
import { ReadingError } from "./errors.ts";
import type { ChannelGrid, Grid } from "./grid.ts";
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
