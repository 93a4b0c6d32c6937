import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { evaluate, type LinearModel, predictRow, type TrainOptions, train } from "../../src/train/index.ts";
import { codeBlocks, gaussian, rangeQuantizer, sourceOf, taskOf, valueSource } from "./support/data.ts";

const columns = 4;
const task = taskOf(3);

/** Rows whose target hangs on the features as `truth` says; the target as a number, or its sign as two labels. */
function rowsOf(name: string, rows: number, truth: readonly number[], labels = false, offset = 5): Float64Array {
  const stream = createStream(`test/warm-start/${name}`);
  const values = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    let target = offset - 5;
    for (let i = 0; i < 3; i++) {
      const value = gaussian(stream);
      values[r * columns + i] = 10 * value + offset;
      target += value * (truth[i] as number);
    }
    target += 0.3 * gaussian(stream);
    values[r * columns + 3] = labels ? (target > 0 ? 9 : 4) : target;
  }
  return values;
}

const truth = [1, -0.5, 0.25];
const values = rowsOf("a", 600, truth);
const source = valueSource(values, columns);
const classValues = rowsOf("classes", 600, truth, true);
const classSource = valueSource(classValues, columns);
const slopesOf = ({ features, target }: LinearModel): number[] =>
  features.map(({ weight, deviation }) => (weight * target.deviation) / deviation);

describe("a start from a model", () => {
  const runs: readonly (readonly [string, Partial<TrainOptions>])[] = [
    ["inverse steps", { step: 0.1 }],
    ["constant steps", { step: 0.02, schedule: "constant" }],
    ["l1 and bits", { step: 0.1, l1: 0.05, modelBits: 8, gradientBits: 8 }],
    ["a ball", { step: 0.1, ball: 0.5 }],
    ["classes", { step: 0.1, loss: "logistic" }],
    ["labels", { step: 0.1, loss: "ls-svm" }],
  ];
  it.each(runs)("on the same rows is the same as never to have stopped: %s", async (_, options) => {
    const rows = options.loss === undefined ? source : classSource;
    const made = { source: rows, task, average: 0, ...options };
    const settled = options.l1 === undefined ? {} : { l1: 0 }; // the last epoch of a run ends in whole passes under l1
    const whole = await train({ ...made, epochs: 6, ...settled });
    const first = await train({ ...made, epochs: 2, ...settled });
    const second = await train({ ...made, epochs: 4, ...settled, start: first.model });
    expect([first.model.epochs, second.model.epochs]).toEqual([2, 6]);
    for (const [i, feature] of whole.model.features.entries())
      expect(second.model.features[i]?.weight).toBeCloseTo(feature.weight, 11);
    expect(second.model.target.mean).toBeCloseTo(whole.model.target.mean, 11);
    expect(second.before).toBeCloseTo(first.epochs[1]?.loss ?? Number.NaN, 11);
    expect(second.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
  });

  it("brings its slopes to the units of other rows, and is measured by its own intercept", async () => {
    const start = (await train({ source, task, epochs: 10 })).model;
    for (const offset of [5, 50]) {
      const other = rowsOf("b", 400, truth, false, offset);
      const scaled = other.map((value, at) => (at % columns === 0 ? 3 * value : value));
      const still = { source: valueSource(scaled, columns), task, epochs: 1, step: 1e-12, average: 0 };
      const { model, before } = await train({ ...still, start });
      for (const [i, slope] of slopesOf(model).entries()) expect(slope).toBeCloseTo(slopesOf(start)[i] as number, 9);
      // float32 rows, as `full` reads them
      expect(before).toBeCloseTo(evaluate(start, task, scaled.map(Math.fround), columns).loss, 5);
      expect(model.features[0]?.mean).toBeCloseTo(3 * offset, -1);
    }
  });

  it("is measured so with classes too", async () => {
    const cases = ["logistic", "hinge", "ls-svm"].flatMap((loss) => [[loss, 5] as const, [loss, 20] as const]);
    for (const [name, offset] of cases) {
      const loss = name as "logistic";
      const other = rowsOf("c", 400, truth, true, offset); // at 20 of one class alone
      const start = (await train({ source: classSource, task, loss, epochs: 5 })).model;
      const { before } = await train({ source: valueSource(other, columns), task, loss, epochs: 1, start });
      expect(before).toBeCloseTo(evaluate(start, task, other.map(Math.fround), columns).loss, 5);
    }
  });

  it("keeps the slope of a column that stands still, and learns the others", async () => {
    const start = (await train({ source, task, epochs: 10 })).model;
    const other = rowsOf("d", 400, [2, 0, 0.25]).map((value, at) => (at % columns === 1 ? 7 : value));
    const { model, warnings } = await train({ source: valueSource(other, columns), task, epochs: 10, start });
    const [a, b, c] = slopesOf(model);
    expect(b).toBeCloseTo(slopesOf(start)[1] as number, 9);
    expect(Math.abs((a ?? 0) - 0.2)).toBeLessThan(0.03);
    expect(Math.abs((c ?? 0) - 0.025)).toBeLessThan(0.01);
    expect(warnings).toEqual([expect.stringMatching(/^feature f1 has no variance .*: its weight stays as it was$/)]);
    const again = await train({ source, task, epochs: 1, start: model, step: 1e-12, average: 0 });
    expect(slopesOf(again.model)[1]).toBeCloseTo(b as number, 9);
  });

  it("goes on with rows of one class alone, and of a constant target", async () => {
    for (const loss of ["logistic", "hinge", "ls-svm"] as const) {
      const start = (await train({ source: classSource, task, loss, epochs: 5 })).model;
      const positive = classValues.filter((_, at) => classValues[at - (at % columns) + 3] === 9);
      const step = { step: 0.001, epochs: 2 };
      const { model } = await train({ source: valueSource(positive, columns), task, loss, start, ...step });
      expect(model.classes).toEqual({ loss, negative: 4, positive: 9 });
      expect(predictRow(model, [5, 5, 5])).toBeGreaterThan(predictRow(start, [5, 5, 5]));
      const third = positive.slice(0, 10 * columns).map((value, at) => (at % columns === 3 ? 5 : value));
      const odd = { source: valueSource(third, columns), task, loss, start };
      await expect(train(odd)).rejects.toMatchObject({ code: "target" });
    }
    const start = (await train({ source, task, epochs: 5 })).model;
    const still = values.slice(0, 50 * columns).map((value, at) => (at % columns === 3 ? 2 : value));
    const { model } = await train({ source: valueSource(still, columns), task, start, step: 0.001, epochs: 1 });
    expect(predictRow(model, [5, 5, 5])).toBeCloseTo(2, 0);
  });

  it("follows what changes, from codes; a start that says the opposite is no divergence", async () => {
    const start = (await train({ source, task, epochs: 10 })).model;
    const turned = rowsOf("turned", 1000, [-1, 0.5, -0.25]);
    const quantizer = rangeQuantizer(turned, columns, { bits: 5, samples: 2 }, { bits: 8, samples: 1 });
    const codes = sourceOf(columns, codeBlocks(turned, quantizer, createStream("test/warm-start/draws"), 300));
    const made = { source: codes, task, epochs: 3, start };
    const followed = await train({ ...made, schedule: "constant" });
    expect(followed.before).toBeGreaterThan(10 * (followed.epochs.at(-1)?.loss ?? 0));
    expect(followed.warnings).toEqual([]);
    const slow = await train({ ...made, step: 1e-4 });
    expect(slow.warnings).toEqual([expect.stringMatching(/no better than one with every weight 0/)]);
    expect(slow.model.features[0]?.weight).toBeGreaterThan(0);
  });

  const refused: readonly (readonly [string, Partial<TrainOptions>, RegExp])[] = [
    ["the closed form", { solver: "closed-form" }, /solver is sgd/],
    ["another loss", { loss: "ls-svm" }, /made with the loss squares, not ls-svm/],
    ["other features", { task: taskOf(2) }, /predicts from f0 \(m\), f1 \(m\), f2 \(m\), and the task from/],
    ["another target", { task: { ...task, target: { ...task.target, name: "z" } } }, /and the task z/],
  ];
  it.each(refused)("is refused with %s", async (_, options, message) => {
    const start = (await train({ source, task, epochs: 1 })).model;
    const attempt = train({ source, task, start, ...options });
    await expect(attempt).rejects.toMatchObject({ code: "options", message: expect.stringMatching(message) });
  });
});
