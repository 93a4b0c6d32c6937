import { describe, expect, it } from "vitest";
import {
  evaluate,
  type LinearModel,
  leastSquares,
  predictRow,
  quantizeModel,
  weightsOf,
} from "../../src/train/index.ts";
import { syntheticSet, taskOf } from "./support/data.ts";

const model: LinearModel = {
  features: [
    { name: "a", unit: "m", mean: 2, deviation: 4, weight: 0.5 },
    { name: "constructor", unit: "", mean: 10, deviation: 0, weight: 0 },
    { name: "c", unit: "s", mean: -1, deviation: 0.5, weight: -1 },
  ],
  target: { name: "y", unit: "V", mean: 100, deviation: 8 },
  rows: 10,
  estimator: "symmetric",
  solver: "sgd",
};

describe("models", () => {
  it("come back to original units", () => {
    const { intercept, weights } = weightsOf(model);
    expect(weights).toEqual({ a: 1, constructor: 0, c: -16 });
    expect(intercept).toBe(100 - 2 - 16);
  });

  it("predict as their weights say, and leave a column without variance out", () => {
    expect(predictRow(model, [2, 10, -1])).toBe(100);
    expect(predictRow(model, [3, 1e9, 0])).toBe(100 + 1 - 16);
    expect(() => predictRow(model, [1, 2])).toThrow(expect.objectContaining({ code: "rows" }));
  });

  it("are rounded without bias to the width asked for: within 5 standard errors", () => {
    const feature = { name: "a", unit: "m", mean: 2, deviation: 4 };
    const wide: LinearModel = { ...model, features: [0.3, -0.7, 1].map((weight) => ({ ...feature, weight })) };
    const sums = [0, 0, 0];
    const times = 4000;
    for (let seed = 0; seed < times; seed++)
      for (const [i, { weight }] of quantizeModel(wide, 2, seed).features.entries()) {
        expect([-1, -1 / 3, 1 / 3, 1].some((level) => Math.abs(level - weight) < 1e-12)).toBe(true);
        sums[i] = (sums[i] as number) + weight;
      }
    for (const [i, exact] of [0.3, -0.7, 1].entries())
      expect(Math.abs((sums[i] as number) / times - exact)).toBeLessThanOrEqual((5 * (1 / 3)) / Math.sqrt(times));
  });

  it("keep weight 0 where there is no variance, are reproducible, and copies", () => {
    expect(quantizeModel(model, 3, "s")).toEqual(quantizeModel(model, 3, "s"));
    expect(quantizeModel(model, 3, 1).features[1]?.weight).toBe(0);
    expect(quantizeModel(model, 0, 1)).toEqual(model);
    expect(() => quantizeModel(model, 17, 1)).toThrow(expect.objectContaining({ code: "options" }));
  });
});

describe("leastSquares and evaluate", () => {
  const set = syntheticSet(4, 500, 1, 0);
  const fit = leastSquares(set.values, set.columns, set.task);

  it("find the exact weights of an exact target", () => {
    const { intercept, weights } = weightsOf(fit);
    expect(intercept).toBeCloseTo(0, 12);
    for (const [i, weight] of Object.values(weights).entries()) expect(weight).toBeCloseTo(set.truth[i] as number, 12);
    const { rows, loss, rmse, r2 } = evaluate(fit, set.task, set.values, set.columns);
    expect(rows).toBe(500);
    expect(loss).toBeLessThan(1e-24);
    expect(rmse).toBeLessThan(1e-12);
    expect(r2).toBeCloseTo(1, 12);
  });

  it("do so in awkward units, too", () => {
    const values = set.values.map((value, i) => {
      const column = i % set.columns;
      return column === set.columns - 1 ? value : 1e6 * (column + 1) + value * 10 ** (column - 2);
    });
    const { weights } = weightsOf(leastSquares(values, set.columns, set.task));
    for (const [i, weight] of Object.values(weights).entries())
      expect(weight * 10 ** (i - 2)).toBeCloseTo(set.truth[i] as number, 5);
  });

  it("give the least norm where columns are collinear, and 0 to a constant column", () => {
    const rows = Array.from({ length: 50 }, (_, r) => [r % 7, r % 7, 3, 2 * (r % 7)]).flat();
    const { features } = leastSquares(Float64Array.from(rows), 4, taskOf(3));
    expect(features.map(({ weight }) => weight)).toEqual([expect.closeTo(0.5, 10), expect.closeTo(0.5, 10), 0]);
  });

  it("measure by their definitions", () => {
    const values = Float64Array.from([1, 5, 3, 9, 2, 6]);
    const flat: LinearModel = {
      ...model,
      features: [{ name: "f0", unit: "", mean: 0, deviation: 1, weight: 0 }],
      target: { name: "y", unit: "", mean: 6, deviation: 1 },
    };
    const { loss, rmse, r2 } = evaluate(flat, taskOf(1), values, 2);
    expect(loss).toBeCloseTo(10 / 6, 12);
    expect(rmse).toBeCloseTo(Math.sqrt(10 / 3), 12);
    expect(r2).toBeCloseTo(1 - 10 / (26 / 3), 12);
    expect(evaluate(flat, taskOf(1), Float64Array.from([1, 5, 2, 5]), 2).r2).toBeNaN();
  });

  it("refuse what can't be measured or solved", () => {
    const two = Float64Array.from([1, 5, 3, 9]);
    const refused = (code: string) => expect.objectContaining({ name: "TrainingError", code });
    expect(() => evaluate(fit, taskOf(1), two, 2)).toThrow(refused("options"));
    expect(() => evaluate(fit, set.task, new Float64Array(0), set.columns)).toThrow(refused("rows"));
    expect(() => evaluate(fit, set.task, new Float64Array(7), set.columns)).toThrow(refused("rows"));
    expect(() => leastSquares(two, 3, taskOf(2))).toThrow(refused("rows"));
    expect(() => leastSquares(two.slice(0, 2), 2, taskOf(1))).toThrow(refused("rows"));
    expect(() => leastSquares(Float64Array.from([1, 5, 3, 5]), 2, taskOf(1))).toThrow(refused("target"));
    expect(() => leastSquares(Float64Array.from([1, Number.NaN, 3, 5]), 2, taskOf(1))).toThrow(refused("rows"));
  });
});
