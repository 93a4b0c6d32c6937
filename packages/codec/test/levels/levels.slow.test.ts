import { describe, expect, it } from "vitest";
import { divideAndConquer } from "../../src/levels/divide-conquer.ts";
import { createHistogram, solveLevels } from "../../src/levels/index.ts";
import { costTable, intervalCost, pathCost } from "../../src/levels/interval-cost.ts";
import { searchLevels } from "../../src/levels/level-search.ts";
import { bruteForce, directCost, distinct, naiveLevels } from "./oracles.ts";
import { normalPoints, quantiles, upperTail } from "./quantiles.ts";
import { below, shapes, uniformSource } from "./shapes.ts";

describe("quantile points", () => {
  it("invert the normal distribution", () => {
    expect(upperTail(0)).toBe(0.5);
    // Known values: tables of the normal distribution.
    expect(upperTail(1)).toBeCloseTo(0.15865525393145705, 15);
    expect(upperTail(1.959963984540054)).toBeCloseTo(0.025, 15);
    expect(upperTail(5) / 2.866515718791939e-7).toBeCloseTo(1, 12);
    expect(upperTail(3 - 1e-9) / upperTail(3 + 1e-9)).toBeCloseTo(1, 7);
    const points = normalPoints(1001);
    expect(points[500]).toBe(0);
    expect(points.every((x, i) => i === 0 || x > (points[i - 1] ?? 0))).toBe(true);
  });
});

describe.each([
  ["normal", 1.998, 2.771, 2.972],
  ["exponential", 4.651, 7.65, 8.018],
  ["lognormal", 12.23, 55.27, 94.68],
  ["bimodal", 1.322, 2.827, 3.163],
])("a million quantile points, %s", (name, ...ratios) => {
  const data = quantiles[name]?.(1_000_000) ?? new Float64Array();

  it.each([4, 16, 256].map((count, at) => [count, ratios[at] ?? 0]))(
    "%i levels: uniform costs %f times",
    (count, ratio) => {
      const { variance, uniformVariance } = solveLevels(data, { count, method: "exact" });
      expect(Math.abs(uniformVariance / variance / ratio - 1)).toBeLessThan(0.005);
    },
  );

  it("16 levels from a grid of 4,096 are within 0.1 % of the exact ones", () => {
    const { variance } = solveLevels(data, { count: 16 });
    expect(solveLevels(data, { count: 16, method: "histogram" }).variance / variance).toBeLessThan(1.001);
    expect(solveLevels(data, { count: 16, method: "adaquant" }).variance / variance).toBeLessThan(1.03);
    const histogram = createHistogram({ low: data[0] ?? 0, high: data.at(-1) ?? 0, bins: 4096 });
    histogram.addAll(data);
    expect(solveLevels(histogram, { count: 16 }).variance / variance).toBeCloseTo(1, 2);
  });
});

describe.each(Object.keys(shapes))("larger %s columns", (name) => {
  it("the search, divide and conquer, and the plain recursion agree", () => {
    const next = uniformSource(`large/${name}`);
    const shape = shapes[name] ?? (() => 0);
    for (const size of [200, 500]) {
      const { values, weights } = distinct(Array.from({ length: size }, () => shape(next)));
      const origin = values[values.length >> 1] ?? 0;
      const table = costTable(
        Float64Array.from(values, (value) => value - origin),
        Float64Array.from(weights),
      );
      for (const links of [2, 3, 7, 31, 150]) {
        if (links >= values.length - 1) continue;
        const { cost: best } = naiveLevels(values.length, (i, j) => intervalCost(table, i, j), links);
        const slack = 1e-10 * best + 1e-13 * intervalCost(table, 0, values.length - 1);
        expect(Math.abs(pathCost(table, searchLevels(table, links).points) - best)).toBeLessThanOrEqual(slack);
        expect(Math.abs(pathCost(table, divideAndConquer(table, links)) - best)).toBeLessThanOrEqual(slack);
      }
    }
  });
});

it("thousands of small columns cost what brute force finds", () => {
  const next = uniformSource("thousands");
  const names = Object.keys(shapes);
  let cases = 0;
  while (cases < 6000) {
    const shape = shapes[names[cases % names.length] ?? ""] ?? (() => 0);
    const data = Array.from({ length: 4 + below(next, 9) }, () => shape(next));
    const range = [Math.min(...data) - below(next, 2), Math.max(...data) + below(next, 2)] as const;
    const points = distinct(data, range);
    const count = 2 + below(next, 8);
    const best = count >= points.values.length ? 0 : bruteForce(points, count - 1);
    const whole = directCost(points)(0, points.values.length - 1);
    const { variance } = solveLevels(data, { count, range });
    expect(Math.abs(variance * data.length - best)).toBeLessThanOrEqual(1e-11 * best + 1e-15 * whole);
    cases++;
  }
});

it("few passes are enough, whatever the number of levels", () => {
  for (const name of ["normal", "exponential", "lognormal", "bimodal"]) {
    const data = quantiles[name]?.(20_000) ?? new Float64Array();
    const table = costTable(
      data.map((value) => value - (data[10_000] ?? 0)),
      new Float64Array(data.length).fill(1),
    );
    for (const links of [3, 15, 63, 255, 1023]) expect(searchLevels(table, links).passes).toBeLessThanOrEqual(16);
  }
});
