import { createStream } from "@zipml/codec";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Engine,
  evaluate,
  type LinearModel,
  labelOf,
  leastSquares,
  predictRow,
  type SampleSource,
  type TrainOptions,
  train,
} from "../../src/train/index.ts";
import { createMoments } from "../../src/train/moments.ts";
import { normalEquations } from "../../src/train/normal-equations.ts";
import { referenceEngine } from "../../src/train/reference-engine.ts";
import { proximalStep, type Regularizer } from "../../src/train/regularizers.ts";
import { standardise } from "../../src/train/standardise.ts";
import { codeBlocks, gaussian, rangeQuantizer, sourceOf, taskOf, valueSource } from "./support/data.ts";

const features = 6;
const columns = features + 1;
const task = taskOf(features);

/** Half of the features say nothing; the target is a number, or two labels by its sign. */
function setOf(rows: number, labels?: readonly [negative: number, positive: number]): Float64Array {
  const stream = createStream("test/objective");
  const values = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    let target = 0.3;
    for (let i = 0; i < features; i++) {
      const value = gaussian(stream);
      values[r * columns + i] = 10 * (i + 1) * value + 5;
      target += i % 2 === 0 ? (1 + i) * 0.3 * value : 0;
    }
    target += 0.5 * gaussian(stream);
    values[r * columns + features] = labels === undefined ? target : (labels[target > 0 ? 1 : 0] as number);
  }
  return values;
}

function codesOf(values: Float64Array, bits: number, samples: number): SampleSource {
  const quantizer = rangeQuantizer(values, columns, { bits, samples }, { bits: 8, samples: 1 });
  return sourceOf(columns, codeBlocks(values, quantizer, createStream("test/objective/draws"), 1000));
}

/** The minimum by proximal descent on the exact normal equations, without noise. */
function minimum(values: Float64Array, regularizer: Partial<Regularizer>): Float64Array {
  const moments = createMoments(columns);
  moments.add({ kind: "values", rows: values.length / columns, values });
  const summary = moments.summary();
  const { matrix, cross } = normalEquations(summary, standardise(summary, task).scaling);
  const x = new Float64Array(features);
  for (let step = 0; step < 2000; step++) {
    const gradient = x.map((_, i) => {
      let sum = -(cross[i] as number);
      for (let j = 0; j < features; j++) sum += (matrix[i * features + j] as number) * (x[j] as number);
      return sum;
    });
    for (let i = 0; i < features; i++) x[i] = (x[i] as number) - 0.3 * (gradient[i] as number);
    proximalStep({ l1: 0, l2: 0, box: undefined, ball: undefined, ...regularizer }, x, 0.3);
  }
  return x;
}

const weightsIn = ({ features: list }: LinearModel): number[] => list.map(({ weight }) => weight);
const numbers = setOf(2000);
const sixBits = codesOf(numbers, 6, 2);
const classes = setOf(2000, [3, 7]);

describe("a regularizer", () => {
  it.each([
    { l2: 0.5 },
    { l1: 0.1 },
    { l1: 0.05, l2: 0.2 },
    { box: [0, 0.4] as const },
    { ball: 0.5 },
    { l1: 0.05, ball: 0.4 },
  ])("leads SGD to the minimum for %j, from raw rows and from codes", async (regularizer) => {
    const least = minimum(numbers, regularizer);
    for (const source of [valueSource(numbers, columns), sixBits]) {
      const { model } = await train({ source, task, epochs: 15, ...regularizer });
      for (const [i, weight] of weightsIn(model).entries())
        expect(Math.abs(weight - (least[i] as number))).toBeLessThan(0.02);
    }
  });

  it("keeps zeros exact under l1, and what remains off zero", async () => {
    const source = sixBits;
    for (const estimator of ["symmetric", "double"] as const) {
      const weights = weightsIn((await train({ source, task, estimator, l1: 0.1, epochs: 10 })).model);
      expect(weights.map((weight) => weight === 0)).toEqual([false, true, false, true, false, true]);
    }
    const all = weightsIn((await train({ source, task, l1: 1000, epochs: 2 })).model);
    expect(all).toEqual(new Array(features).fill(0));
  });

  it("has a closed form with l2 alone", async () => {
    const source = valueSource(numbers, columns);
    const { model } = await train({ source, task, l2: 0.5, solver: "closed-form" });
    const least = minimum(numbers, { l2: 0.5 });
    for (const [i, weight] of weightsIn(model).entries()) expect(weight).toBeCloseTo(least[i] as number, 5);
  });

  it("leaves the intercept alone", async () => {
    const { model } = await train({ source: valueSource(numbers, columns), task, l1: 1000, epochs: 2 });
    const mean = numbers.reduce((sum, value, at) => sum + (at % columns === features ? value : 0), 0) / 2000;
    expect(predictRow(model, new Float64Array(features))).toBeCloseTo(mean, 5);
  });

  it("changes nothing to the bit where it is none", async () => {
    const source = codesOf(numbers, 4, 2);
    const { model } = await train({ source, task, epochs: 3 });
    expect((await train({ source, task, epochs: 3, loss: "squares", l1: 0, l2: 0 })).model).toEqual(model);
  });
});

describe("losses of classes", () => {
  const accuracyOf = (model: LinearModel): number => evaluate(model, task, classes, columns).accuracy ?? 0;
  let baseline = 0;
  beforeAll(() => {
    baseline = accuracyOf(leastSquares(classes, columns, task, { negative: 3, positive: 7 }));
    expect(baseline).toBeGreaterThan(0.8);
  });

  const runs: readonly (readonly [string, number, number, Partial<TrainOptions>])[] = [
    ["logistic naive", 8, 1, { loss: "logistic" }],
    ["hinge naive", 8, 1, { loss: "hinge" }],
    ["logistic by a polynomial", 8, 8, { loss: "logistic", degree: 7 }],
    ["least-squares SVM", 5, 2, { loss: "ls-svm" }],
    ["logistic end to end", 8, 1, { loss: "logistic", modelBits: 8, residualBits: 8, gradientBits: 8 }],
    ["hinge with l1", 8, 1, { loss: "hinge", l1: 0.06 }],
    ["logistic in a ball, constant steps", 8, 1, { loss: "logistic", ball: 3, schedule: "constant" }],
  ];
  it.each(runs)(
    "%s at %i bits is as accurate as least squares in full precision",
    async (_, bits, samples, options) => {
      const { model, epochs, warnings } = await train({
        source: codesOf(classes, bits, samples),
        task,
        epochs: 8,
        ...options,
      });
      expect(accuracyOf(model)).toBeGreaterThan(baseline - 0.01);
      expect(model.classes).toEqual({ loss: options.loss, negative: 3, positive: 7 });
      expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss === undefined ? 0 : 1);
      expect(warnings.filter((text) => !text.startsWith("polynomial"))).toEqual([]);
      if (options.l1 !== undefined) expect(weightsIn(model).filter((weight) => weight === 0)).toHaveLength(3);
      if (options.ball !== undefined) expect(Math.hypot(...weightsIn(model))).toBeLessThanOrEqual(options.ball + 1e-9);
    },
  );

  it("logistic in full precision finds the minimum: its gradient is 0", async () => {
    const source = valueSource(classes, columns);
    const { model } = await train({ source, task, loss: "logistic", epochs: 30 });
    const bare = evaluate(model, task, classes, columns).loss;
    for (let i = 0; i <= features; i++)
      for (const by of [0.1, -0.1]) {
        const list = model.features.map((f, at) => (at === i ? { ...f, weight: f.weight + by } : f));
        const mean = model.target.mean + (i === features ? by : 0);
        const moved = { ...model, features: list, target: { ...model.target, mean } };
        expect(evaluate(moved, task, classes, columns).loss).toBeGreaterThan(bare);
      }
  });

  it("ls-svm is least squares on the labels −1 and +1", async () => {
    const source = codesOf(classes, 5, 2);
    const plain = await train({ source, task, epochs: 3 });
    const svm = await train({ source, task, epochs: 3, loss: "ls-svm" });
    expect(weightsIn(svm.model)).toEqual(weightsIn(plain.model));
    const row = classes.subarray(0, features);
    expect(predictRow(svm.model, row)).toBeCloseTo((predictRow(plain.model, row) - 5) / 2, 9);
    expect(svm.epochs.at(-1)?.loss).toBeCloseTo((plain.epochs.at(-1)?.loss ?? 0) / 4, 9);
    expect(labelOf(svm.model, 0)).toBe(7);
    expect(labelOf(svm.model, -1e-9)).toBe(3);
    expect(() => labelOf(plain.model, 0)).toThrow(expect.objectContaining({ code: "options" }));
  });

  it("decides for the more frequent class where the features say nothing", async () => {
    const stream = createStream("test/objective/noise");
    const noise = Float64Array.from({ length: 200 * columns }, (_, at) =>
      at % columns === features ? Number(stream.uniform() < 0.7) : gaussian(stream),
    );
    for (const loss of ["logistic", "hinge"] as const) {
      const { model } = await train({ source: valueSource(noise, columns), task, loss, l1: 5, epochs: 5 });
      expect(weightsIn(model)).toEqual(new Array(features).fill(0));
      expect(labelOf(model, predictRow(model, new Float64Array(features)))).toBe(1);
    }
  });

  it("gives the same model to the bit for the same seed", async () => {
    const run = (seed: number) =>
      train({ source: codesOf(classes, 8, 8), task, loss: "logistic", degree: 5, epochs: 2, seed });
    expect((await run(1)).model).toEqual((await run(1)).model);
    expect((await run(2)).model).not.toEqual((await run(1)).model);
  });
});

describe("what does not go together", () => {
  const source = codesOf(classes.subarray(0, 100 * columns), 8, 1);
  const squaresOnly: Engine = { ...referenceEngine(), name: "plain", runsObjectives: false };
  const refused: readonly (readonly [string, Partial<TrainOptions>])[] = [
    ["options", { loss: "log" as "logistic" }],
    ["options", { loss: "logistic", estimator: "symmetric" }],
    ["options", { loss: "hinge", estimator: "polynomial" }],
    ["options", { loss: "hinge", degree: 3 }],
    ["options", { degree: 3 }],
    ["options", { loss: "logistic", degree: 15 }],
    ["options", { loss: "logistic", degree: 3, estimator: "naive" }],
    ["options", { loss: "logistic", solver: "closed-form" }],
    ["options", { l1: 1, solver: "closed-form" }],
    ["options", { l1: -1 }],
    ["estimator", { loss: "logistic", degree: 7 }],
    ["estimator", { loss: "ls-svm" }],
    ["engine", { loss: "logistic", engine: squaresOnly }],
    ["engine", { l2: 1, estimator: "naive", engine: squaresOnly }],
  ];
  it.each(refused)("is refused as %s: %j", async (code, options) => {
    await expect(train({ source, task, ...options })).rejects.toMatchObject({ name: "TrainingError", code });
  });

  it("falls back to an engine that runs it, and says so", async () => {
    const run = await train({
      source,
      task,
      loss: "hinge",
      epochs: 1,
      engine: squaresOnly,
      fallback: referenceEngine(),
    });
    expect(run.engine).toBe("reference");
    expect(run.warnings[0]).toMatch(/^engine plain runs the losses of squares .*; reference runs it$/);
  });

  it("refuses targets of one value, and of three", async () => {
    await expect(train({ source: valueSource(numbers, columns), task, loss: "hinge" })).rejects.toMatchObject({
      code: "target",
    });
    const one = classes.slice(0, 10 * columns).map((value, at) => (at % columns === features ? 3 : value));
    await expect(train({ source: valueSource(one, columns), task, loss: "hinge" })).rejects.toMatchObject({
      code: "target",
    });
  });

  it("refuses to evaluate on labels that the model does not know", async () => {
    const { model } = await train({ source, task, loss: "hinge", epochs: 1 });
    const other = classes.slice(0, columns).with(features, 4);
    expect(() => evaluate(model, task, other, columns)).toThrow(expect.objectContaining({ code: "target" }));
  });
});
