import { describe, expect, it } from "vitest";
import {
  createHistogram,
  type Histogram,
  judgeLevels,
  LevelError,
  levelVariance,
  padLevels,
  solveLevels,
  spreadVariance,
  uniformLevels,
} from "../../src/levels/index.ts";
import { normal, uniformSource } from "./shapes.ts";

const range = { low: -10, high: 10 };

function late(
  bins: number,
  size: number,
  mean: number,
  deviation: number,
): { histogram: Histogram; data: Float64Array } {
  const next = uniformSource(`drift/${bins}/${size}/${mean}`);
  const data = Float64Array.from({ length: size }, () => mean + deviation * normal(next));
  const histogram = createHistogram({ ...range, bins });
  histogram.addAll(data);
  return { histogram, data };
}

describe("variance of spread bins", () => {
  it.each([
    [256, 16],
    [4096, 256],
    [256, 256],
    [64, 200],
  ])("%i bins, %i levels: what the readings themselves have", (bins, count) => {
    const { histogram, data } = late(bins, 200_000, 1, 2);
    for (const levels of [
      uniformLevels(-10, 10, count),
      solveLevels(data.slice(0, 5000), { count, range: [-10, 10] }).levels,
    ]) {
      const truth = levelVariance(data, levels);
      expect(Math.abs(spreadVariance(histogram, levels) / truth - 1)).toBeLessThan(0.05);
    }
  });

  it("is exact for readings that fill their bins evenly", () => {
    const histogram = createHistogram({ low: 0, high: 8, bins: 9 });
    histogram.addAll([1, 2, 2, 3]);
    const levels = [0, 2.25, 8];
    const fine = Float64Array.from({ length: 40_000 }, (_, i) => [1, 2, 2, 3][i % 4] as number).map(
      (value, i) => value - 0.5 + ((i >> 2) + 0.5) / 10_000,
    );
    expect(spreadVariance(histogram, levels)).toBeCloseTo(levelVariance(fine, levels), 6);
  });
});

describe("a verdict on levels", () => {
  it("leaves levels alone that were made from the same distribution", () => {
    for (const [bins, count] of [
      [256, 8],
      [256, 16],
      [4096, 64],
      [4096, 256],
    ] as const) {
      const { levels } = judgeLevels(late(bins, 50_000, 0, 1).histogram, uniformLevels(-10, 10, count), { share: 0.1 });
      const again = judgeLevels(late(bins, 50_001, 0, 1).histogram, levels, { share: 0.1 });
      expect(again.refit).toBe(false);
      expect(again.presentVariance).toBeLessThan(1.1 * again.newVariance);
    }
  });

  it("refits uniform levels, and levels whose distribution has moved", () => {
    const first = judgeLevels(late(256, 50_000, 0, 1).histogram, uniformLevels(-10, 10, 16), { share: 0.1 });
    expect(first.refit).toBe(true);
    expect(first.levels).toHaveLength(16);
    expect([first.levels[0], first.levels[15]]).toEqual([-10, 10]);
    const { histogram, data } = late(256, 50_000, 5, 1);
    const second = judgeLevels(histogram, first.levels, { share: 0.1 });
    expect(second.refit).toBe(true);
    expect(levelVariance(data, second.levels)).toBeLessThan(0.2 * levelVariance(data, first.levels));
    // The share decides.
    expect(judgeLevels(histogram, first.levels, { share: 1000 }).refit).toBe(false);
  });

  it("decides nothing on few readings, or none", () => {
    const present = uniformLevels(-10, 10, 8);
    const few = judgeLevels(late(256, 999, 0, 1).histogram, present, { share: 0.1 });
    expect(few).toMatchObject({ refit: false, levels: present, readings: 999 });
    expect(judgeLevels(late(256, 999, 0, 1).histogram, present, { share: 0.1, minimum: 999 }).refit).toBe(true);
    const none = judgeLevels(createHistogram({ ...range, bins: 256 }), present, { share: 0.1 });
    expect(none).toEqual({
      refit: false,
      levels: present,
      presentVariance: 0,
      newVariance: 0,
      readings: 0,
      clipped: 0,
    });
  });

  it("keeps number and ends of the levels where the readings have few values, and counts the clipped", () => {
    const histogram = createHistogram({ ...range, bins: 256 });
    histogram.addAll(new Float64Array(5000).fill(2.3));
    histogram.addAll([-11, 12, 30]);
    const { levels, refit, clipped, readings } = judgeLevels(histogram, uniformLevels(-10, 10, 16), { share: 0.1 });
    expect(levels).toHaveLength(16);
    expect([levels[0], levels[15]]).toEqual([-10, 10]);
    expect({ refit, clipped, readings }).toEqual({ refit: true, clipped: 3, readings: 5003 });
  });

  it("refuses levels that are none and shares that are none", () => {
    const { histogram } = late(256, 100, 0, 1);
    expect(() => judgeLevels(histogram, [1], { share: 0.1 })).toThrow(LevelError);
    expect(() => judgeLevels(histogram, [1, 2], { share: -1 })).toThrow(RangeError);
    expect(() => judgeLevels(histogram, [1, 2], { share: Number.NaN })).toThrow(RangeError);
  });
});

describe("padding", () => {
  it("halves the widest interval until there are enough, and moves nothing", () => {
    expect([...padLevels([0, 1, 9], 5)]).toEqual([0, 1, 3, 5, 9]);
    expect([...padLevels([0, 4], 5)]).toEqual([0, 1, 2, 3, 4]);
    expect([...padLevels([0, 1, 2], 3)]).toEqual([0, 1, 2]);
    expect([...padLevels([1, 1 + Number.EPSILON], 4)]).toEqual([1, 1 + Number.EPSILON]);
  });
});
