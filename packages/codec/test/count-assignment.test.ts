import { describe, expect, it } from "vitest";
import type { ChannelQuantizer } from "../src/channel-quantizer.ts";
import { countQuantizer } from "../src/count.ts";
import { createStream, type Stream } from "../src/stream.ts";
import { createTally, type Law, meanScore, moments, varianceScore } from "./support/statistics.ts";

/** Three coordinates of a row: products between them show coins that are shared. */
const row = [0.37, -0.62, 0.11] as const;

/** Writes two draws of every coordinate: q₁ at 2i, q₂ at 2i + 1. */
type Assign = (channel: ChannelQuantizer, codes: readonly number[], coins: Stream, out: Float64Array) => void;
type Encode = (channel: ChannelQuantizer, value: number, draws: Stream) => number;

interface Statistic {
  readonly name: string;
  readonly of: (q: Float64Array) => number;
}

const at = (q: Float64Array, i: number, draw: 0 | 1): number => q[2 * i + draw] as number;

const statistics: readonly Statistic[] = [
  ...[0, 1, 2].flatMap((i) => [
    { name: `q1[${i}]`, of: (q: Float64Array) => at(q, i, 0) },
    { name: `q2[${i}]`, of: (q: Float64Array) => at(q, i, 1) },
    { name: `q1[${i}]·q2[${i}]`, of: (q: Float64Array) => at(q, i, 0) * at(q, i, 1) },
  ]),
  ...[
    [0, 1],
    [0, 2],
    [1, 2],
  ].flatMap(([i = 0, j = 0]) => [
    { name: `q1[${i}]·q1[${j}]`, of: (q: Float64Array) => at(q, i, 0) * at(q, j, 0) },
    { name: `q1[${i}]·q2[${j}]`, of: (q: Float64Array) => at(q, i, 0) * at(q, j, 1) },
    {
      name: `products of ${i} and ${j}`,
      of: (q: Float64Array) => at(q, i, 0) * at(q, i, 1) * at(q, j, 0) * at(q, j, 1),
    },
  ]),
];

/** The exact law of a statistic of six independent draws. */
function independentLaw(channel: ChannelQuantizer, statistic: Statistic): Law {
  const { low, high, intervals: s } = channel;
  const step = (high - low) / s;
  const draws = row.flatMap((value) => {
    const lower = low + step * Math.floor((value - low) / step);
    const draw = { lower, p: (value - lower) / step };
    return [draw, draw];
  });
  return Array.from({ length: 64 }, (_, ups) => {
    const q = Float64Array.from(draws, ({ lower }, i) => lower + ((ups >> i) & 1) * step);
    const probability = draws.reduce((product, { p }, i) => product * ((ups >> i) & 1 ? p : 1 - p), 1);
    return [probability, statistic.of(q)] as const;
  });
}

/** The test itself: the worst distance, in standard errors, of any mean or variance from independent draws. */
function worstScore(channel: ChannelQuantizer, assign: Assign, encode: Encode = (c, v, d) => c.encode(v, d)): number {
  const laws = statistics.map((statistic) => moments(independentLaw(channel, statistic)));
  const tallies = laws.map(({ mean }) => createTally(mean));
  const draws = createStream("assignment/draws");
  const coins = createStream("assignment/coins");
  const q = new Float64Array(6);
  for (let n = 0; n < 60_000; n++) {
    assign(
      channel,
      row.map((value) => encode(channel, value, draws)),
      coins,
      q,
    );
    for (const [i, statistic] of statistics.entries()) tallies[i]?.add(statistic.of(q));
  }
  return Math.max(
    ...tallies.flatMap((tally, i) => {
      const law = laws[i];
      return law === undefined ? [] : [meanScore(tally, law), varianceScore(tally, law)];
    }),
  );
}

const channelOf = (bits: number, samples: number): ChannelQuantizer =>
  countQuantizer({ bits, samples, levels: { kind: "uniform", low: -1, high: 1 } });

const honest: Assign = (channel, codes, coins, out) => {
  for (const [i, code] of codes.entries()) channel.assignInto(code, coins, out, 2 * i, 2);
};

/** Lower end, upper end and ups of a code. */
function ends(channel: ChannelQuantizer, code: number): [lower: number, upper: number, up: number] {
  const { samples: k, intervals: s, low, high } = channel;
  const base = Math.min(Math.floor(code / k), s - 1);
  const step = (high - low) / s;
  return [low + step * base, low + step * (base + 1), code - k * base];
}

describe("assignInto", () => {
  it.each([
    [2, 2],
    [4, 2],
    [3, 3],
    [4, 4],
    [5, 15],
  ])("has the joint law of independent draws at %d bits and %d samples", (bits, samples) => {
    expect(worstScore(channelOf(bits, samples), honest)).toBeLessThan(5);
  });

  it("gives all k draws of a code: as many ups as it counts, the same for the same coins", () => {
    const channel = channelOf(8, 15);
    const out = new Float64Array(17);
    for (let code = 0; code <= channel.top; code++) {
      out.fill(Number.NaN);
      channel.assignInto(code, createStream("coins", code), out, 1);
      const [lower, upper, up] = ends(channel, code);
      const draws = [...out.subarray(1, 16)];
      expect(draws.filter((draw) => Math.abs(draw - upper) < 1e-12)).toHaveLength(up);
      expect(draws.filter((draw) => Math.abs(draw - lower) < 1e-12)).toHaveLength(15 - up);
      expect([out[0], out[16]]).toEqual([Number.NaN, Number.NaN]);
      const again = new Float64Array(17).fill(Number.NaN);
      channel.assignInto(code, createStream("coins", code), again, 1);
      expect(again).toEqual(out);
    }
  });

  it("refuses more draws than the code carries", () => {
    expect(() => channelOf(4, 2).assignInto(1, createStream("c"), new Float64Array(3), 0, 3)).toThrow(RangeError);
  });
});

describe("decoders that must fail, rejected by the same test", () => {
  it("a fixed order: the ups first", () => {
    const fixed: Assign = (channel, codes, _coins, out) => {
      for (const [i, code] of codes.entries()) {
        const [lower, upper, up] = ends(channel, code);
        for (const draw of [0, 1]) out[2 * i + draw] = draw < up ? upper : lower;
      }
    };
    expect(worstScore(channelOf(4, 2), fixed)).toBeGreaterThan(5);
  });

  it("one coin shared by all coordinates of a row", () => {
    const shared: Assign = (channel, codes, coins, out) => {
      const coin = coins.word();
      const same: Stream = { word: () => coin, uniform: () => (coin + 0.5) / 2 ** 32 };
      for (const [i, code] of codes.entries()) channel.assignInto(code, same, out, 2 * i, 2);
    };
    expect(worstScore(channelOf(4, 2), shared)).toBeGreaterThan(5);
  });

  it("one uniform for both draws", () => {
    const once: Encode = (channel, value, draws) => {
      const word = draws.word();
      return channel.encode(value, { word: () => word, uniform: () => (word + 0.5) / 2 ** 32 });
    };
    expect(worstScore(channelOf(4, 2), honest, once)).toBeGreaterThan(5);
  });

  it("the mean for both draws, d ignored", () => {
    const mean: Assign = (channel, codes, _coins, out) => {
      for (const [i, code] of codes.entries()) out.fill(channel.mean(code), 2 * i, 2 * i + 2);
    };
    expect(worstScore(channelOf(4, 2), mean)).toBeGreaterThan(5);
  });
});
