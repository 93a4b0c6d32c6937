import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { packedEngine } from "../../src/engines/index.ts";
import { type LinearModel, type TrainOptions, train } from "../../src/train/index.ts";
import { codeBlocks, rangeQuantizer, sourceOf, syntheticSet } from "../train/support/data.ts";

const set = syntheticSet(200, 1000, 3);
const last = set.columns - 1;
const labels = set.values.map((value, at) => (at % set.columns === last ? Number(value > 0) : value));
const sourceFor = (samples: number) => {
  const quantizer = rangeQuantizer(labels, set.columns, { bits: 8, samples }, { bits: 8, samples: 1 });
  return sourceOf(set.columns, codeBlocks(labels, quantizer, createStream("test/packed-objective/threads")));
};

describe("packed on several threads", () => {
  const runs: readonly Partial<TrainOptions>[] = [
    { l1: 0.01, l2: 0.1 },
    { ball: 0.5 },
    { loss: "ls-svm", ball: 0.5, gradientBits: 6 },
    { loss: "logistic", ball: 0.8 },
    { loss: "hinge", l1: 0.005, average: 0 },
  ];
  it.each(runs)("comes to the same model to the bit: %j", async (options) => {
    const source = sourceFor(options.loss === "logistic" || options.loss === "hinge" ? 1 : 2);
    const models: LinearModel[] = [];
    for (const threads of [1, 2, 3]) {
      const engine = packedEngine({ threads });
      models.push((await train({ source, task: set.task, engine, epochs: 2, batch: 100, ...options })).model);
      await engine.close();
    }
    expect(models[1]).toEqual(models[0]);
    expect(models[2]).toEqual(models[0]);
  });
});
