import { createStream } from "@zipml/codec";
import {
  createAccelerator,
  decodeWoven,
  encodeWoven,
  platformNamed,
  wovenFraction,
  wovenWords,
} from "@zipml/gateway/fpga";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameNumbers } from "../support.ts";

const platform = platformNamed("arria10-harp-v2");

function fractionsOf(seed: number, count: number): Uint32Array {
  const stream = createStream(`weave/${seed}`);
  return Uint32Array.from({ length: count }, () => stream.word());
}

describe("woven lines", () => {
  it("hold plane p of 8 rows × 64 features, row r and feature f at bit 64·r + f", () => {
    const fractions = new Uint32Array(9 * 70);
    fractions[2 * 70 + 5] = 0x8000_0001;
    fractions[8 * 70 + 69] = 0x4000_0000;
    const words = encodeWoven(fractions, 70);
    expect(words).toHaveLength(2 * 2 * 32 * 16);
    const set = [...words.entries()].filter(([, word]) => word !== 0);
    // Row 2, feature 5: bit 133, word 4 of planes 0 and 31. Row 8, feature 69: fourth chunk, bit 5 of plane 1.
    expect(set).toEqual([
      [4, 1 << 5],
      [31 * 16 + 4, 1 << 5],
      [3 * 512 + 16, 1 << 5],
    ]);
  });

  it("read with p planes give the stored fractions truncated to p bits", () => {
    const shape = fc.record({
      rows: fc.integer({ min: 1, max: 20 }),
      features: fc.integer({ min: 1, max: 140 }),
      planes: fc.integer({ min: 1, max: 32 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(shape, ({ rows, features, planes, seed }) => {
        const fractions = fractionsOf(seed, rows * features);
        const read = decodeWoven(encodeWoven(fractions, features), rows, features, planes);
        const truncated = fractions.map((fraction) => Math.floor(fraction / 2 ** (32 - planes)));
        expect(sameNumbers(read, truncated)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it("train at any precision from one copy as on a copy of the truncated data", () => {
    const [rows, features] = [24, 70];
    const fractions = fractionsOf(1, rows * features);
    const labels = Int32Array.from({ length: rows }, (_, r) => (r - 12) * 2 ** 18);
    for (const bits of [1, 2, 5, 8, 13]) {
      const truncated = fractions.map((fraction) => (fraction >>> (32 - bits)) << (32 - bits));
      const models = [fractions, truncated].map((data) => {
        const config = { platform, layout: { kind: "weave", bits }, rows, features, batch: 8, stepShift: 6 } as const;
        const accelerator = createAccelerator(config);
        accelerator.load(encodeWoven(data, features), labels);
        for (let epoch = 0; epoch < 3; epoch++) accelerator.runEpoch(epoch);
        return accelerator.readModel();
      });
      expect(models[0]).toEqual(models[1]);
    }
  });

  it("cost the bytes that the formula says, whatever is stored", () => {
    for (const [rows, features, bits] of [
      [1000, 784, 3],
      [17, 65, 8],
      [8, 64, 1],
    ] as const) {
      const config = { platform, layout: { kind: "weave", bits }, rows, features, batch: 16, stepShift: 8 } as const;
      const accelerator = createAccelerator(config);
      expect(accelerator.shape.words).toBe(wovenWords(rows, features));
      accelerator.load(new Uint32Array(accelerator.shape.words), new Int32Array(rows));
      const { bytesRead, labelBytes } = accelerator.runEpoch(0);
      expect(bytesRead).toBe(64 * Math.ceil(features / 64) * bits * Math.ceil(rows / 8));
      expect(labelBytes).toBe(4 * rows);
    }
  });

  it("store a value of [0, 1] as a fraction of 2^32 - 1", () => {
    expect(wovenFraction(1)).toBe(0xffff_ffff);
    expect(wovenFraction(0.5)).toBe(0x7fff_ffff);
    expect(() => wovenFraction(1.5)).toThrow(expect.objectContaining({ code: "range" }));
    expect(() => wovenFraction(Number.NaN)).toThrow(expect.objectContaining({ code: "range" }));
    expect(() => encodeWoven(new Uint32Array(5), 2)).toThrow(expect.objectContaining({ code: "shape" }));
  });
});
