import { createStream, type Quantizer, type Stream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { type Batch, clearBatch, createBatch, fillGradient, fillResiduals } from "../../src/train/batch.ts";
import { checkEstimator, type EstimatorName } from "../../src/train/estimators.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import type { CodeBlock, SampleBlock } from "../../src/train/samples.ts";
import { quantizerOf, same, taskOf } from "./support/data.ts";
import { allowed, createTally, estimate, note, type Tally, worstError } from "./support/statistics.ts";

const a = [0.31, -0.62, 0.83, -0.12, 0.47];
const x = Float64Array.from([0.9, -1.3, 0.7, 1.6, -0.4]);
const target = 0.35;
const size = a.length;
const rows = 200_000;
const twoDraws = quantizerOf(same(size + 1, { low: -1, high: 1, bits: 3, samples: 2 }));
const oneDraw = quantizerOf(same(size + 1, { low: -1, high: 1, bits: 2, samples: 1 }));
const task = taskOf(size);
const units = {
  rows,
  means: new Float64Array(size),
  deviations: new Float64Array(size).fill(1),
  spreads: new Float64Array(size),
  targetMean: 0,
  targetDeviation: 1,
};
const residual = a.reduce((sum, value, i) => sum + value * (x[i] as number), -target);
const exact = a.map((value) => value * residual);
// Both grids have three intervals over [-1, 1]: the variance of one draw is (up - value)(value - down).
const variance = a.map((value) => {
  const position = ((value + 1) / 2) * 3;
  const part = position - Math.floor(position);
  return part * (1 - part) * (2 / 3) ** 2;
});

type Fill = (row: number, batch: Batch) => void;

/** The same row again and again, encoded with fresh draws; the target raw. */
function repeated(quantizer: Quantizer, encode?: (draws: Stream) => number[]): CodeBlock {
  const draws = createStream("test/estimators/draws");
  const codes = new Uint16Array(rows * (size + 1));
  const row = Float64Array.from([...a, 0]);
  const out = new Uint16Array(size + 1);
  for (let r = 0; r < rows; r++) {
    if (encode) out.set(encode(draws));
    else quantizer.encodeInto(row, out, draws);
    codes.set(out, r * (size + 1));
  }
  return { kind: "codes", rows, quantizer, codes, targets: new Float64Array(rows).fill(target) };
}

/** Tallies the gradient of one row over all draws: each coordinate, and the squared distance from the exact one. */
function tallyGradients(fill: Fill, twoSided: boolean): { coordinates: Tally[]; distance: Tally } {
  const batch = createBatch(size, 1, twoSided);
  const coordinates = a.map(createTally);
  const distance = createTally();
  const gradient = new Float64Array(size);
  for (let r = 0; r < rows; r++) {
    fill(r, batch);
    fillResiduals(batch, x);
    fillGradient(batch, x, undefined, gradient);
    let square = 0;
    for (const [i, tally] of coordinates.entries()) {
      note(tally, gradient[i] as number);
      square += ((gradient[i] as number) - (exact[i] as number)) ** 2;
    }
    note(distance, square);
    clearBatch(batch);
  }
  return { coordinates, distance };
}

function read(estimator: EstimatorName, block: SampleBlock) {
  const reader = createRowReader({ estimator, task, scaling: units, rowSpreads: true });
  return tallyGradients(reader.open(block, createStream("test/estimators/coins")), estimator === "double");
}

/** A decoder of one's own over the codes of a block: gives the two levels of each value. */
function decodeBy(block: CodeBlock, pairOf: (code: number, coin: number, rowCoin: number) => [number, number]) {
  const coins = createStream("test/estimators/other-coins");
  const level = (j: number): number => -1 + (2 * j) / 3;
  return tallyGradients((row, batch) => {
    const rowCoin = coins.uniform();
    for (let i = 0; i < size; i++) {
      const [p, q] = pairOf(block.codes[row * (size + 1) + i] as number, coins.uniform(), rowCoin);
      batch.left[i] = level(p);
      batch.right[i] = level(q);
    }
    batch.targets[0] = target;
    batch.rows = 1;
  }, true);
}

describe("the gradient of one row", () => {
  it("is unbiased with the exact variance for double", () => {
    const { coordinates, distance } = read("double", repeated(twoDraws));
    expect(worstError(coordinates, exact)).toBeLessThan(allowed);
    const total = variance.reduce((sum, v) => sum + v, 0);
    const energy = a.reduce((sum, value) => sum + value * value, 0);
    const weighted = variance.reduce((sum, v, i) => sum + v * (x[i] as number) ** 2, 0);
    expect(worstError([distance], [total * residual ** 2 + (energy + total) * weighted])).toBeLessThan(allowed);
  });

  it("is unbiased with the exact variance of every coordinate for symmetric", () => {
    const { coordinates } = read("symmetric", repeated(twoDraws));
    expect(worstError(coordinates, exact)).toBeLessThan(allowed);
    for (const [i, tally] of coordinates.entries()) {
      const [ai, xi, vi] = [a[i] as number, x[i] as number, variance[i] as number];
      const ri = residual - ai * xi;
      const si = variance.reduce((sum, v, j) => sum + (j === i ? 0 : ((x[j] as number) ** 2 * v) / 2), 0);
      const expected =
        xi ** 2 * (2 * ai ** 2 * vi + vi ** 2) + (vi / 2) * (ri ** 2 + si) + ai ** 2 * si + 2 * xi * ri * ai * vi;
      const { variance: measured, varianceError } = estimate(tally);
      expect(Math.abs(measured - expected)).toBeLessThan(allowed * varianceError);
    }
  });

  it("varies less for symmetric than for double", () => {
    const block = repeated(twoDraws);
    const single = read("double", block);
    const mean = read("symmetric", block);
    for (const [i, tally] of mean.coordinates.entries())
      expect(estimate(tally).variance).toBeLessThan(estimate(single.coordinates[i] as Tally).variance);
  });

  it("accepts a decoder written independently, so that the controls below fail for their fault alone", () => {
    const { coordinates } = decodeBy(repeated(twoDraws), (code, coin) => {
      const base = Math.floor(code / 2);
      if (code % 2 === 0) return [base, base];
      return coin < 0.5 ? [base, base + 1] : [base + 1, base];
    });
    expect(worstError(coordinates, exact)).toBeLessThan(allowed);
  });

  it("rejects naive, by the bias of the paper: D x", () => {
    const { coordinates } = read("naive", repeated(oneDraw));
    expect(worstError(coordinates, exact)).toBeGreaterThan(allowed);
    const biased = exact.map((value, i) => value + (variance[i] as number) * (x[i] as number));
    expect(worstError(coordinates, biased)).toBeLessThan(allowed);
  });

  it("rejects a fixed order where one draw of two went up", () => {
    const { coordinates } = decodeBy(repeated(twoDraws), (code) => [Math.ceil(code / 2), Math.floor(code / 2)]);
    expect(worstError(coordinates, exact)).toBeGreaterThan(allowed);
  });

  it("rejects one coin shared by a row", () => {
    const { coordinates } = decodeBy(repeated(twoDraws), (code, _, coin) =>
      coin < 0.5 ? [Math.ceil(code / 2), Math.floor(code / 2)] : [Math.floor(code / 2), Math.ceil(code / 2)],
    );
    expect(worstError(coordinates, exact)).toBeGreaterThan(allowed);
  });

  it("rejects one uniform for both draws", () => {
    const block = repeated(twoDraws, (draws) =>
      [...a, 0].map((value) => 2 * Math.floor(((value + 1) / 2) * 3 + draws.uniform())),
    );
    expect(worstError(read("double", block).coordinates, exact)).toBeGreaterThan(allowed);
    expect(worstError(read("symmetric", block).coordinates, exact)).toBeGreaterThan(allowed);
  });

  it("rejects decoding to the mean without d, by half of naive's bias", () => {
    const { coordinates } = decodeBy(repeated(twoDraws), (code) => [code / 2, code / 2]);
    expect(worstError(coordinates, exact)).toBeGreaterThan(allowed);
    const biased = exact.map((value, i) => value + ((variance[i] as number) / 2) * (x[i] as number));
    expect(worstError(coordinates, biased)).toBeLessThan(allowed);
  });
});

describe("checkEstimator", () => {
  const codes = (quantizer: Quantizer): SampleBlock => ({
    kind: "codes",
    rows: 1,
    quantizer,
    codes: new Uint16Array(size + 1),
  });
  const raw: SampleBlock = { kind: "values", rows: 1, values: new Float64Array(size + 1) };

  it.each([
    ["symmetric", codes(oneDraw)],
    ["double", codes(oneDraw)],
    ["naive", codes(twoDraws)],
    ["full", codes(twoDraws)],
    ["full", codes(oneDraw)],
    ["symmetric", raw],
    ["double", raw],
    ["naive", raw],
  ] as const)("refuses %s where the block does not suit it", (estimator, block) => {
    expect(() => checkEstimator(estimator, block, task)).toThrow(expect.objectContaining({ code: "estimator" }));
  });

  it.each([
    ["symmetric", codes(twoDraws)],
    ["double", codes(twoDraws)],
    ["naive", codes(oneDraw)],
    ["full", raw],
  ] as const)("lets %s pass where it does", (estimator, block) => {
    expect(() => checkEstimator(estimator, block, task)).not.toThrow();
  });
});
