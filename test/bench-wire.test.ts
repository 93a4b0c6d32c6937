import { createDeadBand, createStream } from "@zipml/codec";
import { leastSquares, weightsOf } from "@zipml/gateway/train";
import { describe, expect, it } from "vitest";
import { goal, riskOf, seededRisk } from "../bench/wire/candidate.ts";
import { createJudge, lagSums, lags, learn, meanSquareError, trainEnd } from "../bench/wire/lag-model.ts";
import { decimalsOf, gorillaBits } from "../bench/wire/lossless.ts";
import { deadBand, deadBandSettings, latticesOf } from "../bench/wire/lossy.ts";
import { ourDeadBandCandidates } from "../bench/wire/our-dead-band.ts";
import { differenceBits, differenceBytes, riceBits, zigzag } from "../bench/wire/rice-bits.ts";
import { embeddedSeries, messagesOf } from "../bench/wire/series.ts";
import { createLink } from "../bench/wire/transport.ts";

const [smooth, rough] = embeddedSeries(4000);
if (smooth === undefined || rough === undefined) throw new RangeError("there is an embedded series");
const [readings = new Float64Array()] = smooth.segments;

/** Rows of six lags and the reading after them, one by one. */
function rowsOf(segments: readonly Float64Array[], part: "train" | "test"): number[][] {
  return segments.flatMap((segment) =>
    Array.from(segment, (_, t) => Array.from(segment.slice(t - lags, t + 1)).reverse())
      .map(([next = 0, ...before], t) => ({ row: [...before, next], t }))
      .filter(({ t }) => t >= lags && t < trainEnd(segment.length) === (part === "train"))
      .map(({ row }) => row),
  );
}

describe("the forecast", () => {
  const segments = [readings.slice(0, 900), readings.slice(900, 2000)];
  const train = rowsOf(segments, "train");
  const task = {
    features: Array.from({ length: lags }, (_, i) => ({ name: `lag${i + 1}`, unit: "", column: i })),
    target: { name: "next", unit: "", column: lags },
  };

  it("is the gateway's least squares over rows that lie within one device", () => {
    const forecast = learn(lagSums(segments, "train", 17));
    const { intercept, weights } = weightsOf(leastSquares(Float64Array.from(train.flat()), lags + 1, task));
    expect(forecast?.intercept).toBeCloseTo(intercept, 8);
    for (const [i, weight] of Object.values(weights).entries()) expect(forecast?.weights[i]).toBeCloseTo(weight, 8);
  });

  it("is tested on the last quarter of each device", () => {
    const forecast = learn(lagSums(segments, "train", 17));
    if (forecast === undefined) throw new RangeError("there is a forecast");
    const test = rowsOf(segments, "test");
    const errors = test.map((row) =>
      row.reduce(
        (sum, value, i) => sum + (i === lags ? value : -value * (forecast.weights[i] ?? 0)),
        -forecast.intercept,
      ),
    );
    const mean = errors.reduce((sum, error) => sum + error * error, 0) / errors.length;
    expect(meanSquareError(lagSums(segments, "test", 17), forecast)).toBeCloseTo(mean, 10);
  });
});

describe("the judge", () => {
  const [values = new Float64Array()] = rough.segments;
  const judge = createJudge([values], 0.01);
  const noisy = (seed: number, step: number, corrected: boolean): number => {
    const stream = createStream("test/bench-wire/noise", seed);
    const noise = values.map((value) => value + step * (stream.uniform() - 0.5));
    const spreads = corrected ? [new Float64Array(values.length).fill((step * step) / 12)] : undefined;
    return judge?.excess(judge.sumsOf([noise], spreads)) ?? Number.NaN;
  };

  it("says 0 of exact readings", () => {
    expect(judge?.excess(judge.sumsOf([values]))).toBe(0);
  });

  it("plans a step whose measured excess is the goal, and tells noise that is not corrected", () => {
    const step = judge?.step ?? 0;
    const { mean, error } = riskOf(Array.from({ length: 40 }, (_, seed) => noisy(seed, step, true)));
    // The test rows are others than those the formula expects it on.
    expect(Math.abs(mean - 0.01)).toBeLessThan(5 * error + 0.003);
    const plain = riskOf(Array.from({ length: 40 }, (_, seed) => noisy(seed, step, false)));
    expect(plain.mean - 0.01).toBeGreaterThan(5 * plain.error + 0.003);
  });

  it("has nothing to say of a series that stands still", () => {
    expect(createJudge([new Float64Array(500).fill(3)], 0.01)).toBeUndefined();
  });

  it("leaves a setting far from the goal, and no other", () => {
    let calls = 0;
    const count = (value: number) => () => {
      calls += 1;
      return value + (calls % 2) * 1e-6;
    };
    expect(seededRisk(20, count(1)).mean).toBeCloseTo(1, 4);
    expect(calls).toBe(5);
    seededRisk(20, count(goal.excess));
    expect(calls).toBe(25);
    expect(seededRisk(20, () => Number.POSITIVE_INFINITY).mean).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("peers written here", () => {
  it("Gorilla as its paper has it", () => {
    expect(gorillaBits([12, 12, 12, 12], 64)).toBe(64 + 3);
    // 12 ^ 24 as float64 has 11 leading zeros and one bit; 24 ^ 15, 15 ^ 12: the figures of the paper's table.
    const window = 2 + 5 + 6;
    expect(gorillaBits([12, 24], 64)).toBe(64 + window + 1);
    expect(gorillaBits([12, 24, 12], 64)).toBe(64 + window + 1 + 2 + 1);
  });

  it("finds decimals and their unit", () => {
    expect(decimalsOf(Float64Array.of(0.3, -1.5, 0.9))).toEqual({ places: 1, unit: 3, numbers: [1, -5, 3] });
    expect(decimalsOf(Float64Array.of(1 / 3))).toBeUndefined();
  });

  it("counts Rice bits, and writes differences that can be read again", () => {
    expect(riceBits([0, 0, 0, 1])).toBe(4 + 5);
    expect(riceBits([8, 9, 10, 11])).toBe(4 + 4 * 5);
    expect(differenceBits([5, 5, 5])).toBe(5 + 4 + 4 + 2);
    expect([0, -1, 1, -2].map(zigzag)).toEqual([0, 1, 2, 3]);
    expect(Array.from(differenceBytes([1, -99]))).toEqual([2, 199 - 128 + 128, 1]);
  });

  it("dead-band holds a reading until one is further away than the threshold", () => {
    const some = readings.slice(0, 400);
    const { numbers, sent } = deadBand(some, 0.5, 0.1);
    for (const [t, value] of some.entries()) {
      const held = (numbers[t] ?? 0) * 0.1;
      expect(Math.abs(held - value)).toBeLessThanOrEqual(sent[t] === 1 ? 0.05 + 1e-9 : 0.5);
    }
    expect(sent.reduce((sum, flag) => sum + flag, 0)).toBeLessThan(some.length / 2);
  });
});

describe("our dead-band", () => {
  it("tells what the peer's rule leaves", () => {
    const band = { threshold: 0.35, resolution: 0.2 };
    const { tell } = createDeadBand({ channels: [{ name: "x" }] }, { x: band });
    const told = Array.from(readings, (value) => tell(Float64Array.of(value))[0] ?? Number.NaN);
    const { numbers } = deadBand(readings, band.threshold, band.resolution);
    for (const [t, value] of told.entries()) expect(value).toBeCloseTo(0.2 * (numbers[t] ?? 0), 9);
  });

  it("sends a frame for every batch, also where nothing has changed", () => {
    const judge = createJudge([readings], goal.excess);
    if (judge === undefined) throw new RangeError("there is a judge");
    const low = Math.min(...readings);
    const high = Math.max(...readings);
    const subject = { series: { ...smooth, segments: [readings] }, judge, low, high, scales: [1], seeds: 2 };
    const settings = deadBandSettings(subject);
    const ours = ourDeadBandCandidates(subject, settings, latticesOf(subject));
    expect(new Set(ours.map(({ way }) => way))).toEqual(new Set(["our dead-band, exact", "our dead-band, arithmetic"]));
    for (const { bytes } of ours)
      for (const message of messagesOf(subject.series, 256, 4)) expect(bytes(message)).toBeGreaterThan(10);
  });
});

describe("on the wire", () => {
  it("counts MQTT, TCP and TLS to the byte", () => {
    const { mqtt3, mqtt5, mqtt3tls, mqtt5tls } = createLink("a/topic")(100);
    const three = 2 + 2 + 7 + 2 + 100;
    const five = 2 + 2 + 2 + 1 + 3 + 100;
    expect([mqtt3, mqtt5, mqtt3tls, mqtt5tls]).toEqual([three + 40, five + 40, three + 62, five + 62]);
    expect(createLink("a/topic")(3000).mqtt3).toBe(3 + 2 + 7 + 2 + 3000 + 3 * 40);
  });

  it("cuts each device into messages, the last one shorter, and samples them evenly", () => {
    const cut = messagesOf({ ...smooth, segments: [readings.slice(0, 20), readings.slice(0, 9)] }, 8, 100);
    expect(cut.map(({ values, segment, sequence }) => [values.length, segment, sequence])).toEqual([
      [8, 0, 0],
      [8, 0, 1],
      [4, 0, 2],
      [8, 1, 0],
      [1, 1, 1],
    ]);
    expect(messagesOf(smooth, 8, 5)).toHaveLength(5);
  });
});
