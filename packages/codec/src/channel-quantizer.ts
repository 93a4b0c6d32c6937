import type { Stream } from "./stream.ts";

/** One channel of a quantizer, whatever its scheme. Values are in the channel's unit, codes whole numbers 0 … top. */
export interface ChannelQuantizer {
  /** Width b of a code. */
  readonly bits: number;
  /** Draws k that a code carries. */
  readonly samples: number;
  /** Intervals s; there are s + 1 levels. */
  readonly intervals: number;
  /** The largest code, k·s. */
  readonly top: number;
  /** Lowest level. */
  readonly low: number;
  /** Highest level. */
  readonly high: number;
  /** A finite value to a code, with k independent draws; E[mean(code)] = value within [low, high], outside it is clipped. */
  encode(value: number, draws: Stream): number;
  /** Mean m of the draws. */
  mean(code: number): number;
  /** d with E[m² − d] = value²; always 0 at k = 1, where no unbiased square exists. */
  spread(code: number): number;
  /**
   * One assignment of the k draws: an order drawn at random among all that the code allows, so that the first n numbers
   * are n independent draws of the value. Every call must have coins of its own: a fixed order, or one coin for a whole
   * row, is biased.
   *
   * @param coins A stream used for nothing else; one word is used up for each draw wanted.
   * @param out Receives `count` levels from `offset` on.
   * @param count How many of the k draws are wanted; default k.
   * @throws RangeError for a count above k.
   */
  assignInto(code: number, coins: Stream, out: Float64Array, offset?: number, count?: number): void;
}
