import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { packedEngine } from "../../src/engines/index.ts";
import { createTypeScriptKernels } from "../../src/kernels/index.ts";
import { type Engine, evaluate, referenceEngine, type TrainOptions, train } from "../../src/train/index.ts";
import { codeBlocks, levelledOf, same, sourceOf, syntheticSet } from "../train/support/data.ts";

const set = syntheticSet(10, 2000, 6);
const even = { kind: "uniform" as const, low: -1, high: 1 };

/** Levels of which the neighbours of 0 lie close together, s intervals. */
function uneven(intervals: number) {
  const points = Array.from({ length: intervals + 1 }, (_, j) => {
    const at = (2 * j) / intervals - 1;
    return Math.sign(at) * Math.abs(at) ** 1.5;
  });
  return { kind: "points" as const, points };
}

/** The set on unequal levels, its last feature and the target on equal ones. */
function levelled(bits: number, samples = 2, sparse = false) {
  const intervals = Math.floor((2 ** bits - 1) / samples);
  const quantizer = levelledOf([
    ...same(9, {
      bits,
      samples,
      levels: sparse ? { kind: "points" as const, points: [-1, -0.1, 1] } : uneven(intervals),
    }),
    { bits, samples, levels: even },
    { bits: 8, samples: 1, levels: { kind: "uniform" as const, low: -10, high: 10 } },
  ]);
  return sourceOf(set.columns, codeBlocks(set.values, quantizer, createStream("test/tables"), 700));
}

async function run(engine: Engine, bits: number, options: Partial<TrainOptions> = {}, source = levelled(bits)) {
  try {
    const { model } = await train({ source, task: set.task, engine, epochs: 3, ...options });
    const { loss } = evaluate(model, set.task, set.values, set.columns);
    return { loss, weights: model.features.map(({ weight }) => weight) };
  } finally {
    await engine.close?.();
  }
}

const packed = (): Engine => packedEngine({ threads: 1 });
const twin = (): Engine => packedEngine({ kernels: createTypeScriptKernels });

describe("unequal levels", () => {
  it.each([2, 3, 4, 6, 8])("of %i bits: packed equals its TypeScript twin to the bit", async (bits) => {
    const options = { epochs: 1, batch: 50 };
    expect((await run(packed(), bits, options)).weights).toEqual((await run(twin(), bits, options)).weights);
  });

  it.each([
    { bits: 4, modelBits: 0, residualBits: 0 },
    { bits: 4, modelBits: 8, residualBits: 8 },
    { bits: 7, modelBits: 0, residualBits: 0 },
  ])("of $bits bits: the reference's loss on exact rows within 1 %, model $modelBits", async ({ bits, ...widths }) => {
    const options = { epochs: 20, ...widths };
    const [ours, theirs] = [await run(packed(), bits, options), await run(referenceEngine(), bits, options)];
    expect(Math.abs(ours.loss / theirs.loss - 1)).toBeLessThan(0.01);
    for (const [i, weight] of ours.weights.entries())
      expect(Math.abs(weight - (theirs.weights[i] as number))).toBeLessThan(0.05);
  });

  it("with one draw and naive shrinks the model as the reference does", async () => {
    const size = async (engine: Engine): Promise<number> => {
      const options = { estimator: "naive", epochs: 20 } as const;
      return Math.hypot(...(await run(engine, 2, options, levelled(2, 1, true))).weights);
    };
    const [ours, theirs] = [await size(packed()), await size(referenceEngine())];
    expect(ours / theirs).toBeCloseTo(1, 1);
    expect(ours / Math.hypot(...set.truth)).toBeLessThan(0.9);
  });

  it("counts even columns among them in the same units: taken for even, the others train another model", async () => {
    const exact = await run(referenceEngine(), 4, { epochs: 20 });
    const channels = levelledOf([
      ...same(10, { bits: 4, samples: 2, levels: even }),
      { bits: 8, samples: 1, levels: { kind: "uniform" as const, low: -10, high: 10 } },
    ]);
    const source = levelled(4);
    const mistaken = {
      ...source,
      async *blocks() {
        for await (const block of source.blocks())
          yield block.kind === "codes" ? { ...block, quantizer: channels } : block;
      },
    };
    const wrong = await run(packed(), 4, { epochs: 20 }, mistaken);
    expect(wrong.loss / exact.loss).toBeGreaterThan(1.05);
  });
});
