import type { ChannelQuantizer } from "./channel-quantizer.ts";
import type { ChannelGrid } from "./grid.ts";
import { createLevelLookup, type LevelLookup } from "./levels/lookup.ts";
import { intervalCount, type PointLevels, type UniformLevels } from "./levels.ts";

/** A channel of scheme `count`, with its encoder given the words. */
export interface CountQuantizer extends ChannelQuantizer {
  /** A finite value to a code, by the k words from `at` on. */
  encodeWith(value: number, words: Uint32Array, at: number): number;
  /** Intervals a unit where the levels are uniform, 0 where they are one point; undefined for other levels. */
  readonly scale: number | undefined;
}

/** What of a code is not the scheme's alone: see {@link countQuantizer}. */
export interface CodeShape {
  /** Intervals s of uniform levels. */
  readonly intervals: number;
  /** Codes from one interval's first to the next one's. */
  readonly stride: number;
}

/**
 * Scheme `count` for one channel: `code = k·j + u`, base interval j and u of k independent draws gone up
 * (Zhang et al., section 2; the merged alphabet of k·s + 1 codes is design.md's).
 *
 * @param channel Width, draws and levels; checked when its grid was defined.
 * @param shape Of another scheme that encodes alike: its encoder then makes stride·j + u. What decodes keeps to k·j + u.
 */
export function countQuantizer(channel: ChannelGrid, shape?: CodeShape): CountQuantizer {
  const { bits, samples, levels } = channel;
  const { intervals, stride } = shape ?? { intervals: intervalCount(bits, samples), stride: samples };
  return levels.kind === "uniform"
    ? countEven(bits, samples, levels, intervals, stride)
    : countPoints(bits, samples, levels, stride);
}

/** The code of k draws, each up where its word falls below the threshold. @param first The interval's first code. */
function drawCode(k: number, first: number, threshold: number, words: Uint32Array, at: number): number {
  let code = first;
  // Added, not branched on: a coin is what no processor foretells.
  for (let draw = at; draw < at + k; draw++) code += Number((words[draw] as number) + 0.5 < threshold);
  return code;
}

/** Takes k words from a stream whatever the value, so that the position of every word is known beforehand. */
function withStream(k: number, encodeWith: CountQuantizer["encodeWith"]): ChannelQuantizer["encode"] {
  const words = new Uint32Array(k);
  return (value, draws) => {
    for (let draw = 0; draw < k; draw++) words[draw] = draws.word();
    return encodeWith(value, words, 0);
  };
}

/** The assignment of `ChannelQuantizer.assignInto`, given the level of every j. */
function assigner(k: number, s: number, level: (j: number) => number): ChannelQuantizer["assignInto"] {
  return (code, coins, out, offset = 0, count = k) => {
    if (count > k) throw new RangeError(`${count} draws wanted from a code that carries ${k}`);
    const base = Math.min(Math.floor(code / k), s - 1);
    const lower = level(base);
    const upper = level(base + 1);
    let up = code - k * base;
    // Draw by draw without replacement: each order of the k draws is equally likely, independently per call.
    for (let draw = 0; draw < count; draw++) {
      const goesUp = coins.uniform() * (k - draw) < up;
      out[offset + draw] = goesUp ? upper : lower;
      if (goesUp) up -= 1;
    }
  };
}

function countEven(bits: number, k: number, { low, high }: UniformLevels, s: number, stride: number): CountQuantizer {
  const span = high - low;
  const scale = span > 0 ? s / span : 0;
  const top = k * s;
  const step = span / s;
  const spreadUnit = k > 1 ? (step * step) / (k * k * (k - 1)) : 0;

  const encodeWith = (value: number, words: Uint32Array, at: number): number => {
    const position = (Math.min(Math.max(value, low), high) - low) * scale;
    const base = Math.min(Math.floor(position), s - 1);
    // Compared with a whole word: P(up) differs from the exact probability by at most 2^-33.
    return drawCode(k, stride * base, (position - base) * 0x100000000, words, at);
  };
  const encode = withStream(k, encodeWith);
  const mean = (code: number): number => low + (span * code) / top;
  const spread = (code: number): number => {
    const up = code % k;
    return spreadUnit * up * (k - up);
  };
  const assignInto = assigner(k, s, (j) => low + (span * j) / s);
  const sizes = { bits, samples: k, intervals: s, top, low, high, even: true, scale };
  return { ...sizes, encode, encodeWith, mean, spread, assignInto };
}

function countPoints(bits: number, k: number, levels: PointLevels, stride: number): CountQuantizer {
  const points = Float64Array.from(levels.points);
  const s = points.length - 1;
  const low = points[0] as number;
  const high = points[s] as number;
  const top = k * s;
  const level = (j: number): number => points[j] as number;
  let lookup: LevelLookup | undefined; // made for the first encoding: a gateway keeps many grids and encodes with none

  const encodeWith = (value: number, words: Uint32Array, at: number): number => {
    const clipped = Math.min(Math.max(value, low), high);
    lookup ??= createLevelLookup(points);
    const base = lookup.intervalOf(clipped);
    const lower = level(base);
    return drawCode(k, stride * base, ((clipped - lower) / (level(base + 1) - lower)) * 0x100000000, words, at);
  };
  const encode = withStream(k, encodeWith);
  const mean = (code: number): number => {
    const up = code % k;
    const base = (code - up) / k;
    const lower = level(base);
    return up === 0 ? lower : lower + ((level(base + 1) - lower) * up) / k;
  };
  const spread = (code: number): number => {
    const up = code % k;
    if (up === 0) return 0;
    const base = (code - up) / k;
    const step = level(base + 1) - level(base);
    return ((step * step) / (k * k * (k - 1))) * up * (k - up);
  };
  const assignInto = assigner(k, s, level);
  const sizes = { bits, samples: k, intervals: s, top, low, high, even: false, scale: undefined };
  return { ...sizes, encode, encodeWith, mean, spread, assignInto };
}
