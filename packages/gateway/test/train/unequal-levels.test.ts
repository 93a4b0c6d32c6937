import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { clearBatch, createBatch, fillGradient, fillResiduals } from "../../src/train/batch.ts";
import { createMoments, type EstimatorName, train, weightsOf } from "../../src/train/index.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import { codeBlocks, levelledOf, same, sourceOf, syntheticSet, taskOf } from "./support/data.ts";
import { allowed, createTally, note, worstError } from "./support/statistics.ts";

const points = (...at: readonly number[]) => ({ kind: "points" as const, points: at });

describe("moments of codes on unequal levels", () => {
  const columns = 3;
  // Unequal, equal, and unequal with one draw; the large alphabet has no table.
  const quantizer = levelledOf([
    { bits: 5, samples: 3, levels: points(-1, -0.7, 0.1, 0.15, 1) },
    { bits: 4, samples: 2, levels: { kind: "uniform", low: -1, high: 1 } },
    { bits: 14, samples: 1, levels: points(...Array.from({ length: 5000 }, (_, j) => -1 + 2 * (j / 4999) ** 2)) },
  ]);
  const stream = createStream("test/unequal");
  const values = Float64Array.from({ length: 500 * columns }, () => 2 * stream.uniform() - 1);
  const blocks = codeBlocks(values, quantizer, createStream("test/unequal/draws"), 61);

  it("equal what the decoded values give", () => {
    const moments = createMoments(quantizer);
    const [means, spreads] = [new Float64Array(1500), new Float64Array(1500)];
    for (const [i, block] of blocks.entries()) {
      moments.add(block);
      if (block.kind !== "codes") continue;
      quantizer.meansInto(block.codes, means.subarray(i * 61 * columns));
      quantizer.spreadsInto(block.codes, spreads.subarray(i * 61 * columns));
    }
    const average = (f: (row: number) => number) =>
      Array.from({ length: 500 }, (_, r) => f(r)).reduce((a, b) => a + b, 0) / 500;
    const found = moments.summary();
    for (let i = 0; i < columns; i++) {
      const mi = average((r) => means[r * columns + i] ?? 0);
      expect(found.means[i]).toBeCloseTo(mi, 10);
      expect(found.spreads[i]).toBeCloseTo(
        average((r) => spreads[r * columns + i] ?? 0),
        10,
      );
      for (let j = 0; j < columns; j++) {
        const mj = average((r) => means[r * columns + j] ?? 0);
        const product = average((r) => ((means[r * columns + i] ?? 0) - mi) * ((means[r * columns + j] ?? 0) - mj));
        expect(found.covariance?.[i * columns + j]).toBeCloseTo(product - (i === j ? (found.spreads[i] ?? 0) : 0), 10);
      }
    }
    expect(found.spreads[2]).toBe(0);
  });

  it("merge as far as float64 goes", () => {
    const [whole, left, right] = [createMoments(quantizer), createMoments(quantizer), createMoments(quantizer)];
    for (const [i, block] of blocks.entries()) {
      whole.add(block);
      (i < 3 ? left : right).add(block);
    }
    left.merge(right);
    const [one, two] = [whole.summary().covariance, left.summary().covariance];
    for (const [at, value] of (one ?? []).entries()) expect(two?.[at]).toBeCloseTo(value, 12);
  });
});

describe("the gradient of one row on unequal levels", () => {
  const a = [0.31, -0.62, 0.83, -0.12, 0.47];
  const x = Float64Array.from([0.9, -1.3, 0.7, 1.6, -0.4]);
  const target = 0.35;
  const size = a.length;
  const rows = 40_000;
  const residual = a.reduce((sum, value, i) => sum + value * (x[i] as number), -target);
  const exact = a.map((value) => value * residual);
  const quantizer = levelledOf(same(size + 1, { bits: 4, samples: 2, levels: points(-1, -0.2, 0.4, 1) }));
  const values = Float64Array.from({ length: rows * (size + 1) }, (_, i) => a[i % (size + 1)] ?? 0);
  const targets = new Float64Array(rows).fill(target);
  const blocks = codeBlocks(values, quantizer, createStream("test/unequal/row"), 4096, targets);
  const ones = new Float64Array(size).fill(1);
  const none = new Float64Array(size);
  const scaling = { rows, means: none, deviations: ones, spreads: none, targetMean: 0, targetDeviation: 1 };

  const worst = (estimator: EstimatorName): number => {
    const reader = createRowReader({ estimator, task: taskOf(size), scaling, rowSpreads: true });
    const batch = createBatch(size, 1, estimator === "double");
    const coins = createStream("test/unequal/coins");
    const [tallies, gradient] = [a.map(createTally), new Float64Array(size)];
    for (const block of blocks) {
      const read = reader.open(block, coins);
      for (let r = 0; r < block.rows; r++) {
        clearBatch(batch);
        read(r, batch);
        fillResiduals(batch, x);
        fillGradient(batch, x, undefined, gradient);
        for (const [i, tally] of tallies.entries()) note(tally, gradient[i] as number);
      }
    }
    return worstError(tallies, exact);
  };

  it("is unbiased for symmetric and double, and not without d", () => {
    expect(worst("symmetric")).toBeLessThan(allowed);
    expect(worst("double")).toBeLessThan(allowed);
    expect(worst("naive")).toBeGreaterThan(allowed);
  });
});

describe("training on unequal levels", () => {
  it("does not shrink, in closed form or by SGD, and naive does", async () => {
    const features = 10;
    const set = syntheticSet(features, 10_000, 6);
    const slopes = async (samples: number, options: Partial<Parameters<typeof train>[0]>) => {
      const quantizer = levelledOf([
        ...same(features, { bits: 3, samples, levels: points(-1, -0.1, 0.6, 1) }),
        { bits: 8, samples: 1, levels: { kind: "uniform" as const, low: -10, high: 10 } },
      ]);
      const blocks = codeBlocks(set.values, quantizer, createStream("test/unequal/train"), 4096);
      const { model } = await train({ source: sourceOf(set.columns, blocks), task: set.task, ...options });
      const weights = Object.values(weightsOf(model).weights);
      const norm = set.truth.reduce((sum, w) => sum + w * w, 0);
      return weights.reduce((sum, w, i) => sum + w * (set.truth[i] as number), 0) / norm;
    };
    expect(Math.abs((await slopes(2, { solver: "closed-form" })) - 1)).toBeLessThan(0.03);
    expect(Math.abs((await slopes(2, { solver: "closed-form", estimator: "double" })) - 1)).toBeLessThan(0.03);
    expect(Math.abs((await slopes(2, { epochs: 15 })) - 1)).toBeLessThan(0.05);
    expect(await slopes(1, { solver: "closed-form", estimator: "naive" })).toBeLessThan(0.85);
  });
});
