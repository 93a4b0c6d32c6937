import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { spectrumOf } from "../../src/train/guard.ts";
import { lossOf, normalEquations } from "../../src/train/normal-equations.ts";
import { measureEnergy, measureLargest, measureLoss } from "../../src/train/passes.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import { standardise } from "../../src/train/standardise.ts";
import { surveySource } from "../../src/train/survey.ts";
import { encodedSource, syntheticSet } from "./support/data.ts";

async function prepared() {
  const set = syntheticSet(6, 1500, 11);
  // Two columns that share much, so that one eigenvalue stands out.
  for (let i = 0; i < set.values.length; i += 7)
    set.values[i + 1] = 0.8 * (set.values[i] as number) + 0.2 * (set.values[i + 1] as number);
  const source = encodedSource(set, 4, 1, 2, 130);
  const survey = await surveySource({
    source,
    task: set.task,
    estimator: undefined,
    products: true,
    signal: undefined,
  });
  const { scaling } = standardise(survey.summary, set.task);
  const reader = createRowReader({ estimator: "symmetric", task: set.task, scaling, rowSpreads: false });
  const coins = createStream("test/passes");
  const readable = { source, task: set.task, reader, scaling, coins, twoSided: false, signal: undefined };
  return { readable, scaling, equations: normalEquations(survey.summary, scaling) };
}

describe("passes over the data", () => {
  it("measure the loss that the normal equations give", async () => {
    const { readable, equations } = await prepared();
    const weights = Float64Array.from([0.3, -0.2, 0.8, 0, 0.1, -0.5]);
    expect(await measureLoss(readable, weights)).toBeCloseTo(lossOf(equations, weights), 10);
    expect(lossOf(equations, new Float64Array(6))).toBe(0.5);
  });

  it("find the largest eigenvalue of the corrected matrix", async () => {
    const { readable, equations, scaling } = await prepared();
    const largest = spectrumOf(equations.matrix, scaling).values.at(-1) as number;
    expect(await measureLargest(readable, 12, createStream("test/start"))).toBeCloseTo(largest, 3);
  });

  it("measure the rows' energy: their number of columns, noise and tails on top", async () => {
    const { readable } = await prepared();
    const energy = await measureEnergy(readable);
    expect(energy).toBeGreaterThan(6);
    expect(energy).toBeLessThan(9);
  });
});
