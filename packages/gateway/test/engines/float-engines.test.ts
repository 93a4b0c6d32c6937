import { afterEach, describe, expect, it } from "vitest";
import { float32Engine, hogwildEngine } from "../../src/engines/index.ts";
import { type Engine, evaluate, leastSquares, referenceEngine, train } from "../../src/train/index.ts";
import { encodedSource, syntheticSet, valueSource } from "../train/support/data.ts";

const open: Engine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close?.();
});

function opened<T extends Engine>(engine: T): T {
  open.push(engine);
  return engine;
}

const set = syntheticSet(21, 3000, 4);
const source = valueSource(set.values, set.columns);
const best = evaluate(leastSquares(set.values, set.columns, set.task), set.task, set.values, set.columns).loss;

async function run(engine: Engine, options: object = {}) {
  const { model } = await train({ source, task: set.task, engine, epochs: 15, ...options });
  const { loss } = evaluate(model, set.task, set.values, set.columns);
  return { loss, weights: model.features.map(({ weight }) => weight) };
}

describe("float32", () => {
  it("comes to the optimum's loss within 1 %, as the reference does", async () => {
    expect((await run(opened(float32Engine()))).loss / best).toBeLessThan(1.01);
    expect((await run(referenceEngine())).loss / best).toBeLessThan(1.01);
  });

  it("gives the reference's gradient to float32's digits: one batch of all rows", async () => {
    const whole = { batch: set.values.length, epochs: 1, step: 0.5, average: 0 };
    const [ours, theirs] = [await run(opened(float32Engine()), whole), await run(referenceEngine(), whole)];
    for (const [i, weight] of ours.weights.entries()) expect(weight).toBeCloseTo(theirs.weights[i] as number, 5);
  });

  it("is the same to the bit for the same seed, batches of any size", async () => {
    const engine = opened(float32Engine());
    const first = await run(engine, { batch: 50, epochs: 2 });
    expect(await run(engine, { batch: 50, epochs: 2 })).toEqual(first);
    expect(await run(engine, { batch: 50, epochs: 2, seed: 2 })).not.toEqual(first);
  });
});

describe("hogwild", () => {
  it("comes to the optimum's loss within 2 % on one thread", async () => {
    expect((await run(opened(hogwildEngine({ threads: 1 })))).loss / best).toBeLessThan(1.02);
  });

  it("averages the models of the last epoch", async () => {
    const once = await run(opened(hogwildEngine({ threads: 1 })), { average: 0, schedule: "constant", step: 0.5 });
    const mean = await run(opened(hogwildEngine({ threads: 1 })), { average: 3, schedule: "constant", step: 0.5 });
    expect(mean.loss).toBeLessThan(once.loss);
  });
});

describe("both", () => {
  const makers = [
    ["float32", (memory?: number) => float32Engine({ memory })],
    ["hogwild", (memory?: number) => hogwildEngine({ threads: 1, memory })],
  ] as const;

  it.each(makers)("%s refuses codes, rounding and what is closed by typed errors", async (_, make) => {
    const codes = { source: encodedSource(set, 4, 1) };
    await expect(run(opened(make()), codes)).rejects.toMatchObject({ code: "engine" });
    await expect(run(opened(make()), { modelBits: 8 })).rejects.toMatchObject({ code: "engine" });
    const engine = opened(make());
    await engine.close();
    await expect(run(engine)).rejects.toMatchObject({ code: "engine" });
    expect(() => make(1)).toThrow(expect.objectContaining({ code: "options" }));
    expect(() => hogwildEngine({ threads: 0 })).toThrow(expect.objectContaining({ code: "options" }));
  });

  it.each(makers)("%s says that rows do not fit below its cap", async (_, make) => {
    const wide = syntheticSet(99, 4000, 1);
    const options = { source: valueSource(wide.values, wide.columns), task: wide.task };
    await expect(run(opened(make(2 ** 20)), options)).rejects.toMatchObject({ code: "memory" });
  });

  it.each(makers)("%s gives the same in memory that another set has used, and after a divergence", async (_, make) => {
    const engine = opened(make());
    const wide = syntheticSet(90, 3000, 2);
    const other = { source: valueSource(wide.values, wide.columns), task: wide.task, epochs: 1 };
    await train({ ...other, engine });
    const first = await run(engine, { epochs: 2 });
    expect(first).toEqual(await run(opened(make()), { epochs: 2 }));
    await expect(run(engine, { step: 1e6 })).rejects.toMatchObject({ code: "diverged" });
    expect(await run(engine, { epochs: 2 })).toEqual(first);
  });

  it.each(makers)("%s reports a divergence, and stops for the signal", async (_, make) => {
    await expect(run(opened(make()), { step: 1e6 })).rejects.toMatchObject({ code: "diverged" });
    const controller = new AbortController();
    const options = { epochs: 1000, signal: controller.signal, onEpoch: () => controller.abort() };
    await expect(run(opened(make()), options)).rejects.toMatchObject({ code: "aborted" });
  });
});
