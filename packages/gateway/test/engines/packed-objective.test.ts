import { createStream } from "@zipml/codec";
import { afterEach, describe, expect, it } from "vitest";
import { float32Engine, hogwildEngine, type PackedEngineOptions, packedEngine } from "../../src/engines/index.ts";
import { createTypeScriptKernels } from "../../src/kernels/index.ts";
import {
  type Engine,
  evaluate,
  referenceEngine,
  type TrainOptions,
  type TrainResult,
  train,
} from "../../src/train/index.ts";
import { codeBlocks, rangeQuantizer, sourceOf, syntheticSet, valueSource } from "../train/support/data.ts";

const open: Engine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close?.();
});

function opened(engine: Engine): Engine {
  open.push(engine);
  return engine;
}

const packed = (options: PackedEngineOptions = { threads: 1 }): Engine => opened(packedEngine(options));
const twin = (): Engine => packed({ kernels: createTypeScriptKernels });

const set = syntheticSet(70, 800, 9);
const { columns } = set;
/** The same with the sign of the target for a label. */
const labels = set.values.map((value, at) => (at % columns === columns - 1 ? (value > 0 ? 7 : 3) : value));
const encoded = (values: Float64Array, bits: number, samples: number) => {
  const quantizer = rangeQuantizer(values, columns, { bits, samples }, { bits: 8, samples: 1 });
  return sourceOf(columns, codeBlocks(values, quantizer, createStream("test/packed-objective")));
};
const sources = (rows: number) => ({
  numbers: encoded(set.values.slice(0, rows * columns), 4, 2),
  labels: encoded(labels.slice(0, rows * columns), 5, 2),
  classes: encoded(labels.slice(0, rows * columns), 8, 1),
});
const whole = sources(800);
const few = sources(150);

const regularizers: readonly Partial<TrainOptions>[] = [
  { l2: 0.3 },
  { l1: 0.03 },
  { l1: 0.02, l2: 0.1 },
  { box: [-0.05, 0.1] },
  { ball: 0.4 },
  { l1: 0.01, ball: 0.4 },
];
const all = [
  ...regularizers.map((more) => [more, "numbers"] as const),
  [{ loss: "ls-svm", l1: 0.02 }, "labels"] as const,
  [{ loss: "logistic" }, "classes"] as const,
  [{ loss: "hinge", l2: 0.01 }, "classes"] as const,
  [{ loss: "logistic", ball: 1, modelBits: 8, residualBits: 8, gradientBits: 8 }, "classes"] as const,
] satisfies readonly (readonly [Partial<TrainOptions>, keyof typeof whole])[];

async function run(engine: Engine, options: Partial<TrainOptions>, source = whole.numbers): Promise<TrainResult> {
  return train({ source, task: set.task, engine, epochs: 3, ...options });
}
const weights = ({ model }: TrainResult): number[] => model.features.map(({ weight }) => weight);

describe("packed with a regularizer or a loss of the margin", () => {
  it.each(all)("equals its TypeScript twin to the bit: %j", async (options, name) => {
    const source = few[name];
    const made = { ...options, epochs: 1, batch: 40 };
    const [ours, theirs] = [await run(packed(), made, source), await run(twin(), made, source)];
    expect(ours.engine).toBe("packed");
    expect(ours.model).toEqual(theirs.model);
  });

  it.each(all)(
    "is the reference to int16's digits where each epoch is one batch of all rows: %j",
    async (options, name) => {
      const source = whole[name];
      const made = {
        ...options,
        modelBits: 0,
        residualBits: 0,
        gradientBits: 0,
        batch: 800,
        epochs: 6,
        average: 2,
        step: 0.3,
      };
      const ours = await run(packed(), { ...made, residualBits: 15 }, source); // as fine as the model
      const theirs = await run(referenceEngine(), made, source);
      const own = weights(ours);
      for (const [i, weight] of weights(theirs).entries())
        expect(Math.abs((own[i] as number) - weight)).toBeLessThan(2e-4);
      expect((ours.epochs.at(-1)?.loss ?? 0) / (theirs.epochs.at(-1)?.loss ?? 1)).toBeCloseTo(1, 3);
      expect(ours.model.target.mean).toBeCloseTo(theirs.model.target.mean, 3);
    },
  );

  it("has the exact zeros of l1, keeps to the box and to the ball", async () => {
    const made = { epochs: 12 };
    const sparse = weights(await run(packed(), { ...made, l1: 0.05 }));
    const reference = weights(await run(referenceEngine(), { ...made, l1: 0.05 }));
    expect(sparse.filter((weight) => weight === 0).length).toBeGreaterThan(10);
    const differ = sparse.filter((weight, i) => (weight === 0) !== (reference[i] === 0));
    expect(differ.length).toBeLessThan(3); // a weight at the very edge
    const boxed = weights(await run(packed(), { ...made, box: [0, 0.1] }));
    for (const weight of boxed) expect(weight >= 0 && weight <= 0.1).toBe(true);
    expect(Math.hypot(...weights(await run(packed(), { ...made, ball: 0.3, average: 0 })))).toBeCloseTo(0.3, 9);
    expect(weights(await run(packed(), { l1: 1000 }))).toEqual(new Array(70).fill(0));
  });

  it("is as accurate as the reference on classes", async () => {
    const accuracy = ({ model }: TrainResult): number => evaluate(model, set.task, labels, set.columns).accuracy ?? 0;
    for (const loss of ["logistic", "hinge"] as const) {
      const made = { loss, epochs: 12 };
      const [ours, theirs] = [
        await run(packed(), made, whole.classes),
        await run(referenceEngine(), made, whole.classes),
      ];
      expect(Math.abs(accuracy(ours) - accuracy(theirs))).toBeLessThan(0.01);
      expect(ours.model.target.mean).not.toBe(0); // the intercept was trained
    }
  });

  it("reports a divergence, and refuses what it can't run", async () => {
    const wild = { step: 1e6, schedule: "constant", average: 0 } as const;
    await expect(run(packed(), { ...wild, loss: "logistic" }, whole.classes)).rejects.toMatchObject({
      code: "diverged",
    });
    await expect(run(packed(), { ...wild, l1: 0.01 })).rejects.toMatchObject({ code: "diverged" });
    await expect(run(packed(), { loss: "logistic", degree: 1 }, whole.labels)).rejects.toMatchObject({
      code: "engine",
    });
  });
});

describe("float32 with a regularizer", () => {
  const source = valueSource(set.values, set.columns);

  it.each(regularizers)("comes to the reference's model: %j", async (options) => {
    const made = { ...options, epochs: 12 };
    const own = weights(await run(opened(float32Engine()), made, source));
    for (const [i, weight] of weights(await run(referenceEngine(), made, source)).entries()) {
      expect(Math.abs((own[i] as number) - weight)).toBeLessThan(0.02);
      if (options.box !== undefined) expect(own[i]).toBeLessThanOrEqual(options.box[1]);
    }
    if (options.ball !== undefined) expect(Math.hypot(...own)).toBeLessThanOrEqual(options.ball + 1e-9);
  });

  it("refuses losses of the margin, and hogwild all of it", async () => {
    const raw = valueSource(labels, set.columns);
    const margin = run(opened(float32Engine()), { loss: "logistic" }, raw);
    await expect(margin).rejects.toMatchObject({
      code: "engine",
      message: expect.stringMatching(/not the loss logistic/),
    });
    const lockless = () => opened(hogwildEngine({ threads: 1 }));
    await expect(run(lockless(), { l2: 1 }, source)).rejects.toMatchObject({ code: "engine" });
    await expect(run(lockless(), { loss: "hinge" }, raw)).rejects.toMatchObject({ code: "engine" });
  });
});
