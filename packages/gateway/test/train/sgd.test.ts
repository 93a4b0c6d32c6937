import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import {
  type EstimatorName,
  evaluate,
  type LinearModel,
  leastSquares,
  type SampleSource,
  type Task,
  type TrainOptions,
  train,
} from "../../src/train/index.ts";
import {
  codeBlocks,
  encodedSource,
  gaussian,
  quantizerOf,
  rangeQuantizer,
  same,
  sourceOf,
  syntheticSet,
  taskOf,
  valueSource,
} from "./support/data.ts";

const weightsIn = (model: LinearModel): number[] => model.features.map(({ weight }) => weight);

/** Columns that share most of what they say: a correlation matrix with a condition number near 300. */
function collinearSet(rows: number, seed: number) {
  const features = 6;
  const stream = createStream(`test/collinear/${seed}`);
  const values = new Float64Array(rows * (features + 1));
  for (let r = 0; r < rows; r++) {
    const shared = gaussian(stream);
    let target = 0;
    for (let i = 0; i < features; i++) {
      const value = 40 + 10 * (i + 1) * (i < 4 ? shared + 0.13 * gaussian(stream) : gaussian(stream));
      values[r * (features + 1) + i] = value;
      target += ((i % 2 === 0 ? 1 : -0.6) * value) / (10 * (i + 1));
    }
    values[r * (features + 1) + features] = target + 0.4 * gaussian(stream);
  }
  return { features, columns: features + 1, task: taskOf(features), values, truth: new Float64Array(0) };
}

describe("SGD with a step from the data", () => {
  it.each([
    [10, 4, "symmetric"],
    [10, 4, "double"],
    [100, 4, "symmetric"],
  ] as const)(
    "comes within one per cent of the least loss on synthetic %i at %i bits, %s",
    async (features, bits, estimator) => {
      const set = syntheticSet(features, 10_000, 2);
      const { model } = await train({ source: encodedSource(set, bits, 1), task: set.task, estimator });
      const least = evaluate(leastSquares(set.values, set.columns, set.task), set.task, set.values, set.columns).loss;
      expect(evaluate(model, set.task, set.values, set.columns).loss).toBeLessThan(1.01 * least);
    },
  );

  it("comes as near on raw rows", async () => {
    const set = syntheticSet(10, 5000, 3);
    const { model } = await train({ source: valueSource(set.values, set.columns), task: set.task });
    expect(model.estimator).toBe("full");
    const least = evaluate(leastSquares(set.values, set.columns, set.task), set.task, set.values, set.columns).loss;
    expect(evaluate(model, set.task, set.values, set.columns).loss).toBeLessThan(1.01 * least);
  });

  it("comes as near end to end, model, residuals and gradient at 8 bits, and with the rows' own d", async () => {
    const set = syntheticSet(20, 10_000, 4);
    const least = evaluate(leastSquares(set.values, set.columns, set.task), set.task, set.values, set.columns).loss;
    const source = encodedSource(set, 5, 1);
    for (const options of [{ modelBits: 8, residualBits: 8, gradientBits: 8 }, { diagonal: "row" as const }]) {
      const { model } = await train({ source, task: set.task, ...options });
      expect(evaluate(model, set.task, set.values, set.columns).loss).toBeLessThan(1.01 * least);
    }
  });

  it("needs no tuning on ill-conditioned columns, and naive fails there", async () => {
    for (const seed of [1, 2]) {
      const set = collinearSet(8000, seed);
      const exact = evaluate(leastSquares(set.values, set.columns, set.task), set.task, set.values, set.columns);
      const { model } = await train({ source: encodedSource(set, 7, seed), task: set.task, seed });
      expect(evaluate(model, set.task, set.values, set.columns).r2).toBeGreaterThan(exact.r2 - 0.01);
      const naive = await train({ source: encodedSource(set, 2, seed, 1), task: set.task, seed, estimator: "naive" });
      expect(evaluate(naive.model, set.task, set.values, set.columns).r2).toBeLessThan(exact.r2 - 0.04);
    }
  });

  it("does not diverge where the range is twenty deviations wide and one interval spans it", async () => {
    const wide = { low: -10, high: 10 };
    const quantizer = quantizerOf([
      { ...wide, bits: 2, samples: 2 },
      { ...wide, bits: 2, samples: 2 },
      { ...wide, bits: 8, samples: 1 },
    ]);
    for (const seed of [1, 2, 3]) {
      const stream = createStream(`test/wide/${seed}`);
      const rows = Array.from({ length: 4000 }, () => [gaussian(stream), gaussian(stream)] as const);
      const values = Float64Array.from(rows.flatMap(([a, b]) => [a, b, a - b]));
      const source = sourceOf(3, codeBlocks(values, quantizer, stream));
      const { model, epochs } = await train({ source, task: taskOf(2), seed });
      expect(weightsIn(model).every((weight) => Math.abs(weight) < 2)).toBe(true);
      expect(epochs.at(-1)?.loss).toBeLessThan(model.target.deviation ** 2 / 2);
    }
  });

  it("works over more features than the guard covers", async () => {
    const set = syntheticSet(520, 3000, 5);
    const { model, warnings } = await train({ source: encodedSource(set, 6, 1), task: set.task, epochs: 4 });
    expect(warnings).toEqual([]);
    expect(evaluate(model, set.task, set.values, set.columns).r2).toBeGreaterThan(0.85);
  });

  it("halves a step that outliers prove too large, and reports no epoch of the attempts", async () => {
    const stream = createStream("test/outliers");
    const values = new Float64Array(4 * 6000);
    for (let r = 0; r < 6000; r++) {
      const tail = Math.exp(2.2 * gaussian(stream));
      const row = [tail, tail * (1 + 0.2 * gaussian(stream)), gaussian(stream)];
      values.set([...row, (row[0] as number) / 20 + (row[2] as number) + gaussian(stream)], r * 4);
    }
    const set = { features: 3, columns: 4, task: taskOf(3), values, truth: new Float64Array(0) };
    const source = encodedSource(set, 3, 1);
    const seen: number[] = [];
    const { step = 0 } = await train({ source, task: set.task, onEpoch: ({ epoch }) => void seen.push(epoch) });
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    // The step that was chosen at first, given by hand, diverges.
    await expect(train({ source, task: set.task, step: 2 * step, epochs: 1 })).rejects.toEqual(
      expect.objectContaining({ code: "diverged" }),
    );
  });

  it("also with a constant schedule", async () => {
    const set = syntheticSet(10, 10_000, 6);
    const { model } = await train({ source: encodedSource(set, 5, 1), task: set.task, schedule: "constant" });
    const least = evaluate(leastSquares(set.values, set.columns, set.task), set.task, set.values, set.columns).loss;
    expect(evaluate(model, set.task, set.values, set.columns).loss).toBeLessThan(1.01 * least);
  });
});

describe("the guard", () => {
  // Two columns that are nearly one, at one interval each and few rows: the corrected matrix is indefinite.
  const features = 3;
  const rows = 400;
  function indefinite(seed: number): { source: SampleSource; task: Task } {
    const stream = createStream(`test/indefinite/${seed}`);
    const values = new Float64Array(rows * (features + 1));
    for (let r = 0; r < rows; r++) {
      const shared = 2 * stream.uniform() - 1;
      const other = 2 * stream.uniform() - 1;
      values.set([shared, 0.999 * shared, other, shared + 0.5 * other], r * (features + 1));
    }
    const quantizer = quantizerOf([
      ...same(features, { low: -1, high: 1, bits: 2, samples: 2 }),
      { low: -2, high: 2, bits: 8, samples: 1 },
    ]);
    return {
      source: sourceOf(features + 1, codeBlocks(values, quantizer, createStream(`test/indefinite/draws/${seed}`))),
      task: taskOf(features),
    };
  }

  it("acts, warns, and SGD solves the guarded system", async () => {
    const { source, task } = indefinite(1);
    const exact = await train({ source, task, solver: "closed-form" });
    expect(exact.warnings.join("\n")).toMatch(/guard: \d of 3 eigenvalues/);
    // All rows in one batch: what is left of SGD is its expectation, which must come to the same point.
    const descent = await train({
      source,
      task,
      batch: rows,
      epochs: 3000,
      schedule: "constant",
      step: 0.3,
      average: 0,
    });
    expect(descent.warnings).toEqual(exact.warnings);
    for (const [i, weight] of weightsIn(exact.model).entries())
      expect(weightsIn(descent.model)[i]).toBeCloseTo(weight, 8);
    // In mini-batches it comes near: the loss that both lower, guard included, is flat there.
    const batches = await train({ source, task, epochs: 300 });
    expect(batches.epochs.at(-1)?.loss).toBeLessThan(1.1 * (exact.epochs[0]?.loss as number) + 0.01);
  });

  it("warns without acting where the noise only comes near, and is silent where it does not", async () => {
    const set = collinearSet(1000, 3);
    const near = await train({ source: encodedSource(set, 4, 1), task: set.task, solver: "closed-form" });
    expect(near.warnings.join()).toMatch(/quantization noise/);
    expect(near.warnings.join()).not.toMatch(/guard/);
    const far = await train({ source: encodedSource(set, 10, 1), task: set.task, solver: "closed-form" });
    expect(far.warnings).toEqual([]);
  });
});

describe("divergence", () => {
  const set = syntheticSet(10, 2000, 7);
  const diverged = expect.objectContaining({ name: "TrainingError", code: "diverged" });

  it.each<[string, Partial<TrainOptions>]>([
    ["a step far too large", { step: 50 }],
    ["a step somewhat too large", { step: 4, schedule: "constant" }],
    ["one that overflows", { step: 1e200 }],
    ["one that overflows with everything rounded", { step: 1e200, modelBits: 4, residualBits: 4, gradientBits: 4 }],
  ])("%s", async (_, options) => {
    for (const estimator of ["symmetric", "double"] as const)
      await expect(train({ source: encodedSource(set, 4, 1), task: set.task, estimator, ...options })).rejects.toEqual(
        diverged,
      );
  });

  it("is also seen where the correlation matrix is not formed", async () => {
    const wide = syntheticSet(520, 600, 8);
    await expect(train({ source: encodedSource(wide, 4, 1), task: wide.task, step: 5 })).rejects.toEqual(diverged);
  });

  it("is not mistaken for a target that the features say nothing about", async () => {
    for (const seed of [1, 2, 3]) {
      const stream = createStream(`test/noise/${seed}`);
      const values = Float64Array.from({ length: 6 * 1000 }, () => gaussian(stream));
      const noise = { features: 5, columns: 6, task: taskOf(5), values, truth: new Float64Array(0) };
      const { model, epochs, warnings } = await train({
        source: encodedSource(noise, 4, seed),
        task: noise.task,
        seed,
      });
      expect(epochs).toHaveLength(30);
      // Never worse than its start, which predicts the mean: where noise alone made it so, it is the mean and says so.
      expect(epochs.at(-1)?.loss).toBeLessThanOrEqual(model.target.deviation ** 2 / 2);
      const isMean = weightsIn(model).every((weight) => weight === 0);
      expect(warnings.some((warning) => warning.includes("predicts its mean"))).toBe(isMean);
    }
  });
});

describe("determinism", () => {
  const set = syntheticSet(5, 1000, 9);
  const options = { modelBits: 4, residualBits: 6, gradientBits: 4, epochs: 3 };

  it.each<[EstimatorName]>([["symmetric"], ["double"], ["naive"]])(
    "one seed gives the same bits: %s",
    async (estimator) => {
      const source = encodedSource(set, 4, 1, estimator === "naive" ? 1 : 2, 300);
      const run = (seed: number | string) => train({ source, task: set.task, estimator, seed, ...options });
      const [first, again, other] = [await run("a"), await run("a"), await run("b")];
      expect(again).toEqual(first);
      expect(weightsIn(other.model)).not.toEqual(weightsIn(first.model));
    },
  );
});

describe("the loss of an epoch", () => {
  it("is the exact rows' loss, within 5 standard errors, where the target has two draws or is raw", async () => {
    const set = syntheticSet(4, 2000, 10);
    const quantizer = rangeQuantizer(set.values, set.columns, { bits: 3, samples: 2 }, { bits: 6, samples: 2 });
    const targets = Float64Array.from({ length: 2000 }, (_, r) => set.values[r * set.columns + 4] as number);
    for (const raw of [undefined, targets]) {
      const differences: number[] = [];
      const uncorrected: number[] = [];
      for (let seed = 0; seed < 60; seed++) {
        const blocks = codeBlocks(set.values, quantizer, createStream("test/loss", seed), 1000, raw);
        let model: LinearModel | undefined;
        const { epochs } = await train({
          source: sourceOf(set.columns, blocks),
          task: set.task,
          epochs: 1,
          // The model must not depend on the draws that its loss is estimated from: a step near 0, hence weights near 0,
          // would say nothing, so the dependence is kept small by a short epoch instead.
          step: 0.02,
          onEpoch: (progress) => {
            model = progress.model;
          },
        });
        if (model === undefined) throw new Error("no epoch was reported");
        const exact = evaluate(model, set.task, set.values, set.columns).loss;
        differences.push((epochs[0]?.loss as number) - exact);
        const { deviation } = model.target;
        const steps = 2 / (quantizer.channels[0]?.intervals as number);
        const correction = model.features.reduce(
          (sum, { weight, deviation: d }) => sum + ((weight * deviation) / d) ** 2 * (steps ** 2 / 12),
          0,
        );
        uncorrected.push((differences.at(-1) as number) + correction / 2);
      }
      expect(zOf(differences)).toBeLessThan(5);
      expect(zOf(uncorrected)).toBeGreaterThan(5);
    }
  });
});

function zOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return Math.abs(mean) / Math.sqrt(variance / values.length);
}
