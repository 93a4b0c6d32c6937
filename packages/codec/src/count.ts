import type { ChannelQuantizer } from "./channel-quantizer.ts";
import type { ChannelGrid } from "./grid.ts";
import { intervalCount } from "./levels.ts";
import type { Stream } from "./stream.ts";

/**
 * Scheme `count` for one channel: `code = k·j + u`, base interval j and u of k independent draws gone up
 * (Zhang et al., section 2; the merged alphabet of k·s + 1 codes is design.md's).
 *
 * @param channel Width, draws and levels; checked when its grid was defined.
 */
export function countQuantizer(channel: ChannelGrid): ChannelQuantizer {
  const { bits, samples: k } = channel;
  const s = intervalCount(bits, k);
  const { low, high } = channel.levels;
  const span = high - low;
  const scale = span > 0 ? s / span : 0;
  const top = k * s;
  const step = span / s;
  const spreadUnit = k > 1 ? (step * step) / (k * k * (k - 1)) : 0;

  const encode = (value: number, draws: Stream): number => {
    const position = (Math.min(Math.max(value, low), high) - low) * scale;
    const base = Math.min(Math.floor(position), s - 1);
    // Compared with a whole word: P(up) differs from the exact probability by at most 2^-33.
    const threshold = (position - base) * 0x100000000;
    let code = k * base;
    // k words are used up whatever the value, so that the position of every word is known beforehand.
    for (let draw = 0; draw < k; draw++) if (draws.word() + 0.5 < threshold) code += 1;
    return code;
  };
  const mean = (code: number): number => low + (span * code) / top;
  const spread = (code: number): number => {
    const up = code % k;
    return spreadUnit * up * (k - up);
  };
  const assignInto = (code: number, coins: Stream, out: Float64Array, offset = 0, count: number = k): void => {
    if (count > k) throw new RangeError(`${count} draws wanted from a code that carries ${k}`);
    const base = Math.min(Math.floor(code / k), s - 1);
    const lower = low + (span * base) / s;
    const upper = low + (span * (base + 1)) / s;
    let up = code - k * base;
    // Draw by draw without replacement: each order of the k draws is equally likely, independently per call.
    for (let draw = 0; draw < count; draw++) {
      const goesUp = coins.uniform() * (k - draw) < up;
      out[offset + draw] = goesUp ? upper : lower;
      if (goesUp) up -= 1;
    }
  };
  return { bits, samples: k, intervals: s, top, low, high, encode, mean, spread, assignInto };
}
