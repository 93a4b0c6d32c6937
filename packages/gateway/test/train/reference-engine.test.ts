import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import type { EpochContext } from "../../src/train/engine.ts";
import type { EstimatorName } from "../../src/train/estimators.ts";
import { referenceEngine } from "../../src/train/reference-engine.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import type { SampleBlock } from "../../src/train/samples.ts";
import { createStreams } from "../../src/train/streams.ts";
import { codeBlocks, quantizerOf, same, sourceOf, taskOf } from "./support/data.ts";
import { allowed, createTally, note, type Tally, worstError } from "./support/statistics.ts";

const unitScaling = (size: number, rows: number) => ({
  rows,
  means: new Float64Array(size),
  deviations: new Float64Array(size).fill(1),
  spreads: new Float64Array(size),
  targetMean: 0,
  targetDeviation: 1,
});

interface Run {
  readonly blocks: readonly SampleBlock[];
  readonly size: number;
  readonly estimator: EstimatorName;
  readonly weights: Float64Array;
  readonly epoch?: number;
  readonly batch?: number;
  readonly bits?: Partial<Pick<EpochContext, "modelBits" | "residualBits" | "gradientBits">>;
}

async function runEpoch({ blocks, size, estimator, weights, epoch = 1, batch = 1, bits = {} }: Run): Promise<void> {
  const source = sourceOf(size + 1, blocks);
  const scaling = unitScaling(size, source.rows);
  const task = taskOf(size);
  await referenceEngine().epoch({
    source,
    task,
    estimator,
    scaling,
    reader: createRowReader({ estimator, task, scaling, rowSpreads: true }),
    epoch,
    step: 1,
    batch,
    spreads: undefined,
    guard: undefined,
    modelBits: 0,
    residualBits: 0,
    gradientBits: 0,
    ...bits,
    streams: createStreams("test", epoch),
    seed: "test",
    weights,
    trail: undefined,
    signal: undefined,
  });
}

describe("end to end, the model, the residual and the gradient rounded too", () => {
  const a = [0.31, -0.62, 0.83];
  const x = [0.9, -1.3, 0.7];
  const target = 0.35;
  const residual = a.reduce((sum, value, i) => sum + value * (x[i] as number), -target);
  const exact = a.map((value) => value * residual);
  const times = 20_000;

  async function tally(estimator: EstimatorName, bits: Run["bits"]): Promise<{ parts: Tally[]; distance: Tally }> {
    const samples = estimator === "naive" ? 1 : 2;
    const quantizer = quantizerOf(same(4, { low: -1, high: 1, bits: samples + 1, samples }));
    const draws = createStream("test/end-to-end");
    const row = Float64Array.from([...a, 0]);
    const parts = a.map(createTally);
    const distance = createTally();
    for (let epoch = 1; epoch <= times; epoch++) {
      const weights = Float64Array.from(x);
      const blocks = codeBlocks(row, quantizer, draws, 1, Float64Array.of(target));
      await runEpoch({ blocks, size: 3, estimator, weights, epoch, ...(bits ? { bits } : {}) });
      let square = 0;
      for (const [i, part] of parts.entries()) {
        const gradient = (x[i] as number) - (weights[i] as number);
        note(part, gradient);
        square += (gradient - (exact[i] as number)) ** 2;
      }
      note(distance, square);
    }
    return { parts, distance };
  }

  it("is unbiased for double and symmetric, and not for naive", async () => {
    const bits = { modelBits: 2, residualBits: 0, gradientBits: 2 };
    expect(worstError((await tally("double", bits)).parts, exact)).toBeLessThan(allowed);
    expect(worstError((await tally("symmetric", bits)).parts, exact)).toBeLessThan(allowed);
    expect(worstError((await tally("naive", bits)).parts, exact)).toBeGreaterThan(allowed);
  });

  it("has the variance of the formula before Q4", async () => {
    const { parts, distance } = await tally("double", { modelBits: 2 });
    const roundingOf = (value: number, width: number, low: number): number => {
      const position = (value - low) / width;
      return (position - Math.floor(position)) * (Math.ceil(position) - position) * width ** 2;
    };
    const v = a.map((value) => roundingOf(value, 2 / 3, -1));
    // 2 bits of model: three intervals over plus and minus its largest magnitude, which is exact.
    const w = x.map((value) => (Math.abs(value) === 1.3 ? 0 : roundingOf(value, 2.6 / 3, -1.3)));
    const total = v.reduce((sum, value) => sum + value, 0);
    const energy = a.reduce((sum, value) => sum + value * value, 0);
    const s = v.reduce((sum, vi, i) => {
      const [ai, xi, wi] = [a[i] as number, x[i] as number, w[i] as number];
      return sum + vi * xi ** 2 + ai ** 2 * wi + vi * wi;
    }, 0);
    expect(worstError(parts, exact)).toBeLessThan(allowed);
    expect(worstError([distance], [total * residual ** 2 + (energy + total) * s])).toBeLessThan(allowed);
  });
});

describe("mini-batches", () => {
  const targets = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

  it("divide the last, shorter batch by the full size and may span blocks", async () => {
    // One feature, always 1: with step 1 the weight becomes the mean target of a full batch, whatever it was.
    const rows = (from: number, to: number): SampleBlock => ({
      kind: "values",
      rows: to - from,
      values: Float64Array.from(targets.slice(from, to).flatMap((value) => [1, value])),
    });
    const weights = new Float64Array(1);
    await runEpoch({ blocks: [rows(0, 5), rows(5, 8), rows(8, 10)], size: 1, estimator: "full", weights, batch: 4 });
    // The second batch is the one row that the first left of its block, and 6, 7, 8; then 9 and 10 count as 2 rows of 4.
    const before = 2 * ((weights[0] ?? Number.NaN) - (9 + 10) / 4);
    const left = 4 * before - (6 + 7 + 8);
    expect([1, 2, 3, 4, 5]).toContain(Math.round(left));
    expect(left).toBeCloseTo(Math.round(left), 10);
  });

  it("make the weights NaN rather than throw where numbers overflow", async () => {
    const weights = Float64Array.of(1e200);
    const blocks: SampleBlock[] = [{ kind: "values", rows: 1, values: Float64Array.of(1e38, 0) }];
    await runEpoch({ blocks, size: 1, estimator: "full", weights, bits: { modelBits: 4, gradientBits: 4 } });
    await runEpoch({ blocks, size: 1, estimator: "full", weights, bits: { modelBits: 4, gradientBits: 4 } });
    expect(weights[0]).toBeNaN();
  });
});
