import { createQuantizer, createStream, defineSchema, uniformGrid } from "@zipml/codec";
import {
  type AcceleratorConfig,
  createAccelerator,
  encodeCodeLines,
  fromFixed,
  platformNamed,
  toFixed,
} from "@zipml/gateway/fpga";
import { Matrix, solve } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { loaded, tinyPlatform } from "./support.ts";

const [rows, features] = [3000, 24];

/** Features uniform on [−1, 1] as codes of their level index or count, and a target without noise. */
function data(bits: number, samples: 1 | 2) {
  const stream = createStream("training/values");
  const truth = Float64Array.from({ length: features }, () => 0.3 * (2 * stream.uniform() - 1));
  const values = Float64Array.from({ length: rows * features }, () => 2 * stream.uniform() - 1);
  const targets = Float64Array.from({ length: rows }, (_, r) =>
    truth.reduce((sum, weight, i) => sum + weight * (values[r * features + i] as number), 0),
  );
  const channels = Array.from({ length: features }, (_, i) => ({
    ...{ name: `x${i}`, unit: "", role: "feature" as const },
    range: [-1, 1] as const,
  }));
  const grid = uniformGrid(defineSchema(channels), { bits, samples });
  const quantizer = createQuantizer(grid);
  const { codes } = quantizer.encode(values, createStream("training/draws"));
  const means = new Float64Array(codes.length);
  quantizer.meansInto(codes, means);
  return { truth, targets, codes, means, quantizer };
}

type Data = ReturnType<typeof data>;

/** (Σ m mᵀ − diag Σ d)⁻¹ Σ m b from the same codes; without the correction what a naive single code tends to. */
function closedForm({ means, targets, codes, quantizer }: Data, corrected: boolean): number[] {
  const moments = Array.from({ length: features }, () => new Array<number>(features).fill(0));
  const cross = new Array<number>(features).fill(0);
  for (let r = 0; r < rows; r++) {
    const row = means.subarray(r * features, (r + 1) * features);
    for (const [i, m] of row.entries()) {
      const d = corrected ? (quantizer.channels[i]?.spread(codes[r * features + i] as number) ?? 0) : 0;
      const line = moments[i] as number[];
      for (let j = 0; j < features; j++) line[j] = (line[j] as number) + m * (row[j] as number);
      line[i] = (line[i] as number) - d;
      cross[i] = (cross[i] as number) + m * (targets[r] as number);
    }
  }
  return solve(new Matrix(moments), Matrix.columnVector(cross)).to1DArray();
}

function trained({ codes, targets, quantizer }: Data, bits: number, draws: 1 | 2): number[] {
  const top = quantizer.channels[0]?.top as number;
  const scale = (2 * 2 ** bits) / top;
  const columns = { centre: new Int32Array(features).fill(Math.round(-32_768 / scale)) };
  const layout = { kind: "code", bits, draws } as const;
  const config = { platform: platformNamed("harp-v1"), layout, rows, features, batch: 16, stepShift: 0, columns };
  const accelerator = createAccelerator(config);
  const labels = Int32Array.from(targets, toFixed);
  accelerator.load(encodeCodeLines(layout, { features, codes: Uint8Array.from(codes), labels }));
  for (const [epoch, shift] of [0, 1, 2, 3, 4, 5].entries()) {
    accelerator.setStepShift(shift);
    accelerator.runEpoch(epoch);
  }
  return Array.from(accelerator.readModel(), (word) => fromFixed(word) / scale);
}

const size = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));
const distance = (a: readonly number[], b: ArrayLike<number>): number => size(a.map((x, i) => x - (b[i] as number)));

describe("training in the datapath", () => {
  it.each([2, 3, 4])("from codes of %i bits gives the closed form of the same codes, mean and correction", (bits) => {
    const codes = data(bits, 2);
    const model = trained(codes, bits, 2);
    const exact = closedForm(codes, true);
    expect(distance(model, exact) / size(exact)).toBeLessThan(0.05);
    // 1 interval at 2 bits: its noise is a good part of the model's error, not of the datapath's.
    expect(Math.abs(size(model) / size(codes.truth) - 1)).toBeLessThan(bits === 2 ? 0.15 : 0.05);
  });

  it("from a naive single code shrinks the model to the ridge, as predicted", () => {
    const codes = data(2, 1);
    const model = trained(codes, 2, 1);
    const ridge = closedForm(codes, false);
    expect(distance(model, ridge) / size(ridge)).toBeLessThan(0.05);
    // Variance of the columns over itself and the draws' δ²/6, δ = 2/3.
    const predicted = 1 / 3 / (1 / 3 + (2 / 3) ** 2 / 6);
    expect(Math.abs(size(model) / size(codes.truth) - predicted)).toBeLessThan(0.04);
    // The control: with as wide intervals, and the correction, nothing shrinks.
    expect(size(trained(data(3, 2), 3, 2)) / size(codes.truth)).toBeGreaterThan(predicted + 0.1);
  });
});

describe("the oddities of the original", () => {
  it("sum a mini-batch's gradients where the corrected design averages them", () => {
    const config: AcceleratorConfig = {
      platform: tinyPlatform({ bandwidth: 0.2e9 }),
      layout: { kind: "float32" },
      rows: 8,
      features: 5,
      batch: 8,
      stepShift: 2,
    };
    const faithful = loaded({ ...config, faithful: true }, "sum");
    const corrected = loaded(config, "sum");
    faithful.runEpoch(0);
    corrected.runEpoch(0);
    const [sums, means] = [faithful.readModel(), corrected.readModel()];
    for (const [i, sum] of sums.entries()) expect(Math.abs(sum / 8 - (means[i] as number))).toBeLessThanOrEqual(1);
    expect(size(sums)).toBeGreaterThan(0);
  });

  it("fold the mean into the step of weave, as MLWeaving does", () => {
    const config: AcceleratorConfig = {
      platform: tinyPlatform({ bandwidth: 0.2e9 }),
      layout: { kind: "weave", bits: 6 },
      rows: 32,
      features: 70,
      batch: 32,
      stepShift: 3,
    };
    const folded = loaded({ ...config, faithful: true }, "weave");
    const after = loaded(config, "weave");
    folded.runEpoch(0);
    after.runEpoch(0);
    const [a, b] = [folded.readModel(), after.readModel()];
    // The shift comes before the products in the one, after the sum in the other: some last places apart.
    for (const [i, word] of a.entries()) expect(Math.abs(word - (b[i] as number))).toBeLessThan(64);
  });
});
