import { createStream, type Quantizer } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { clearBatch, createBatch, fillGradient, fillResiduals } from "../../src/train/batch.ts";
import type { EstimatorName, SampleBlock } from "../../src/train/index.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import {
  codeBlocks,
  decodedBlocks,
  ditheredOf,
  gaussian,
  levelledOf,
  quantizerOf,
  same,
  taskOf,
} from "./support/data.ts";

/**
 * What a gradient loses to each way of spending B bits a value: E|ĝ − g|² / (n·Var b) at the true model, features
 * standard normal over ±4.5, n = 16, |x| = 1, residual's deviation ½.
 */
const n = 16;
const rows = 8000;
const low = -4.5;
const high = 4.5;
const stream = createStream("test/gradient-noise");
const direction = Float64Array.from({ length: n }, () => gaussian(stream));
const x = direction.map((value) => value / Math.hypot(...direction));
const values = new Float64Array(rows * (n + 1));
const targets = new Float64Array(rows);
for (let r = 0; r < rows; r++) {
  let product = 0;
  for (let i = 0; i < n; i++) {
    const value = gaussian(stream);
    values[r * (n + 1) + i] = value;
    product += value * (x[i] as number);
  }
  targets[r] = product + gaussian(stream) / 2;
}

const scaling = {
  rows,
  means: new Float64Array(n),
  deviations: new Float64Array(n).fill(1),
  spreads: new Float64Array(n),
  targetMean: 0,
  targetDeviation: 1,
};

function noiseOf(estimator: EstimatorName, blocks: readonly SampleBlock[]): number {
  const batch = createBatch(n, 1, estimator === "double");
  const reader = createRowReader({ estimator, task: taskOf(n), scaling, rowSpreads: true });
  const coins = createStream("test/gradient-noise/coins");
  const gradient = new Float64Array(n);
  let sum = 0;
  let at = 0;
  for (const block of blocks) {
    const read = reader.open(block, coins);
    for (let r = 0; r < block.rows; r++, at++) {
      clearBatch(batch);
      read(r, batch);
      fillResiduals(batch, x);
      fillGradient(batch, x, undefined, gradient);
      const row = values.subarray(at * (n + 1), at * (n + 1) + n);
      const residual = row.reduce((total, value, i) => total + value * (x[i] as number), -(targets[at] as number));
      for (let i = 0; i < n; i++) sum += ((gradient[i] as number) - (row[i] as number) * residual) ** 2;
    }
  }
  return sum / rows / (n / 4);
}

const counted = (quantizer: Quantizer) =>
  codeBlocks(values, quantizer, createStream("test/gradient-noise/draws"), 1000, targets);

/** A base of B − 2 bits and a count of two bits, each in a field of its own: 2^(B − 2) cells. */
function twoFields(bits: number): SampleBlock[] {
  const cells = 2 ** (bits - 2);
  const points = Array.from({ length: cells + 1 }, (_, j) => low + ((high - low) * j) / cells);
  return counted(levelledOf(same(n + 1, { bits, samples: 2, levels: { kind: "points", points } })));
}

const merged = (bits: number) => counted(quantizerOf(same(n + 1, { low, high, bits, samples: 2 })));
const dithered = (bits: number) =>
  decodedBlocks(values, ditheredOf(same(n + 1, { low, high, bits, samples: 1 })), "noise", 1000, targets);

describe("gradient noise at equal bytes", () => {
  it.each([
    [4, 7.01, 2.95, 0.784, 0.153],
    [5, 1.24, 0.587, 0.155, 0.035],
    [6, 0.275, 0.135, 0.0353, 0.0085],
  ])("%i bits: pairs in two fields, count mean, merged code, dither", (bits, pairs, mean, code, dither) => {
    const measured = [
      noiseOf("double", twoFields(bits)),
      noiseOf("symmetric", twoFields(bits)),
      noiseOf("symmetric", merged(bits)),
      noiseOf("symmetric", dithered(bits)),
    ] as const;
    for (const [i, expected] of [pairs, mean, code, dither].entries())
      expect(Math.abs((measured[i] as number) / expected - 1), `${i}`).toBeLessThan(0.1);
    const [a, b, c, d] = measured;
    expect(a / b).toBeGreaterThan(2); // the count's mean and correction, in the same bytes
    expect(b / c).toBeGreaterThan(2); // one merged code in place of two fields
    expect(c / d).toBeGreaterThan(2); // one dithered symbol in place of two draws
    expect(noiseOf("double", merged(bits)) / c).toBeGreaterThan(1.8);
  });
});
