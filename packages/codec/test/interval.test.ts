import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ChannelGrid,
  createQuantizer,
  createStream,
  decodeBody,
  defineGrid,
  defineSchema,
  encodeBody,
  type Grid,
  GridError,
  intervalCount,
  levelPoints,
  levelsRange,
  uniformGrid,
} from "../src/index.ts";
import { intervalQuantizer } from "../src/interval.ts";
import { createTally, meanScore } from "./support/statistics.ts";

const even = (bits: number, samples: number, low = -1, high = 1): ChannelGrid => ({
  bits,
  samples,
  levels: { kind: "uniform", low, high },
});
const uneven = (bits: number, samples: number, points: readonly number[]): ChannelGrid => ({
  bits,
  samples,
  levels: { kind: "points", points },
});

function gridOf(channels: readonly ChannelGrid[]): Grid {
  const schema = defineSchema(
    channels.map(({ levels }, c) => ({ name: `c${c}`, unit: "", range: levelsRange(levels), role: "feature" })),
  );
  return defineGrid(schema, { epoch: 0, scheme: "interval", coding: "packed", channels });
}

const shapes: readonly ChannelGrid[] = [
  even(1, 1),
  even(3, 1, -20, 50),
  even(4, 2),
  even(8, 1, 0, 100),
  even(8, 15),
  even(4, 15),
  even(16, 1),
  uneven(4, 1, [0, 0.1, 12.5, 90]),
  uneven(5, 2, [-3, -1, 0, 0.5, 4]),
];

describe("intervalCount of scheme interval", () => {
  it("is ⌊2^b/(k + 1)⌋: every interval has k + 1 codes", () => {
    const count = (bits: number, samples: number): number => intervalCount(bits, samples, "interval");
    expect([count(1, 1), count(4, 1), count(8, 1), count(8, 2), count(4, 15)]).toEqual([1, 8, 128, 85, 1]);
    expect(() => count(3, 8)).toThrow(GridError);
  });
});

describe("intervalQuantizer", () => {
  it.each(shapes)("has k + 1 codes an interval and no other: $bits bits, $samples draws", (shape) => {
    const channel = intervalQuantizer(shape);
    const levels = levelPoints(shape.levels, channel.intervals);
    expect(channel.intervals).toBe(levels.length - 1);
    expect(channel.top).toBe((shape.samples + 1) * channel.intervals - 1);
    expect(channel.top).toBeLessThan(2 ** shape.bits);
    for (let code = 0; code <= channel.top; code += channel.top > 1000 ? 997 : 1) {
      const j = Math.floor(code / (shape.samples + 1));
      const [lower, upper] = channel.ends(code);
      expect([lower, upper]).toEqual([levels[j], levels[j + 1]]);
      const u = code % (shape.samples + 1);
      const [width, k] = [upper - lower, shape.samples];
      expect(channel.mean(code)).toBeCloseTo(lower + (u / k) * width, 9);
      const d = k > 1 ? (width ** 2 * u * (k - u)) / (k * k * (k - 1)) : 0;
      expect(channel.spread(code)).toBeCloseTo(d, 9);
    }
  });

  it("shows the interval of the value whatever its draws, and lies between its ends", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...shapes),
        fc.double({ min: -0.1, max: 1.1, noNaN: true }),
        fc.nat(),
        (shape, share, seed) => {
          const channel = intervalQuantizer(shape);
          const value = channel.low + share * (channel.high - channel.low);
          const clipped = Math.min(Math.max(value, channel.low), channel.high);
          const draws = createStream("interval", seed);
          const ends = Array.from({ length: 10 }, () => channel.ends(channel.encode(value, draws)));
          for (const [lower, upper] of ends) {
            expect([lower, upper]).toEqual(ends[0]);
            const rounding = 1e-12 * (channel.high - channel.low); // of a position that is computed
            expect(clipped).toBeGreaterThanOrEqual(lower - rounding);
            expect(clipped).toBeLessThanOrEqual(upper + rounding);
          }
        },
      ),
      { numRuns: 150, seed: 11 },
    );
  });

  it("gives a value on a level the interval above it, the highest level the last, and no draw", () => {
    for (const shape of shapes) {
      const channel = intervalQuantizer(shape);
      if (channel.intervals > 1000) continue;
      const draws = createStream("levels");
      for (const [j, level] of levelPoints(shape.levels, channel.intervals).entries()) {
        const base = Math.min(j, channel.intervals - 1);
        const code = channel.encode(level, draws);
        const off = Math.abs(channel.mean(code) - level);
        expect(off).toBeLessThanOrEqual(1e-9 * (channel.high - channel.low));
        if (shape.levels.kind === "points") expect(Math.floor(code / (shape.samples + 1))).toBe(base);
      }
    }
  });

  it("has draws whose mean is the value: 5 standard errors", () => {
    const channel = intervalQuantizer(even(4, 3, 0, 10));
    const draws = createStream("interval/mean");
    const coins = createStream("interval/coins");
    for (const value of [0.7, 3.3, 4.99, 9.2]) {
      const [lower, upper] = channel.ends(channel.encode(value, draws));
      const p = (value - lower) / (upper - lower);
      const variance = (p * (1 - p) * (upper - lower) ** 2) / 3;
      const tally = createTally(value);
      const square = createTally(value ** 2);
      const first = createTally(value);
      const pair = new Float64Array(2);
      for (let i = 0; i < 8_000; i++) {
        const code = channel.encode(value, draws);
        tally.add(channel.mean(code));
        square.add(channel.mean(code) ** 2 - channel.spread(code));
        channel.assignInto(code, coins, pair, 0, 2);
        first.add(pair[0] as number);
      }
      expect(meanScore(tally, { mean: value, variance, fourth: 0 })).toBeLessThan(5);
      expect(meanScore(first, { mean: value, variance: 3 * variance, fourth: 0 })).toBeLessThan(5);
      const moments = { mean: value ** 2, variance: square.variance, fourth: 0 };
      expect(meanScore(square, moments)).toBeLessThan(5);
    }
  });
});

describe("a grid of scheme interval", () => {
  const schema = defineSchema([
    { name: "a", unit: "", range: [-1, 1], role: "feature" },
    { name: "b", unit: "", range: [0, 5], role: "target" },
  ]);

  it("has one draw a feature unless more are asked for", () => {
    const grid = uniformGrid(schema, { scheme: "interval", bits: 6 });
    expect(grid).toMatchObject({ scheme: "interval", channels: [{ bits: 6, samples: 1 }, { samples: 1 }] });
    expect(grid.seed).toBeUndefined();
  });

  it("refuses a seed, widths without an interval and more points than it can tell apart", () => {
    const refused = (...channels: ChannelGrid[]): unknown => expect(() => gridOf(channels)).toThrow(GridError);
    refused(even(2, 4));
    refused(uneven(2, 1, [0, 1, 2, 3])); // two intervals, where count would have three
    expect(gridOf([uneven(2, 1, [0, 1, 2])]).channels).toHaveLength(1);
    expect(() => defineGrid(schema, { ...uniformGrid(schema, { scheme: "interval" }), seed: "s" })).toThrow(GridError);
    const quantizer = createQuantizer(uniformGrid(schema, { scheme: "interval" }));
    const place = { key: [1, 2] as const, sequence: 0 };
    expect(() => quantizer.encode([0, 1], place)).toThrow(expect.objectContaining({ code: "scheme" }));
    expect(() => quantizer.squaresInto(new Uint16Array(2), new Float64Array(2))).toThrow(
      expect.objectContaining({ code: "shape" }),
    );
    expect(() => quantizer.encode([0, Number.NaN], createStream("n"))).toThrow(
      expect.objectContaining({ code: "non-finite", row: 0, channel: 1 }),
    );
  });

  it.each(["packed", "rice", "arithmetic"] as const)("goes through a body of coding %s unchanged", (coding) => {
    const quantizer = createQuantizer(gridOf(shapes));
    const draws = createStream("interval/body");
    const values = Array.from({ length: 40 }, (_, r) =>
      quantizer.channels.map(({ low, high }) => low + ((r % 7) / 6 + r / 400) * 0.9 * (high - low)),
    ).flat();
    const { codes } = quantizer.encode(values, draws);
    const encoded = encodeBody({ codes }, quantizer, coding);
    const decoded = decodeBody({ ...encoded, rows: 40 }, quantizer);
    expect(decoded).toEqual({ kind: "codes", codes });
  });

  it("counts what it clips, and shows the end interval for it", () => {
    const quantizer = createQuantizer(gridOf([even(4, 1)]));
    const { codes, clipped } = quantizer.encode([-7, 7, 0.99], createStream("clip"));
    expect([...clipped]).toEqual([2]);
    expect([...codes].slice(0, 2)).toEqual([0, 15]);
    expect(quantizer.channels[0]?.ends?.(15)).toEqual([0.75, 1]);
  });
});
