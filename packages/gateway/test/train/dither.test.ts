import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { clearBatch, createBatch, fillGradient, fillResiduals } from "../../src/train/batch.ts";
import { checkEstimator } from "../../src/train/estimators.ts";
import {
  combineMoments,
  createMoments,
  type DecodedBlock,
  type EstimatorName,
  type SampleBlock,
  train,
  weightsOf,
} from "../../src/train/index.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import { surveySource } from "../../src/train/survey.ts";
import {
  codeBlocks,
  decodedBlocks,
  ditheredOf,
  encodedSource,
  quantizerOf,
  same,
  sourceOf,
  syntheticSet,
  taskOf,
} from "./support/data.ts";
import { allowed, createTally, note, worstError } from "./support/statistics.ts";

const columns = 3;
const quantizer = ditheredOf([
  { low: -3, high: 4, bits: 3 },
  { low: 0, high: 6, bits: 2 },
  { low: -2, high: 7, bits: 8 },
]);
const d = [1 / 12, 4 / 12, (9 / 255) ** 2 / 12] as const;

function rowsOf(rows: number, seed: number): Float64Array {
  const stream = createStream(`test/dither/${seed}`);
  return Float64Array.from(
    { length: rows * columns },
    (_, i) => ([-2, 1, 0][i % 3] ?? 0) + (i % 3) + 3 * stream.uniform(),
  );
}

/** Means and covariance of decoded rows, by the definition. */
function direct(blocks: readonly DecodedBlock[]) {
  const rows = blocks.flatMap(({ means }) =>
    Array.from({ length: means.length / columns }, (_, r) => [...means.slice(r * columns, (r + 1) * columns)]),
  );
  const average = (f: (row: readonly number[]) => number) => rows.reduce((sum, row) => sum + f(row), 0) / rows.length;
  const means = d.map((_, i) => average((row) => row[i] ?? 0));
  const covariance = means.flatMap((mi, i) =>
    means.map((mj, j) => average((row) => ((row[i] ?? 0) - mi) * ((row[j] ?? 0) - mj))),
  );
  return { means, covariance };
}

function expectClose(actual: ArrayLike<number> | undefined, expected: readonly number[], digits = 10): void {
  expect(actual?.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(actual?.[i]).toBeCloseTo(value, digits);
}

describe("moments of decoded rows", () => {
  const blocks = decodedBlocks(rowsOf(500, 1), quantizer, "a", 61);
  const [first] = blocks as [DecodedBlock];
  const sumOf = (some: readonly DecodedBlock[], uncorrected: readonly number[] = []) => {
    const moments = createMoments(quantizer, { uncorrected });
    for (const block of some) moments.add(block);
    return moments;
  };

  it("equal what the definition gives, less Δ²/12 of each corrected column", () => {
    const { rows, means, spreads, covariance, variances } = sumOf(blocks, [2]).summary();
    const expected = direct(blocks);
    const corrected = expected.covariance.map((value, at) => value - (at === 0 ? d[0] : at === 4 ? d[1] : 0));
    expect(rows).toBe(500);
    expectClose(means, expected.means);
    expectClose(spreads, [d[0], d[1], 0], 14);
    expectClose(covariance, corrected);
    expectClose(
      variances,
      [0, 4, 8].map((at) => corrected[at] ?? 0),
    );
  });

  it("are the same to the bit for the same blocks, and merge as far as float64 goes", () => {
    const whole = sumOf(blocks);
    expect(sumOf(blocks).sums()).toEqual(whole.sums());
    const merged = sumOf(blocks.slice(0, 4));
    merged.merge(sumOf(blocks.slice(4)));
    expectClose(merged.summary().covariance, [...(whole.summary().covariance ?? [])]);
    expect(() => merged.merge(sumOf(blocks, [0]))).toThrow(expect.objectContaining({ code: "rows" }));
  });

  it("refuse codes of scheme dither, decoded rows of scheme count, and what is not finite", () => {
    const codes = { kind: "codes", rows: 1, quantizer, codes: new Uint16Array(columns) } as const;
    const count = quantizerOf(same(columns, { low: 0, high: 1, bits: 4, samples: 2 }));
    const refused = expect.objectContaining({ code: "rows" });
    expect(() => createMoments(quantizer).add(codes)).toThrow(refused);
    expect(() => createMoments(count).add({ ...first, quantizer: count })).toThrow(refused);
    expect(() => createMoments(quantizer).add({ ...first, means: new Float64Array(2) })).toThrow(refused);
    const spoilt = { ...first, means: first.means.map((value, i) => (i === 7 ? Number.NaN : value)) };
    expect(() => createMoments(quantizer).add(spoilt)).toThrow(/row 2, column 1/);
  });

  it("join with those of codes as one set of rows", () => {
    const count = quantizerOf(same(columns, { low: -3, high: 7, bits: 8, samples: 2 }));
    const other = createMoments(count);
    for (const block of codeBlocks(rowsOf(300, 2), count, createStream("test/dither/codes"))) other.add(block);
    const joined = combineMoments([sumOf(blocks).summary(), other.summary()]);
    expect(joined.rows).toBe(800);
    const [mine, theirs] = [sumOf(blocks).summary(), other.summary()];
    const share = (one: Float64Array, two: Float64Array) => one.map((v, i) => (500 * v + 300 * (two[i] ?? 0)) / 800);
    expectClose(joined.means, [...share(mine.means, theirs.means)]);
    expectClose(joined.spreads, [...share(mine.spreads, theirs.spreads)], 12);
  });
});

describe("the survey", () => {
  it("corrects the features and not the target, and for naive nothing at all", async () => {
    const source = sourceOf(columns, decodedBlocks(rowsOf(300, 3), quantizer, "b"));
    const task = taskOf(2);
    const survey = (estimator: EstimatorName | undefined) =>
      surveySource({ source, task, estimator, products: true, signal: undefined });
    const found = await survey(undefined);
    expect(found.estimator).toBe("symmetric");
    expectClose(found.summary.spreads, [d[0], d[1], 0], 14);
    expect([...(await survey("naive")).summary.spreads]).toEqual([0, 0, 0]);
    for (const estimator of ["double", "full"] as const)
      await expect(survey(estimator)).rejects.toMatchObject({ code: "estimator" });
  });
});

const a = [0.31, -0.62, 0.83, -0.12, 0.47];
const x = Float64Array.from([0.9, -1.3, 0.7, 1.6, -0.4]);
const target = 0.35;
const size = a.length;
const rows = 40_000;
const residual = a.reduce((sum, value, i) => sum + value * (x[i] as number), -target);
const exact = a.map((value) => value * residual);

describe("the gradient of one row", () => {
  const step = 2 / 3;
  const v = step ** 2 / 12;
  const grid = ditheredOf(same(size + 1, { low: -1, high: 1, bits: 2, samples: 1 }));
  const task = taskOf(size);
  const scaling = {
    rows,
    means: new Float64Array(size),
    deviations: new Float64Array(size).fill(1),
    spreads: new Float64Array(size),
    targetMean: 0,
    targetDeviation: 1,
  };
  const values = Float64Array.from({ length: rows * (size + 1) }, (_, i) => a[i % (size + 1)] ?? 0);
  const blocks = decodedBlocks(values, grid, "row", 1000, new Float64Array(rows).fill(target));

  function gradients(estimator: EstimatorName) {
    const reader = createRowReader({ estimator, task, scaling, rowSpreads: true });
    const [coordinates, distance] = [a.map(createTally), createTally()];
    const gradient = new Float64Array(size);
    const batch = createBatch(size, 1, false);
    for (const block of blocks) {
      const read = reader.open(block, createStream("none"));
      for (let r = 0; r < block.rows; r++) {
        clearBatch(batch);
        read(r, batch);
        fillResiduals(batch, x);
        fillGradient(batch, x, undefined, gradient);
        for (const [i, tally] of coordinates.entries()) note(tally, gradient[i] as number);
        note(
          distance,
          gradient.reduce((sum, g, i) => sum + (g - (exact[i] as number)) ** 2, 0),
        );
      }
    }
    return { coordinates, distance };
  }

  it("is unbiased for symmetric, with the variance that theory gives for a constant d", () => {
    const { coordinates, distance } = gradients("symmetric");
    expect(worstError(coordinates, exact)).toBeLessThan(allowed);
    const norm = (numbers: Iterable<number>) => [...numbers].reduce((sum, n) => sum + n * n, 0);
    const product = residual + target;
    // v[n r² + |a|²|x|² + 2 r a·x] + v²|x|²(n − 1) + (μ₄ − v²)|x|², μ₄ − v² = Δ⁴/180.
    const expected =
      v * (size * residual ** 2 + norm(a) * norm(x) + 2 * residual * product) +
      v ** 2 * norm(x) * (size - 1) +
      (step ** 4 / 180) * norm(x);
    expect(worstError([distance], [expected])).toBeLessThan(allowed);
  });

  it("rejects naive, by the bias Δ²/12·x", () => {
    const { coordinates } = gradients("naive");
    expect(worstError(coordinates, exact)).toBeGreaterThan(allowed);
    const biased = exact.map((value, i) => value + v * (x[i] as number));
    expect(worstError(coordinates, biased)).toBeLessThan(allowed);
  });

  it("is refused for estimators that need draws or raw rows", () => {
    const [block] = blocks as [DecodedBlock];
    for (const estimator of ["double", "full"] as const) {
      expect(() => checkEstimator(estimator, block, task)).toThrow(expect.objectContaining({ code: "estimator" }));
      const reader = createRowReader({ estimator, task, scaling, rowSpreads: true });
      expect(() => reader.open(block, createStream("c"))).toThrow(expect.objectContaining({ code: "estimator" }));
    }
    for (const estimator of ["symmetric", "naive"] as const)
      expect(() => checkEstimator(estimator, block, task)).not.toThrow();
  });
});

describe("training on decoded rows", () => {
  const features = 10;
  const set = syntheticSet(features, 10_000, 4);
  const grid = ditheredOf([
    ...same(features, { low: -1, high: 1, bits: 2, samples: 1 }),
    { low: -10, high: 10, bits: 8, samples: 1 },
  ]);
  const source = sourceOf(set.columns, decodedBlocks(set.values, grid, "set", 4096));
  const weights = async (options: Partial<Parameters<typeof train>[0]>) =>
    Object.values(weightsOf((await train({ source, task: set.task, ...options })).model).weights);
  const slope = (found: readonly number[]) =>
    found.reduce((sum, w, i) => sum + w * (set.truth[i] as number), 0) / set.truth.reduce((sum, w) => sum + w * w, 0);

  it("does not shrink in closed form, where naive does as predicted", async () => {
    expect(Math.abs(slope(await weights({ solver: "closed-form" })) - 1)).toBeLessThan(0.02);
    const predicted = 1 / 3 / (1 / 3 + (2 / 3) ** 2 / 12);
    expect(Math.abs(slope(await weights({ solver: "closed-form", estimator: "naive" })) - predicted)).toBeLessThan(
      0.02,
    );
  });

  it("comes out near the closed form by SGD, with either diagonal, as d is the same for every row", async () => {
    const exactly = await weights({ solver: "closed-form" });
    const average = await weights({ epochs: 20, diagonal: "column" });
    const row = await weights({ epochs: 20, diagonal: "row" });
    for (const [i, w] of average.entries()) {
      expect(Math.abs(w - (exactly[i] ?? 0))).toBeLessThan(0.05);
      expect(row[i]).toBeCloseTo(w, 6);
    }
  });

  it("reports the loss as count does: that of exact features and the target as it was rounded", async () => {
    const { epochs, model } = await train({ source, task: set.task, solver: "closed-form" });
    const { intercept, weights: w } = weightsOf(model);
    const slopes = Object.values(w);
    let sum = 0;
    for (let r = 0; r < 10_000; r++) {
      const base = r * set.columns;
      let error = intercept - (set.values[base + features] as number);
      for (let i = 0; i < features; i++) error += (slopes[i] ?? 0) * (set.values[base + i] as number);
      sum += error ** 2;
    }
    const rounding = (20 / 255) ** 2 / 24;
    expect(epochs[0]?.loss).toBeGreaterThan(0.9 * (sum / 20_000 + rounding));
    expect(epochs[0]?.loss).toBeLessThan(1.1 * (sum / 20_000 + rounding));
  });

  it("takes raw targets, and blocks of several grids and schemes side by side", async () => {
    const targets = Float64Array.from({ length: 10_000 }, (_, r) => set.values[r * set.columns + features] as number);
    const raw = sourceOf(set.columns, decodedBlocks(set.values, grid, "set", 4096, targets));
    expect(Math.abs(slope(await weights({ source: raw, solver: "closed-form" })) - 1)).toBeLessThan(0.02);
    const mixed: DecodedBlock[] = decodedBlocks(
      set.values,
      ditheredOf(same(features + 1, { low: -10, high: 10, bits: 8, samples: 1 })),
      "m",
    );
    const counted: SampleBlock[] = [];
    for await (const block of encodedSource(set, 4, 1).blocks()) counted.push(block);
    const both = sourceOf(set.columns, [...mixed, ...counted]);
    expect(Math.abs(slope(await weights({ source: both, solver: "closed-form" })) - 1)).toBeLessThan(0.02);
    expect(Math.abs(slope(await weights({ source: both, epochs: 10 })) - 1)).toBeLessThan(0.05);
  });

  it("refuses double and full with a typed error, and gives the same model to the bit again", async () => {
    for (const estimator of ["double", "full"] as const)
      await expect(train({ source, task: set.task, estimator })).rejects.toMatchObject({ code: "estimator" });
    expect(await weights({ epochs: 3, seed: 5 })).toEqual(await weights({ epochs: 3, seed: 5 }));
  });
});
