import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChannelQuantizer } from "../src/channel-quantizer.ts";
import { countQuantizer } from "../src/count.ts";
import { levelPoints } from "../src/levels.ts";
import { createStream } from "../src/stream.ts";
import { constantStream, widthsAndSamples } from "./support/grids.ts";
import { binomial, createTally, type Law, meanScore, moments, varianceScore } from "./support/statistics.ts";

const channelOf = (bits: number, samples: number, low = -1, high = 1): ChannelQuantizer =>
  countQuantizer({ bits, samples, levels: { kind: "uniform", low, high } });

/** Interval, probability of going up and exact variance of one draw of a value. */
function drawOf(
  channel: ChannelQuantizer,
  value: number,
): { base: number; p: number; lower: number; upper: number; v: number } {
  const { low, high, intervals: s } = channel;
  const base = Math.min(Math.floor(((value - low) / (high - low)) * s), s - 1);
  const points = levelPoints({ kind: "uniform", low, high }, s);
  const [lower = 0, upper = 0] = [points[base], points[base + 1]];
  return { base, lower, upper, p: (value - lower) / (upper - lower), v: (upper - value) * (value - lower) };
}

/** The exact law of f(code), the code being k·base + u with u binomial. */
function lawOf(channel: ChannelQuantizer, value: number, f: (code: number) => number): Law {
  const { base, p } = drawOf(channel, value);
  return binomial(channel.samples, p).map((probability, u) => [probability, f(channel.samples * base + u)] as const);
}

const squareOf = (channel: ChannelQuantizer) => (code: number) => channel.mean(code) ** 2 - channel.spread(code);

describe("countQuantizer", () => {
  it("keeps codes in range for every width and number of draws, whatever the value and the words", () => {
    for (const [bits, samples] of widthsAndSamples) {
      const channel = channelOf(bits, samples, -2, 3);
      expect(channel.top).toBe(samples * channel.intervals);
      expect(channel.top).toBeLessThan(2 ** bits);
      for (const value of [-1e300, -2, -1.999, 0, 0.1, 2.999999, 3, 1e300])
        for (const word of [0, 0x80000000, 0xffffffff]) {
          const code = channel.encode(value, constantStream(word));
          expect(Number.isInteger(code) && code >= 0 && code <= channel.top).toBe(true);
        }
    }
  });

  it("leaves nothing to chance on a level: all zeros and all ones give the same code", () => {
    for (const [bits, samples] of widthsAndSamples) {
      const channel = channelOf(bits, samples, -1.5, 2.25);
      const { intervals: s } = channel;
      const points = levelPoints({ kind: "uniform", low: -1.5, high: 2.25 }, s);
      for (const j of new Set([0, 1, s >> 1, s - 1, s].filter((level) => level >= 0 && level <= s)))
        for (const word of [0, 0xffffffff])
          expect(channel.encode(points[j] as number, constantStream(word))).toBe(samples * j);
    }
  });

  it("puts every other value strictly inside its interval within reach of both ends", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...widthsAndSamples),
        fc.double({ min: -1, max: 1, noNaN: true }),
        ([bits, k], value) => {
          const channel = channelOf(bits, k);
          const { base, p } = drawOf(channel, value);
          fc.pre(p > 1e-6 && p < 1 - 1e-6);
          expect(channel.encode(value, constantStream(0))).toBe(k * (base + 1));
          expect(channel.encode(value, constantStream(0xffffffff))).toBe(k * base);
        },
      ),
      { numRuns: 2000, seed: 3 },
    );
  });

  it("uses k words whatever the value, so that later values keep their words", () => {
    for (const value of [-9, -1, 0.3, 1, 9]) {
      const [used, plain] = [createStream("w"), createStream("w")];
      channelOf(8, 7).encode(value, used);
      for (let i = 0; i < 7; i++) plain.word();
      expect(used.word()).toBe(plain.word());
    }
  });

  it("decodes the ends, the empty range and the formula of m and d", () => {
    const channel = channelOf(4, 2, 0, 7); // levels 0 … 7, so δ = 1
    expect([0, 1, 2, 13, 14].map(channel.mean)).toEqual([0, 0.5, 1, 6.5, 7]);
    expect([0, 1, 2, 13, 14].map(channel.spread)).toEqual([0, 0.25, 0, 0.25, 0]);
    const three = channelOf(4, 3, 0, 5);
    expect([0, 1, 2, 3].map(three.spread)).toEqual([0, 2 / 18, 2 / 18, 0]);
    const empty = channelOf(4, 2, 5, 5);
    expect(empty.encode(5, createStream("e"))).toBe(0);
    expect([empty.mean(0), empty.spread(1)]).toEqual([5, 0]);
    expect(channelOf(8, 1).spread(77)).toBe(0);
  });

  it("has E[m] = v, Var m = v_i/k and E[m² − d] = v² by enumeration, for every width and number of draws", () => {
    for (const [bits, samples] of widthsAndSamples) {
      const channel = channelOf(bits, samples, -0.7, 1.3);
      for (const value of [-0.7, -0.3, 0.0123, 0.777, 1.29, 1.3]) {
        const { v } = drawOf(channel, value);
        const mean = moments(lawOf(channel, value, channel.mean));
        expect(mean.mean).toBeCloseTo(value, 12);
        expect(mean.variance).toBeCloseTo(v / samples, 12);
        if (samples > 1) expect(moments(lawOf(channel, value, squareOf(channel))).mean).toBeCloseTo(value ** 2, 12);
      }
    }
  });

  it("at k = 2 has Var(m² − d) = 2a²v + v² by enumeration", () => {
    for (const bits of [2, 3, 4, 8])
      for (const value of [-0.95, -0.2, 0.1, 0.6]) {
        const channel = channelOf(bits, 2);
        const { v } = drawOf(channel, value);
        const { variance } = moments(lawOf(channel, value, squareOf(channel)));
        expect(variance).toBeCloseTo(2 * value ** 2 * v + v ** 2, 12);
      }
  });
});

describe("draws of Philox, 5 standard errors around exact mean and variance", () => {
  const n = 60_000;
  it.each([
    [1, 1, 0.37],
    [3, 1, -0.61],
    [2, 2, 0.37],
    [4, 2, -0.93],
    [4, 3, 0.05],
    [5, 7, 0.71],
    [8, 15, -0.123],
    [16, 2, 0.123456789],
  ])("%d bits, %d draws, value %d", (bits, samples, value) => {
    const channel = channelOf(bits, samples);
    const draws = createStream(`count/${bits}/${samples}/${value}`);
    const { v } = drawOf(channel, value);
    const meanLaw = moments(lawOf(channel, value, channel.mean));
    const squareLaw = moments(lawOf(channel, value, squareOf(channel)));
    const mean = createTally(value);
    const square = createTally(squareLaw.mean);
    for (let i = 0; i < n; i++) {
      const code = channel.encode(value, draws);
      mean.add(channel.mean(code));
      square.add(squareOf(channel)(code));
    }
    expect(meanLaw.variance).toBeCloseTo(v / samples, 12);
    expect(meanScore(mean, meanLaw)).toBeLessThan(5);
    expect(varianceScore(mean, meanLaw)).toBeLessThan(5);
    expect(meanScore(square, squareLaw)).toBeLessThan(5);
    expect(varianceScore(square, squareLaw)).toBeLessThan(5);
    if (samples > 1) expect(squareLaw.mean).toBeCloseTo(value ** 2, 12);
  });

  it("rejects a clipped value: it is biased by what was cut off", () => {
    const channel = channelOf(4, 2);
    const draws = createStream("clipped");
    const tally = createTally(1.05);
    for (let i = 0; i < 1000; i++) tally.add(channel.mean(channel.encode(1.05, draws)));
    expect(tally.mean).toBeCloseTo(1, 9);
    expect(meanScore(tally, { mean: 1.05, variance: drawOf(channel, 0.99).v / 2, fourth: 0 })).toBeGreaterThan(5);
  });

  it("rejects rounding to the nearest level by the same test", () => {
    const channel = channelOf(3, 2);
    const value = 0.37;
    const exact = moments(lawOf(channel, value, channel.mean));
    const { lower, upper, p } = drawOf(channel, value);
    const tally = createTally(value);
    for (let i = 0; i < n; i++) tally.add(p > 0.5 ? upper : lower);
    expect(meanScore(tally, exact)).toBeGreaterThan(5);
  });
});
