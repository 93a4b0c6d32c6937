import { describe, expect, it } from "vitest";
import { packedEngine } from "../../src/engines/index.ts";
import { evaluate, leastSquares, referenceEngine, type TrainOptions, train } from "../../src/train/index.ts";
import { encodedSource, syntheticSet, valueSource } from "../train/support/data.ts";

const set = syntheticSet(100, 10_000, 1);

async function lossOf(bits: number, options: Partial<TrainOptions>): Promise<number> {
  const engine = options.engine ?? packedEngine({ threads: 1 });
  const source = bits === 0 ? valueSource(set.values, set.columns) : encodedSource(set, bits, 1);
  const { model } = await train({ source, task: set.task, epochs: 30, ...options, engine });
  await engine.close?.();
  return evaluate(model, set.task, set.values, set.columns).loss;
}

const best = evaluate(leastSquares(set.values, set.columns, set.task), set.task, set.values, set.columns).loss;

describe("end to end in low precision on synthetic 100 (the paper's figure 4)", () => {
  it.each([5, 6])("sample, model and gradient at %i bits come to within 1 % of full precision", async (bits) => {
    const full = await lossOf(0, { engine: referenceEngine() });
    const low = await lossOf(bits, { modelBits: bits, gradientBits: bits, residualBits: 8 });
    expect(full / best).toBeLessThan(1.005);
    expect(low / full).toBeLessThan(1.01);
  });

  it("as a control, naive at 3 bits does not", async () => {
    const quantized = encodedSource(set, 3, 1, 1);
    const engine = packedEngine({ threads: 1 });
    const { model } = await train({ source: quantized, task: set.task, engine, estimator: "naive" });
    await engine.close();
    expect(evaluate(model, set.task, set.values, set.columns).loss / best).toBeGreaterThan(1.01);
  });
});

it("packed comes to within 1 % of the reference's loss at 4 bits on synthetic 10 and 100", async () => {
  for (const features of [10, 100]) {
    const other = syntheticSet(features, 10_000, 2);
    const source = encodedSource(other, 4, 2);
    const losses: number[] = [];
    for (const engine of [packedEngine(), referenceEngine()]) {
      const { model } = await train({ source, task: other.task, engine });
      await engine.close?.();
      losses.push(evaluate(model, other.task, other.values, other.columns).loss);
    }
    const [packed, reference] = losses as [number, number];
    expect(Math.abs(packed / reference - 1)).toBeLessThan(0.01);
  }
});

it("small data do not suffer: 10,000 × 10 takes packed no longer than the reference, least of five runs", async () => {
  const small = syntheticSet(10, 10_000, 3);
  const source = encodedSource(small, 4, 3);
  const least = { packed: Number.POSITIVE_INFINITY, reference: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 5; round++)
    for (const engine of [packedEngine(), referenceEngine()]) {
      const before = process.cpuUsage();
      await train({ source, task: small.task, engine });
      const { user, system } = process.cpuUsage(before);
      await engine.close?.();
      const name = engine.name as keyof typeof least;
      least[name] = Math.min(least[name], user + system);
    }
  expect(least.packed).toBeLessThan(least.reference);
});
