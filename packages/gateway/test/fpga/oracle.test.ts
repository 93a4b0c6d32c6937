import { createStream } from "@zipml/codec";
import { createAccelerator, encodeCodeLines, type Platform } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";
import { tinyPlatform } from "./support.ts";

/** Rows of codes as they are, in whole numbers of any size: nothing of the emulator is used to compute with them. */
interface Rows {
  readonly features: number;
  readonly codes: Uint8Array;
  readonly seconds: Uint8Array;
  readonly labels: Int32Array;
}

function makeRows(rows: number, features: number, bits: number, top: number, seed: string): Rows {
  const stream = createStream(seed);
  const code = (): number => Math.floor(stream.uniform() * (top + 1)) & (2 ** bits - 1);
  return {
    features,
    codes: Uint8Array.from({ length: rows * features }, code),
    seconds: Uint8Array.from({ length: rows * features }, code),
    labels: Int32Array.from({ length: rows }, () => Math.round((2 * stream.uniform() - 1) * 2 ** 23)),
  };
}

const big = (number: number | undefined): bigint => BigInt(number ?? 0);

/** The corrected design, as the documentation says it. */
function correctedEpoch(
  { features, codes, seconds, labels }: Rows,
  model: bigint[],
  o: { bits: number; batch: number; stepShift: number; gated: boolean; centre: number[]; shift: number[] },
): bigint[] {
  let x = model;
  const bits = big(o.bits);
  for (let from = 0; from < labels.length; from += o.batch) {
    const gradient = new Array<bigint>(features).fill(0n);
    let residuals = 0n;
    for (let r = from; r < Math.min(from + o.batch, labels.length); r++) {
      let dot = 0n;
      for (let i = 0; i < features; i++) {
        dot += (big(codes[r * features + i]) * (x[i] as bigint)) >> bits;
        dot += (big(o.centre[i]) * (x[i] as bigint)) >> 15n;
      }
      const residual = (dot - big(labels[r])) >> big(o.stepShift);
      residuals += residual;
      for (let i = 0; i < features; i++) {
        const code = big(seconds[r * features + i]);
        let share = (code * residual) >> bits;
        if (o.gated && (code & 1n) === 1n) share -= (x[i] as bigint) >> (big(o.stepShift) + 2n * bits);
        gradient[i] = (gradient[i] as bigint) + share;
      }
    }
    const mean = Math.log2(o.batch);
    x = x.map((word, i) => {
      const centred = (gradient[i] as bigint) + ((big(o.centre[i]) * residuals) >> 15n);
      return word - (centred >> big(mean + (o.shift[i] as number)));
    });
  }
  return x;
}

describe("the corrected design, against whole numbers of any size", () => {
  const [rows, features] = [45, 67];
  const stream = createStream("oracle/columns");
  const centre = Array.from({ length: features }, () => -Math.floor(32_768 * stream.uniform()));
  const shift = Array.from({ length: features }, () => Math.floor(5 * stream.uniform()) - 2);
  const columns = { centre: Int32Array.from(centre), shift: Int8Array.from(shift) };

  it.each([1, 2, 4, 8] as const)("pairs of %i bits: equation 6, averaged", (bits) => {
    const data = makeRows(rows, features, bits, 2 ** bits - 1, `oracle/${bits}`);
    const layout = { kind: "pairs", bits } as const;
    const config = { platform: tinyPlatform(), layout, rows, features, batch: 8, stepShift: 5, columns };
    const accelerator = createAccelerator(config);
    accelerator.load(encodeCodeLines(layout, data));
    let model = new Array<bigint>(features).fill(0n);
    for (let epoch = 0; epoch < 3; epoch++) {
      accelerator.runEpoch(epoch);
      model = correctedEpoch(data, model, { bits, batch: 8, stepShift: 5, gated: false, centre, shift });
    }
    expect([...accelerator.readModel()].map(BigInt)).toEqual(model);
  });

  it.each([
    [2, 2],
    [3, 2],
    [8, 2],
    [4, 1],
  ] as const)("codes of %i bits and %i draws: mean, and correction where the code is odd", (bits, draws) => {
    const data = makeRows(rows, features, bits, 2 ** bits - 1, `oracle/${bits}`);
    const layout = { kind: "code", bits, draws } as const;
    const config = { platform: tinyPlatform(), layout, rows, features, batch: 16, stepShift: 4, columns };
    const accelerator = createAccelerator(config);
    accelerator.load(encodeCodeLines(layout, data));
    accelerator.runEpoch(0);
    const same = { ...data, seconds: data.codes };
    const zero = new Array<bigint>(features).fill(0n);
    const model = correctedEpoch(same, zero, { bits, batch: 16, stepShift: 4, gated: draws === 2, centre, shift });
    expect([...accelerator.readModel()].map(BigInt)).toEqual(model);
  });
});

/** The original: a row reads the model as it was `delay` rows before, gradients are summed. */
function faithfulEpoch(
  { features, codes, seconds, labels }: Rows,
  o: { shift: number; numberOf: (code: number) => number; mask: number; stepShift: number; delay: number },
): { model: bigint[]; wraps: number } {
  let wraps = 0;
  const wrap = (sum: bigint): bigint => {
    const word = BigInt.asIntN(32, sum);
    if (word !== sum) wraps += 1;
    return word;
  };
  const zero = new Array<bigint>(features).fill(0n);
  /** The model that dot products read, after each row. */
  const after: bigint[][] = [];
  let staged = zero;
  let read = zero;
  for (let r = 0; r < labels.length; r++) {
    const x = after[r - 1 - o.delay] ?? zero;
    let dot = 0n;
    for (let i = 0; i < features; i++)
      dot = BigInt.asIntN(
        32,
        dot + ((big(o.numberOf(codes[r * features + i] as number)) * (x[i] as bigint)) >> big(o.shift)),
      );
    const residual = wrap(dot - big(labels[r])) >> big(o.stepShift);
    staged = staged.map((word, i) =>
      wrap(word - ((big(o.numberOf(seconds[r * features + i] as number)) * residual) >> big(o.shift))),
    );
    if ((r & o.mask) === o.mask || r === labels.length - 1) read = staged;
    after.push(read);
  }
  return { model: staged, wraps };
}

describe("the original's behaviour, against whole numbers of any size", () => {
  const slow: Platform = tinyPlatform({ bandwidth: 0.2e9 });
  const quick: Platform = tinyPlatform({ bandwidth: 90e9 });
  const unit = (code: number): number => code;
  const signed = (bits: number) => (code: number) => (code >= 2 ** (bits - 1) ? code - 2 ** bits : code);

  it.each([
    { name: "no stale reads where lines come slowly", platform: slow, batch: 1, delay: 0 },
    { name: "17 stale rows where a row is one line and lines come every cycle", platform: quick, batch: 1, delay: 17 },
    { name: "a mini-batch of 4: sums, and a model refreshed every 4 rows", platform: slow, batch: 4, delay: 0 },
    { name: "B − 1 as a mask, where B is no power of two", platform: slow, batch: 3, delay: 0 },
  ])("$name", ({ platform, batch, delay }) => {
    const [rows, features, bits] = [60, 25, 8] as const;
    const layout = { kind: "pairs", bits } as const;
    for (const range of ["unit", "signed"] as const) {
      const top = range === "unit" ? 2 ** (bits - 1) : 2 ** (bits - 2);
      const data = makeRows(rows, features, bits, top, `faithful/${range}`);
      const config = { platform, layout, rows, features, batch, stepShift: 7, faithful: true, range };
      const accelerator = createAccelerator(config);
      accelerator.load(encodeCodeLines(layout, data));
      const { wraps } = accelerator.runEpoch(0);
      const numberOf = range === "unit" ? unit : signed(bits);
      const shift = range === "unit" ? bits - 1 : bits - 2;
      const oracle = faithfulEpoch(data, { shift, numberOf, mask: batch - 1, stepShift: 7, delay });
      expect([...accelerator.readModel()].map(BigInt)).toEqual(oracle.model);
      expect(wraps).toBe(0);
    }
  });

  it("wraps and counts, where the corrected design refuses and names the row", () => {
    const [rows, features, bits] = [20, 12, 4] as const;
    const layout = { kind: "pairs", bits } as const;
    const data = makeRows(rows, features, bits, 8, "wrap");
    const labels = data.labels.map((label) => 200 * label);
    const lines = encodeCodeLines(layout, { ...data, labels });
    const base = { platform: slow, layout, rows, features, batch: 1, stepShift: 0 };
    const faithful = createAccelerator({ ...base, faithful: true });
    faithful.load(lines);
    expect(faithful.runEpoch(0).wraps).toBeGreaterThan(0);
    const corrected = createAccelerator(base);
    corrected.load(lines);
    expect(() => corrected.runEpoch(0)).toThrow(expect.objectContaining({ code: "wrap", row: expect.any(Number) }));
    expect(() => corrected.startClocked(0).run()).toThrow(expect.objectContaining({ code: "wrap" }));
    expect(corrected.readModel()).toEqual(new Int32Array(features));
    const saturating = createAccelerator({ ...base, saturating: true });
    saturating.load(lines);
    expect(saturating.runEpoch(0).wraps).toBeGreaterThan(0);
  });
});
