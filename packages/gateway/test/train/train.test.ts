import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import {
  type Engine,
  referenceEngine,
  type SampleBlock,
  type SampleSource,
  type TrainOptions,
  train,
} from "../../src/train/index.ts";
import { codeBlocks, encodedSource, quantizerOf, sourceOf, syntheticSet, taskOf, valueSource } from "./support/data.ts";

const set = syntheticSet(3, 200, 1);
const encoded = encodedSource(set, 4, 1);
const raw = valueSource(set.values, set.columns);
const refused = (code: string) => expect.objectContaining({ name: "TrainingError", code });
const tryTrain = (options: Partial<TrainOptions>) => train({ source: encoded, task: set.task, epochs: 2, ...options });

describe("train", () => {
  it.each<[string, Partial<TrainOptions>, string]>([
    ["epochs", { epochs: 0 }, "options"],
    ["batch", { batch: 1.5 }, "options"],
    ["step", { step: -1 }, "options"],
    ["step that is not finite", { step: Number.NaN }, "options"],
    ["model bits", { modelBits: 17 }, "options"],
    ["gradient bits", { gradientBits: -1 }, "options"],
    ["residual bits", { residualBits: 0.5 }, "options"],
    ["average", { average: 3 }, "options"],
    ["schedule", { schedule: "cosine" as never }, "options"],
    ["solver", { solver: "newton" as never }, "options"],
    ["diagonal", { diagonal: "block" as never }, "options"],
    ["estimator", { estimator: "best" as never }, "options"],
    ["no feature", { task: { ...set.task, features: [] } }, "options"],
    ["a feature outside", { task: { ...set.task, features: [{ name: "z", unit: "", column: 9 }] } }, "options"],
    ["a feature twice", { task: { ...set.task, features: [...taskOf(1).features, ...taskOf(1).features] } }, "options"],
    ["a target outside", { task: { ...set.task, target: { name: "y", unit: "", column: 4 } } }, "options"],
    ["a target that is a feature", { task: { ...set.task, target: { name: "y", unit: "", column: 0 } } }, "options"],
    ["full on codes", { estimator: "full" }, "estimator"],
    ["naive on two draws", { estimator: "naive" }, "estimator"],
    ["symmetric on raw rows", { source: raw, estimator: "symmetric" }, "estimator"],
    ["double on raw rows", { source: raw, estimator: "double" }, "estimator"],
    ["naive on raw rows", { source: raw, estimator: "naive" }, "estimator"],
    ["symmetric on one draw", { source: encodedSource(set, 4, 1, 1), estimator: "symmetric" }, "estimator"],
    ["double on one draw", { source: encodedSource(set, 4, 1, 1), estimator: "double" }, "estimator"],
    ["no rows", { source: sourceOf(4, []) }, "rows"],
    ["one row", { source: valueSource(set.values.slice(0, 4), 4) }, "rows"],
    ["fewer rows than promised", { source: { ...encoded, rows: 201 } }, "rows"],
    [
      "a constant target",
      {
        source: valueSource(
          set.values.map((v, i) => (i % 4 === 3 ? 7 : v)),
          4,
        ),
      },
      "target",
    ],
  ])("refuses %s", async (_, options, code) => {
    await expect(tryTrain(options)).rejects.toEqual(refused(code));
    if (code !== "options")
      await expect(tryTrain({ ...options, solver: "closed-form" })).rejects.toEqual(refused(code));
  });

  it("refuses an engine that does not run the estimator, given or chosen", async () => {
    const engine: Engine = { ...referenceEngine(), name: "half", supports: (name) => name === "naive" };
    await expect(tryTrain({ engine })).rejects.toEqual(refused("engine"));
    await expect(tryTrain({ engine, estimator: "double" })).rejects.toEqual(refused("engine"));
    await expect(tryTrain({ engine, solver: "closed-form" })).resolves.toBeDefined();
  });

  it("stops at the signal", async () => {
    const controller = new AbortController();
    const onEpoch = () => controller.abort();
    await expect(tryTrain({ signal: controller.signal, onEpoch })).rejects.toEqual(refused("aborted"));
    await expect(tryTrain({ signal: AbortSignal.abort() })).rejects.toEqual(refused("aborted"));
  });

  it("passes on what the source throws", async () => {
    const source: SampleSource = {
      ...encoded,
      blocks: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("disk")) }),
      }),
    };
    await expect(tryTrain({ source })).rejects.toThrow("disk");
  });

  it("gives a column without variance weight 0 and a warning", async () => {
    const values = set.values.map((value, i) => (i % 4 === 1 ? 5 : value));
    const quantizer = quantizerOf([
      { low: -1, high: 1, bits: 5, samples: 2 },
      { low: 5, high: 5, bits: 5, samples: 2 },
      { low: -1, high: 1, bits: 5, samples: 2 },
      { low: -6, high: 6, bits: 8, samples: 1 },
    ]);
    const source = sourceOf(4, codeBlocks(values, quantizer, createStream("test/empty")));
    for (const options of [{ source }, { source: valueSource(values, 4) }])
      for (const solver of ["sgd", "closed-form"] as const) {
        const { model, warnings } = await tryTrain({ ...options, solver, modelBits: 3 });
        expect(model.features[1]).toMatchObject({ weight: 0, deviation: 0 });
        expect(warnings.join()).toContain("f1");
      }
  });

  it("takes raw targets beside codes and then ignores the target's column", async () => {
    const targets = Float64Array.from({ length: 200 }, (_, r) => set.values[r * 4 + 3] as number);
    const blocks: SampleBlock[] = [];
    for await (const block of encoded.blocks())
      if (block.kind === "codes") blocks.push({ ...block, targets: targets.slice(0, block.rows) });
    const task = { ...set.task, target: { name: "y", unit: "s", column: -1 } };
    const { model } = await train({ source: sourceOf(4, blocks), task });
    expect(model.target.mean).toBeCloseTo(targets.reduce((sum, value) => sum + value, 0) / 200, 10);
  });

  it("trains over two grids in one source", async () => {
    const large = syntheticSet(3, 4000, 2);
    const half = large.values.length / 2;
    const quantizers = [4, 6].map((bits) =>
      quantizerOf([
        ...[1, 1.2, 1.4].map((high) => ({ low: -high, high, bits, samples: 2 })),
        { low: -6, high: 6, bits: 8, samples: 1 },
      ]),
    );
    const blocks = quantizers.flatMap((quantizer, i) =>
      codeBlocks(large.values.slice(i * half, (i + 1) * half), quantizer, createStream(`test/two-grids/${i}`)),
    );
    const { model } = await train({ source: sourceOf(4, blocks), task: large.task });
    const exact = await train({ source: valueSource(large.values, 4), task: large.task, solver: "closed-form" });
    for (const [i, { weight }] of model.features.entries())
      expect(Math.abs(weight - (exact.model.features[i]?.weight as number))).toBeLessThan(0.05);
  });

  it("reports every epoch, the last with the model that is returned", async () => {
    const seen: unknown[] = [];
    const { model, epochs, step } = await tryTrain({
      epochs: 4,
      onEpoch: async (progress) => {
        await Promise.resolve();
        seen.push(progress);
      },
    });
    expect(seen).toHaveLength(4);
    expect(seen.at(-1)).toEqual({ ...epochs.at(-1), model });
    expect(step).toBeGreaterThan(0);
    expect(model).toMatchObject({ rows: 200, estimator: "symmetric", solver: "sgd" });
  });
});
