import { createStream, roundVector } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { type SampleSource, sgdVariance, train } from "../../src/train/index.ts";
import { codeBlocks, rangeQuantizer, sourceOf, syntheticSet, valueSource } from "./support/data.ts";
import { allowed, createTally, estimate, note } from "./support/statistics.ts";

const batch = 16;
const features = 5;
const rows = 320;
const low = { modelBits: 4, residualBits: 4, gradientBits: 4 };
const set = syntheticSet(features, rows, 77, 0.3);

/** Codes of the values, features at these widths. */
function coded(values: Float64Array, bits: number, samples: number): SampleSource {
  const quantizer = rangeQuantizer(values, set.columns, { bits, samples }, { bits: 8, samples: 1 });
  return sourceOf(set.columns, codeBlocks(values, quantizer, createStream("test/variance")));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** Variance of rounding on 2^bits − 1 intervals over ± the largest. */
const roundings = (x: readonly number[], bits: number): number[] => {
  const scale = Math.max(...x.map(Math.abs));
  const step = (2 * scale) / (2 ** bits - 1);
  return x.map((value) => {
    const share = ((value + scale) / step) % 1;
    return step * step * share * (1 - share);
  });
};

describe("the formulas of the end to end gradient", () => {
  it("give the variance of Q₁(a)(Q₂(a)·Q₃(x) − b), and rounding it adds what is said (5 standard errors)", () => {
    const stream = createStream("test/variance/formula");
    const a = [0.4, -0.7, 0.2, 0.9, -0.1];
    const x = [1.2, -0.3, 0.8, 0.05, -1.1];
    const [b, step] = [0.35, 0.5];
    const v = a.map((value) => {
      const share = (((value / step) % 1) + 1) % 1;
      return step * step * share * (1 - share);
    });
    const draw = (value: number) => step * Math.floor(value / step + stream.uniform());
    const w = roundings(x, 3);
    const r = a.reduce((total, value, i) => total + value * (x[i] as number), -b);
    const [tv, power] = [sum(v), sum(a.map((value) => value * value))];
    const s = sum(
      a.map(
        (value, i) => (v[i] as number) * (x[i] as number) ** 2 + (value ** 2 + (v[i] as number)) * (w[i] as number),
      ),
    );
    const [before, added, alone] = [createTally(), createTally(), createTally()];
    for (let i = 0; i < 30_000; i++) {
      const read = Float64Array.from(x);
      roundVector(read, 3, stream);
      const e = a.reduce((total, value, j) => total + draw(value) * (read[j] as number), -b);
      const g = Float64Array.from(a, (value) => draw(value) * e);
      note(before, sum(Array.from(g, (value, j) => (value - (a[j] as number) * r) ** 2)));
      const rounded = Float64Array.from(g);
      roundVector(rounded, 3, stream);
      note(added, sum(Array.from(rounded, (value, j) => (value - (g[j] as number)) ** 2)));
      note(alone, sum(roundings([...g], 3)));
    }
    const seen = estimate(before);
    expect(Math.abs(seen.mean - (tv * r ** 2 + (power + tv) * s)) / seen.meanError).toBeLessThan(allowed);
    // The control: without the model's part it is rejected.
    const without = tv * r ** 2 + (power + tv) * sum(v.map((value, i) => value * (x[i] as number) ** 2));
    expect(Math.abs(seen.mean - without) / seen.meanError).toBeGreaterThan(allowed);
    const [real, said] = [estimate(added), estimate(alone)];
    expect(Math.abs(real.mean - said.mean) / Math.hypot(real.meanError, said.meanError)).toBeLessThan(allowed);
    const bound = Math.min(5 / 7 ** 2, Math.sqrt(5) / 7); // the paper's Lemma 2, of the gradient's square
    expect(real.mean).toBeLessThan(bound * (power + tv) * (r ** 2 + s) * 5);
  });
});

describe("a variance report", () => {
  it("is given where something is rounded, or where it is asked for, and says what it can't tell", async () => {
    const source = coded(set.values, 4, 2);
    const plain = { source, task: set.task, epochs: 2 };
    expect((await train(plain)).variance).toBeUndefined();
    expect((await train({ ...plain, ...low, variance: false })).variance).toBeUndefined();
    const { variance } = await train({ ...plain, ...low, batch });
    expect(variance?.rows).toBe(rows);
    for (const name of ["sgd", "samples", "model", "residual", "gradient"] as const)
      expect(variance?.[name]).toBeGreaterThan(0);
    const exact = await train({ ...plain, source: valueSource(set.values, set.columns), variance: true, batch });
    const own = sgdVariance(exact.model, set.task, set.values, set.columns, batch);
    // The report takes the noise of the mean gradient for what it is.
    expect((exact.variance?.sgd ?? 0) / own).toBeCloseTo(1, 2);
    const fewer = () => sgdVariance(exact.model, set.task, set.values.subarray(1), set.columns, batch);
    expect(fewer).toThrow(expect.objectContaining({ code: "rows" }));
    expect(exact.variance).toMatchObject({ samples: 0, model: 0, residual: 0, gradient: 0 });
    expect((exact.variance?.sgd ?? 0) / (variance?.sgd ?? 1)).toBeCloseTo(1, 0);
    const naive = coded(set.values, 4, 1);
    const report = (await train({ ...plain, source: naive, estimator: "naive", ...low })).variance;
    expect(report?.samples).toBeUndefined();
    expect(report?.sgd).toBeGreaterThan(0);
    expect((await train({ ...plain, solver: "closed-form", variance: true })).variance).toBeUndefined();
  });

  it("of a loss of the margin tells SGD, model, residuals and gradient", async () => {
    const labels = set.values.map((value, at) => (at % set.columns === features ? Number(value > 0) : value));
    const made = { source: coded(labels, 8, 1), task: set.task, epochs: 3, ...low, batch };
    for (const loss of ["logistic", "hinge"] as const) {
      const { variance } = await train({ ...made, loss });
      expect(variance?.samples).toBeUndefined();
      for (const name of ["sgd", "model", "residual", "gradient"] as const) expect(variance?.[name]).toBeGreaterThan(0);
    }
    const many = coded(labels, 8, 8);
    expect((await train({ ...made, source: many, loss: "logistic", degree: 3 })).variance).toBeUndefined();
  });
});
