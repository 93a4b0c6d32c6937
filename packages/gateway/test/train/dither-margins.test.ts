import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createBatch } from "../../src/train/batch.ts";
import { evaluateChebyshev, fitChebyshev } from "../../src/train/chebyshev.ts";
import { createDitherMargins } from "../../src/train/dither-margins.ts";
import { ditherSeries } from "../../src/train/dither-series.ts";
import { evaluate, train } from "../../src/train/index.ts";
import { type MarginLoss, marginLossOf } from "../../src/train/losses.ts";
import { marginPolynomial } from "../../src/train/margin-polynomial.ts";
import { decodedBlocks, ditheredOf, gaussian, same, sourceOf, taskOf } from "./support/data.ts";
import { allowed, createTally, note, type Tally, worstError } from "./support/statistics.ts";

const { slope } = marginLossOf("logistic") as MarginLoss;
const a = [0.31, -0.62, 0.43];
const size = a.length;
const x = Float64Array.of(1.6, -1.5, 1.4);
const intercept = 0.1;
const decision = a.reduce((sum, value, i) => sum + value * (x[i] as number), intercept);
const rows = 40_000;

/** The gradient of one row over its dither: what is subtracted from the product, and what stands for the polynomial. */
function tally(
  degree: number,
  label: number,
  fault: "none" | "product" | "value",
): { tallies: Tally[]; exact: number[] } {
  const steps = Float64Array.of(0.5, 0.4, 0.6);
  const series = fitChebyshev(slope, degree, 5);
  const corrected = ditherSeries(series, x, steps);
  const coins = createStream(`test/dither-margins/${degree}`);
  const tallies = [...a, 1].map(createTally);
  const plain = (margin: number): number => evaluateChebyshev(series.coefficients, () => margin / series.radius);
  for (let r = 0; r < rows; r++) {
    const means = a.map((value, i) => value + (coins.uniform() - 0.5) * (steps[i] as number));
    const margin = label * means.reduce((sum, value, i) => sum + value * (x[i] as number), intercept);
    const residual = label * (fault === "value" ? plain(margin) : corrected.value(margin));
    const sums = new Float64Array(corrected.orders);
    corrected.addOdd(margin, sums);
    for (const [i, one] of tallies.entries()) {
      const less = fault === "product" || i === size ? 0 : corrected.correction(i, sums);
      note(one, i < size ? residual * (means[i] as number) - less : residual);
    }
  }
  return { tallies, exact: [...a, 1].map((value) => label * plain(label * decision) * value) };
}

describe("the polynomial on one dithered symbol", () => {
  it.each([1, 2, 3, 4, 7, 10, 14])("is unbiased at degree %i", (degree) => {
    for (const label of [-1, 1]) {
      const { tallies, exact } = tally(degree, label, "none");
      expect(worstError(tallies, exact)).toBeLessThan(allowed);
    }
  });

  it("rejects the polynomial itself, and the product as it is", () => {
    const value = tally(7, 1, "value");
    expect(worstError(value.tallies, value.exact)).toBeGreaterThan(allowed);
    const product = tally(7, 1, "product");
    expect(worstError(product.tallies, product.exact)).toBeGreaterThan(allowed);
  });

  it("is s² − κ₂ and what the references give at degrees 2 to 4", () => {
    const steps = Float64Array.of(0.5, 0.4, 0.6);
    const wide = Array.from(x, (weight, i) => weight * (steps[i] as number));
    const k2 = wide.reduce((sum, w) => sum + w ** 2, 0) / 12;
    const k4 = -wide.reduce((sum, w) => sum + w ** 4, 0) / 120;
    const s = 0.7;
    const powers = [s ** 2 - k2, s ** 3 - 3 * k2 * s, s ** 4 - 6 * k2 * s ** 2 + 3 * k2 ** 2 - k4];
    for (const [at, expected] of powers.entries()) {
      const series = fitChebyshev((z) => z ** (at + 2), at + 2, 3);
      expect(ditherSeries(series, x, steps).value(s)).toBeCloseTo(expected, 10);
    }
  });
});

describe("the dithered rows of a mini-batch", () => {
  it("take the steps of their own grids, and forget them after each", () => {
    const polynomial = marginPolynomial(marginLossOf("logistic") as MarginLoss, 3);
    const scaling = {
      rows: 2,
      means: new Float64Array(size),
      deviations: Float64Array.of(1, 2, 0),
      spreads: new Float64Array(size),
      targetMean: 0,
      targetDeviation: 1,
    };
    const grids = [2, 5].map((bits) => ditheredOf(same(size + 1, { low: -1, high: 1, bits })));
    const margins = createDitherMargins(polynomial, taskOf(size), scaling, createBatch(size, 2, false));
    margins.begin(x);
    const gradient = new Float64Array(size);
    const expected = new Float64Array(size);
    for (const grid of grids) {
      const step = grid.channels[0]?.spread(0) ?? 0;
      const series = ditherSeries(polynomial, x, Float64Array.of(Math.sqrt(12 * step), Math.sqrt(12 * step) / 2, 0));
      expect(margins.residual(grid, -1, 0.4)).toBeCloseTo(-series.value(-0.4), 12);
      const sums = new Float64Array(series.orders);
      series.addOdd(-0.4, sums);
      for (let i = 0; i < size; i++) expected[i] = (expected[i] as number) - series.correction(i, sums) / 2;
    }
    margins.correct(gradient);
    for (const [i, value] of expected.entries()) expect(gradient[i]).toBeCloseTo(value, 12);
    margins.begin(x);
    margins.correct(gradient.fill(0));
    expect([...gradient].every((value) => value === 0)).toBe(true);
  });

  it("train a logistic model where naive is biased: 2 bits", async () => {
    const columns = size + 1;
    const count = 8000;
    const stream = createStream("test/dither-margins/rows");
    const values = new Float64Array(count * columns);
    for (let r = 0; r < count; r++) {
      let f = 0;
      for (let i = 0; i < size; i++) {
        const value = 2 * stream.uniform() - 1;
        values[r * columns + i] = value;
        f += 2.5 * (a[i] as number) * value;
      }
      values[r * columns + size] = f + 0.7 * gaussian(stream) > 0 ? 1 : -1;
    }
    const quantizer = ditheredOf([...same(size, { low: -1, high: 1, bits: 2 }), { low: -1, high: 1, bits: 8 }]);
    const task = taskOf(size);
    const source = sourceOf(columns, decodedBlocks(values, quantizer, "d1"));
    const raw = sourceOf(columns, [{ kind: "values", rows: count, values }]);
    const lossOf = async (from: typeof source, degree?: number): Promise<number> => {
      const { model } = await train({ source: from, task, loss: "logistic", degree, epochs: 20 });
      return evaluate(model, task, values, columns).loss;
    };
    const full = await lossOf(raw);
    expect(await lossOf(source, 7)).toBeLessThan(1.005 * full);
    expect(await lossOf(source)).toBeGreaterThan(1.01 * full);
  });
});
