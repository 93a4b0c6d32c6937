import type { Stream } from "./stream.ts";

/** One channel of a quantizer, whatever its scheme. Values are in the channel's unit, codes whole numbers 0 … top. */
export interface ChannelQuantizer {
  /** Width b of a code. */
  readonly bits: number;
  /** Draws k that a code carries. */
  readonly samples: number;
  /** Intervals s; there are s + 1 levels. */
  readonly intervals: number;
  /** The largest code: k·s under `count`, 2^b − 1 under `dither`, (k + 1)·s − 1 under `interval`. */
  readonly top: number;
  /** Lowest level. */
  readonly low: number;
  /** Highest level. */
  readonly high: number;
  /** Whether the codes lie on equal steps: code c stands at low + (high − low)·c/top. */
  readonly even: boolean;
  /**
   * A finite value to a code; outside [low, high] it is clipped. Under `count` and `interval` with k independent draws, a
   * word each, and E[mean(code)] = value; under `dither` with one word, which decoding needs again.
   */
  encode(value: number, draws: Stream): number;
  /**
   * What the code says of the value: E[m] = value. Under `count` and `interval` the mean of the draws, within [low, high]; under `dither`
   * it may lie half a step outside.
   *
   * @param dither Under `dither` the u that the code was made with, −½ … ½; the others make no use of it.
   * @throws `ReadingError` with code `scheme` for a dithered code without its u.
   */
  mean(code: number, dither?: number): number;
  /** d with E[m² − d] = value²; under `count` and `interval` 0 at k = 1, where no unbiased square exists; under `dither` Δ²/12. */
  spread(code: number): number;
  /**
   * One assignment of the k draws: an order drawn at random among all that the code allows, so that the first n numbers
   * are n independent draws of the value. Every call must have coins of its own: a fixed order, or one coin for a whole
   * row, is biased.
   *
   * @param coins A stream used for nothing else; one word is used up for each draw wanted.
   * @param out Receives `count` levels from `offset` on.
   * @param count How many of the k draws are wanted; default k.
   * @throws RangeError for a count above k, and under `dither`, whose codes carry no draws.
   */
  assignInto(code: number, coins: Stream, out: Float64Array, offset?: number, count?: number): void;
  /**
   * Under `interval` alone: the two levels between which the value lies, clipped where it was out of range, whatever its
   * draws. The codes of other schemes do not tell.
   */
  ends?(code: number): readonly [lower: number, upper: number];
}
