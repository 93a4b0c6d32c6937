import type { ChannelQuantizer } from "./channel-quantizer.ts";
import { type CountQuantizer, countQuantizer } from "./count.ts";
import type { ChannelGrid } from "./grid.ts";
import { intervalCount, levelPoints } from "./levels.ts";

/** A channel of scheme `interval`, with its encoder given the words. */
export interface IntervalQuantizer extends CountQuantizer {
  /** The two levels between which the value of a code, once clipped, lies: l_j and l_(j+1). */
  ends(code: number): readonly [lower: number, upper: number];
}

/**
 * Scheme `interval` for one channel: `code = (k + 1)·j + u`, with u of k independent draws gone up in the base interval j,
 * of which there are s = ⌊2^b/(k + 1)⌋. A value on a level has its interval too: the one above it, or the last.
 *
 * Under `count` the codes k·j + k and k·(j + 1) + 0 are one, as they are the same draws; which of two intervals a value lies
 * in then depends on how its draws fell. Here it is a function of the value alone, as a decision needs that must not go by
 * the draws (see `docs/refetch.md`). Mean, d and draws are those that `count` has for the merged code c − ⌊c/(k + 1)⌋ on as
 * many intervals.
 *
 * @param channel Width, draws and levels; checked when its grid was defined.
 */
export function intervalQuantizer(channel: ChannelGrid): IntervalQuantizer {
  const { bits, samples, levels } = channel;
  const stride = samples + 1;
  const drawn = countQuantizer(channel, { intervals: intervalCount(bits, samples, "interval"), stride });
  const { intervals, low, high, scale, encode, encodeWith } = drawn;
  const merged = (code: number): number => code - Math.floor(code / stride);
  const assignInto: ChannelQuantizer["assignInto"] = (code, ...rest) => drawn.assignInto(merged(code), ...rest);
  let points: Float64Array | undefined; // made for the first ends: encoders need none
  const ends = (code: number): readonly [number, number] => {
    points ??= levelPoints(levels, intervals);
    const base = Math.floor(code / stride);
    return [points[base] as number, points[base + 1] as number];
  };
  return {
    bits,
    samples,
    intervals,
    top: stride * intervals - 1,
    low,
    high,
    even: false,
    scale,
    encode,
    encodeWith,
    mean: (code) => drawn.mean(merged(code)),
    spread: (code) => drawn.spread(merged(code)),
    assignInto,
    ends,
  };
}
