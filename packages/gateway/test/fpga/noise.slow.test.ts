import { createQuantizer, createStream, defineSchema, uniformGrid } from "@zipml/codec";
import { hardwareCode, hardwareValue, linesPerRow } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";

const n = 50;
const stream = createStream("noise");
const model = Float64Array.from({ length: n }, () => 2 * stream.uniform() - 1);

/** E‖g − a·r‖² over rows of features uniform on [−1, 1], r of a tenth of the target's variance. */
function noiseOf(rows: number, gradient: (row: Float64Array, target: number) => Float64Array): number {
  const rowStream = createStream("noise/rows");
  const deviation = Math.sqrt(model.reduce((sum, x) => sum + (x * x) / 3, 0) / 10);
  let total = 0;
  for (let r = 0; r < rows; r++) {
    const row = Float64Array.from({ length: n }, () => 2 * rowStream.uniform() - 1);
    const residual = deviation * Math.sqrt(3) * (2 * rowStream.uniform() - 1);
    const target = row.reduce((sum, a, i) => sum + a * (model[i] as number), 0) - residual;
    const g = gradient(row, target);
    for (let i = 0; i < n; i++) total += ((g[i] as number) - (row[i] as number) * residual) ** 2;
  }
  return total / rows;
}

const dot = (a: ArrayLike<number>): number => model.reduce((sum, x, i) => sum + x * (a[i] as number), 0);

/** Equation 6 on the hardware's own codes; those of one bit lie on [0, 1] and are mapped there. */
function pairs(bits: 1 | 2 | 4 | 8): number {
  const draws = createStream(`noise/pairs/${bits}`);
  const draw = (value: number): number =>
    bits === 1
      ? 2 * hardwareValue(hardwareCode((value + 1) / 2, 1, "unit", draws), 1, "unit") - 1
      : hardwareValue(hardwareCode(value, bits, "signed", draws), bits, "signed");
  return noiseOf(2000, (row, target) => {
    const residual = dot(row.map(draw)) - target;
    return row.map((value) => draw(value) * residual);
  });
}

/** m(m·x − b) − d ⊙ x from one code a feature. */
function codes(bits: number): number {
  const features = Array.from({ length: n }, (_, i) => ({
    ...{ name: `x${i}`, unit: "", role: "feature" as const },
    range: [-1, 1] as const,
  }));
  const quantizer = createQuantizer(uniformGrid(defineSchema(features), { bits, samples: 2 }));
  const draws = createStream(`noise/codes/${bits}`);
  const spreads = new Float64Array(n);
  const means = new Float64Array(n);
  return noiseOf(2000, (row, target) => {
    const encoded = quantizer.encode(row, draws).codes;
    quantizer.meansInto(encoded, means);
    quantizer.spreadsInto(encoded, spreads);
    const residual = dot(means) - target;
    return means.map((m, i) => m * residual - (spreads[i] as number) * (model[i] as number));
  });
}

const bytes = (bits: number, kind: "pairs" | "code"): number =>
  kind === "code"
    ? linesPerRow({ kind, bits, draws: 2 }, 4000)
    : linesPerRow({ kind, bits: bits as 1 | 2 | 4 | 8 }, 4000);

describe("one code a feature against pairs, equation 6", () => {
  // Relative standard error of each ratio: about 5 %, as rows are the same and draws are not.
  it.each([
    { code: 8, pair: 8, share: 0.5, low: 0.45, high: 0.57 },
    { code: 4, pair: 4, share: 0.5, low: 0.57, high: 0.73 },
    { code: 3, pair: 2, share: 0.75, low: 0.12, high: 0.3 },
    { code: 2, pair: 1, share: 1, low: 0.32, high: 0.48 },
  ] as const)(
    "at $code bits against pairs of $pair: $share of the bytes, and less noise",
    ({ code, pair, share, low, high }) => {
      expect(bytes(code, "code") / bytes(pair, "pairs")).toBeCloseTo(share, 1);
      const ratio = codes(code) / pairs(pair);
      expect(ratio).toBeGreaterThan(low);
      expect(ratio).toBeLessThan(high);
    },
  );
});
