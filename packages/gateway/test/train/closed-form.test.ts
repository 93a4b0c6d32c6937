import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { type EstimatorName, type LinearModel, train, weightsOf } from "../../src/train/index.ts";
import { codeBlocks, quantizerOf, same, sourceOf, syntheticSet } from "./support/data.ts";

const features = 64;
const set = syntheticSet(features, 20_000, 1, 0);
const targets = Float64Array.from({ length: 20_000 }, (_, r) => set.values[r * set.columns + features] as number);
const norm = (values: Iterable<number>): number => Math.hypot(...values);

/**
 * A grid whose first `used` equal intervals cover [−1, 1] exactly and whose others lie above: widths in bits give only
 * 2^b − 1 intervals, and the prediction is for 2 and 8.
 */
function gridOf(used: number, intervals: number, samples: number) {
  const width = 2 / used;
  const bits = Math.log2(intervals * samples + 1);
  const high = -1 + width * intervals;
  // The target's channel is not used: targets are raw, as the prediction is for an exact target.
  return quantizerOf([
    ...same(features, { low: -1, high, bits: Math.ceil(bits), samples }),
    { low: -100, high: 100, bits: 1, samples: 1 },
  ]);
}

async function solve(estimator: EstimatorName, used: number, intervals: number): Promise<LinearModel> {
  const quantizer = gridOf(used, intervals, estimator === "naive" ? 1 : 2);
  expect(quantizer.channels[0]?.intervals).toBe(intervals);
  const blocks = codeBlocks(set.values, quantizer, createStream("test/ridge"), 4096, targets);
  const source = sourceOf(set.columns, blocks);
  return (await train({ source, task: set.task, estimator, solver: "closed-form" })).model;
}

const shrinkage = (model: LinearModel): number => norm(Object.values(weightsOf(model).weights)) / norm(set.truth);

describe("the closed form over codes, an exact target", () => {
  it.each([
    [2, 3, 0.667],
    [8, 15, 0.97],
  ])("shrinks like the predicted ridge for naive at %i intervals", async (used, intervals, predicted) => {
    expect(Math.abs(shrinkage(await solve("naive", used, intervals)) - predicted)).toBeLessThan(0.01);
  });

  it.each([
    ["symmetric", 2, 3],
    ["symmetric", 8, 15],
    ["double", 2, 3],
    ["double", 8, 15],
  ] as const)("does not shrink for %s at %i intervals", async (estimator, used, intervals) => {
    expect(Math.abs(shrinkage(await solve(estimator, used, intervals)) - 1)).toBeLessThan(0.02);
  });

  it("equals the normal equations worked out from decoded values", async () => {
    const quantizer = gridOf(8, 15, 2);
    const blocks = codeBlocks(set.values, quantizer, createStream("test/ridge"), 4096, targets);
    const { model } = await train({ source: sourceOf(set.columns, blocks), task: set.task, solver: "closed-form" });
    const weights = Object.values(weightsOf(model).weights);
    // The gradient of the corrected loss is 0 at the solution: Σ (m − mean)(m·w + c − b) − Σ d w.
    const { intercept } = weightsOf(model);
    const gradient = new Float64Array(features);
    for (const block of blocks) {
      if (block.kind !== "codes") continue;
      const means = new Float64Array(block.codes.length);
      const spreads = new Float64Array(block.codes.length);
      quantizer.meansInto(block.codes, means);
      quantizer.spreadsInto(block.codes, spreads);
      for (let r = 0; r < block.rows; r++) {
        const base = r * set.columns;
        let error = intercept - (block.targets?.[r] as number);
        for (let i = 0; i < features; i++) error += (weights[i] as number) * (means[base + i] as number);
        for (let i = 0; i < features; i++)
          gradient[i] =
            (gradient[i] as number) +
            (means[base + i] as number) * error -
            (spreads[base + i] as number) * (weights[i] as number);
      }
    }
    for (const value of gradient) expect(Math.abs(value / 20_000)).toBeLessThan(1e-10);
  });

  it("reports one loss, also to onEpoch", async () => {
    const blocks = codeBlocks(set.values, gridOf(8, 15, 2), createStream("test/ridge"), 4096, targets);
    const seen: number[] = [];
    const { epochs, step } = await train({
      source: sourceOf(set.columns, blocks),
      task: set.task,
      solver: "closed-form",
      onEpoch: ({ loss }) => void seen.push(loss),
    });
    expect(epochs.map(({ loss }) => loss)).toEqual(seen);
    expect(step).toBeUndefined();
  });
});
