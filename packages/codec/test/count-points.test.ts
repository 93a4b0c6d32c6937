import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChannelQuantizer } from "../src/channel-quantizer.ts";
import { countQuantizer } from "../src/count.ts";
import { intervalCount } from "../src/levels.ts";
import { createStream } from "../src/stream.ts";
import { constantStream, widthsAndSamples } from "./support/grids.ts";
import { binomial, createTally, type Law, meanScore, moments, varianceScore } from "./support/statistics.ts";

const channelOf = (bits: number, samples: number, points: readonly number[]): ChannelQuantizer =>
  countQuantizer({ bits, samples, levels: { kind: "points", points } });

/** Ascending levels from −1 to 1 with gaps that differ by orders of magnitude; at most 40, which keeps tests quick. */
function unequal(bits: number, samples: number, name = ""): number[] {
  const stream = createStream(`points/${bits}/${samples}/${name}`);
  const intervals = Math.min(40, intervalCount(bits, samples));
  const gaps = Array.from({ length: intervals }, () => stream.uniform() ** 4 + 1e-3);
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  let at = -1;
  const inner = gaps.slice(0, -1).map((gap) => {
    at += (2 * gap) / total;
    return at;
  });
  return [-1, ...inner, 1];
}

/** What the definition says of one draw of a value, found by looking at every interval in turn. */
function drawOf(points: readonly number[], value: number): { base: number; p: number; v: number } {
  const base = points.findLastIndex((point, j) => j < points.length - 1 && point <= value);
  const [lower = 0, upper = 0] = [points[base], points[base + 1]];
  return { base, p: (value - lower) / (upper - lower), v: (upper - value) * (value - lower) };
}

function lawOf(k: number, points: readonly number[], value: number, f: (code: number) => number): Law {
  const { base, p } = drawOf(points, value);
  return binomial(k, p).map((probability, u) => [probability, f(k * base + u)] as const);
}

const squareOf = (channel: ChannelQuantizer) => (code: number) => channel.mean(code) ** 2 - channel.spread(code);

describe("count on levels given one by one", () => {
  it("has as many codes as the levels need, not as the width allows", () => {
    const channel = channelOf(8, 2, [0, 1, 10]);
    expect([channel.intervals, channel.top, channel.low, channel.high, channel.even]).toEqual([2, 4, 0, 10, false]);
    expect([0, 1, 2, 3, 4].map((code) => channel.mean(code))).toEqual([0, 0.5, 1, 5.5, 10]);
    expect([0, 1, 2, 3, 4].map((code) => channel.spread(code))).toEqual([0, 0.25, 0, 81 / 4, 0]);
    expect([0, 1, 2, 3].map(channelOf(4, 3, [0, 3, 12]).spread)).toEqual([0, 1, 1, 0]);
    expect(channelOf(4, 1, [0, 3, 12]).spread(1)).toBe(0);
  });

  it("decodes exactly the levels, the last one too", () => {
    for (const [bits, samples] of widthsAndSamples) {
      const points = unequal(bits, samples);
      const channel = channelOf(bits, samples, points);
      for (const [j, point] of points.entries()) {
        expect(channel.mean(samples * j)).toBe(point);
        for (const word of [0, 0xffffffff]) expect(channel.encode(point, constantStream(word))).toBe(samples * j);
      }
    }
  });

  it("has E[m] = v, Var m = v_i/k and E[m² − d] = v² by enumeration, for every width and number of draws", () => {
    for (const [bits, samples] of widthsAndSamples) {
      const points = unequal(bits, samples);
      const channel = channelOf(bits, samples, points);
      for (const value of [-1, -0.9999, -0.3, 0.0123, 0.777, 0.9999, 1]) {
        const { v } = drawOf(points, value);
        const mean = moments(lawOf(samples, points, value, channel.mean));
        expect(mean.mean).toBeCloseTo(value, 12);
        expect(mean.variance).toBeCloseTo(v / samples, 12);
        if (samples > 1)
          expect(moments(lawOf(samples, points, value, squareOf(channel))).mean).toBeCloseTo(value ** 2, 12);
      }
    }
  });

  it("encodes into the interval that the definition names, within reach of both of its ends", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...widthsAndSamples),
        fc.double({ min: -1, max: 1, noNaN: true }),
        ([bits, k], value) => {
          const points = unequal(bits, k);
          const channel = channelOf(bits, k, points);
          const { base, p } = drawOf(points, value);
          fc.pre(p > 1e-6 && p < 1 - 1e-6);
          expect(channel.encode(value, constantStream(0))).toBe(k * (base + 1));
          expect(channel.encode(value, constantStream(0xffffffff))).toBe(k * base);
        },
      ),
      { numRuns: 1000, seed: 5 },
    );
  });

  it("agrees with equal levels where the points are equal", () => {
    const even = countQuantizer({ bits: 4, samples: 2, levels: { kind: "uniform", low: 0, high: 7 } });
    const points = channelOf(4, 2, [0, 1, 2, 3, 4, 5, 6, 7]);
    const [left, right] = [createStream("same"), createStream("same")];
    for (const value of [-1, 0, 0.3, 3, 4.75, 6.999, 7, 8])
      expect(points.encode(value, left)).toBe(even.encode(value, right));
    for (let code = 0; code <= 14; code++)
      expect([points.mean(code), points.spread(code)]).toEqual([even.mean(code), even.spread(code)]);
  });

  it("clips, uses k words whatever the value, and assigns draws without replacement", () => {
    const channel = channelOf(6, 3, [-2, -1, 5]);
    expect([-9, -2, 5, 9].map((value) => channel.encode(value, createStream("ends")))).toEqual([0, 0, 6, 6]);
    for (const value of [-9, -2, 0, 5]) {
      const [used, plain] = [createStream("w"), createStream("w")];
      channel.encode(value, used);
      for (let i = 0; i < 3; i++) plain.word();
      expect(used.word()).toBe(plain.word());
    }
    const out = new Float64Array(3);
    for (const [code, drawn] of [
      [0, [-2, -2, -2]],
      [2, [-2, -1, -1]],
      [4, [-1, -1, 5]],
      [6, [5, 5, 5]],
    ] as const) {
      channel.assignInto(code, createStream(`coins/${code}`), out);
      expect([...out].sort((a, b) => a - b)).toEqual(drawn);
    }
    expect(() => channel.assignInto(2, createStream("c"), out, 0, 4)).toThrow(RangeError);
  });
});

describe("draws of Philox on unequal levels, 5 standard errors around exact mean and variance", () => {
  const n = 60_000;
  it.each([
    [1, 1, 0.37],
    [3, 1, -0.61],
    [4, 2, -0.93],
    [4, 3, 0.05],
    [8, 15, -0.123],
    [16, 2, 0.123456789],
  ])("%d bits, %d draws, value %d", (bits, samples, value) => {
    const points = unequal(bits, samples, "law");
    const channel = channelOf(bits, samples, points);
    const draws = createStream(`points/draws/${bits}/${samples}`);
    const meanLaw = moments(lawOf(samples, points, value, channel.mean));
    const squareLaw = moments(lawOf(samples, points, value, squareOf(channel)));
    const [mean, square] = [createTally(value), createTally(squareLaw.mean)];
    for (let i = 0; i < n; i++) {
      const code = channel.encode(value, draws);
      mean.add(channel.mean(code));
      square.add(squareOf(channel)(code));
    }
    expect(meanScore(mean, meanLaw)).toBeLessThan(5);
    expect(varianceScore(mean, meanLaw)).toBeLessThan(5);
    expect(meanScore(square, squareLaw)).toBeLessThan(5);
    if (samples > 1) expect(squareLaw.mean).toBeCloseTo(value ** 2, 12);
  });

  it("rejects a threshold taken from equal intervals by the same test", () => {
    const points = [-1, 0.5, 1];
    const channel = channelOf(3, 2, points);
    const exact = moments(lawOf(2, points, 0, channel.mean));
    const draws = createStream("wrong");
    const tally = createTally(0);
    for (let i = 0; i < n; i++) {
      let up = 0;
      for (let draw = 0; draw < 2; draw++) if (draws.uniform() < 0.5) up += 1; // 2/3 would be right
      tally.add(channel.mean(up));
    }
    expect(meanScore(tally, exact)).toBeGreaterThan(5);
  });
});
