import { decodeCodeLine, decodeFloatLine, encodeCodeLines, encodeFloatLines, linesPerRow } from "@zipml/gateway/fpga";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameNumbers } from "../support.ts";

/** The bits of words, the least significant of the first word first. */
function bitsOf(words: Uint32Array): number[] {
  return [...words].flatMap((word) => Array.from({ length: 32 }, (_, bit) => (word >>> bit) & 1));
}

function field(bits: readonly number[], at: number, width: number): number {
  return bits.slice(at, at + width).reduce((sum, bit, i) => sum + bit * 2 ** i, 0);
}

const labels = Int32Array.of(-2, 0x0080_0000);

describe("a line of pairs", () => {
  it("has the first draw in the low half of each pair, least significant bit first, and the label in its last word", () => {
    const words = encodeCodeLines(
      { kind: "pairs", bits: 4 },
      {
        features: 5,
        codes: Uint8Array.of(1, 2, 3, 4, 5),
        seconds: Uint8Array.of(15, 14, 13, 12, 11),
        labels: labels.subarray(0, 1),
      },
    );
    expect(words).toHaveLength(16);
    expect(words[0]).toBe(0xc4_d3_e2_f1);
    expect(words[1]).toBe(0xb5);
    expect(words.subarray(2, 15).every((word) => word === 0)).toBe(true);
    expect(words[15]).toBe(0xffff_fffe);
  });

  it.each([
    [1, 256, 240],
    [2, 128, 120],
    [4, 64, 60],
    [8, 32, 30],
  ] as const)("of %i bits carries %i features, a row's last line %i", (bits, full, last) => {
    const layout = { kind: "pairs", bits } as const;
    expect(linesPerRow(layout, last)).toBe(1);
    expect(linesPerRow(layout, last + 1)).toBe(2);
    expect(linesPerRow(layout, full + last)).toBe(2);
    expect(linesPerRow(layout, full + last + 1)).toBe(3);
  });

  it("counts lines by the host's rule, one more than the hardware expects where the label needs the room", () => {
    const wrong: string[] = [];
    for (const bits of [1, 2, 4, 8] as const)
      for (let n = 1; n <= 2000; n++) {
        const lines = linesPerRow({ kind: "pairs", bits }, n);
        const full = 512 / (2 * bits);
        const over = n % full === 0 || n % full > full - 16 / bits;
        const rule = Math.floor(Math.ceil((2 * bits * n) / 32) / 16) + 1;
        if (lines !== rule || lines - Math.ceil(n / full) !== Number(over)) wrong.push(`Q${bits}, n = ${n}: ${lines}`);
      }
    expect(wrong).toEqual([]);
    const extra = (bits: 4 | 8, n: number): boolean =>
      linesPerRow({ kind: "pairs", bits }, n) > Math.ceil((2 * bits * n) / 512);
    expect([31, 32, 63, 64].every((n) => extra(8, n))).toBe(true);
    expect([61, 62, 63, 64].every((n) => extra(4, n))).toBe(true);
    expect([30, 33, 62].some((n) => extra(8, n))).toBe(false);
  });

  it("of any width gives the codes back that it was given", () => {
    const layouts = [
      ...([1, 2, 4, 8] as const).map((bits) => ({ kind: "pairs", bits }) as const),
      ...[2, 3, 4, 5, 6, 7, 8].map((bits) => ({ kind: "code", bits, draws: 2 }) as const),
    ];
    const row = fc.record({ layout: fc.constantFrom(...layouts), n: fc.integer({ min: 1, max: 700 }), seed: fc.nat() });
    fc.assert(
      fc.property(row, ({ layout, n, seed }) => {
        const code = (i: number): number => (Math.imul(i + seed, 0x9e37_79b1) >>> 8) & (2 ** layout.bits - 1);
        const codes = Uint8Array.from({ length: 2 * n }, (_, i) => code(i));
        const seconds =
          layout.kind === "pairs" ? Uint8Array.from({ length: 2 * n }, (_, i) => code(i + 7777)) : undefined;
        const words = encodeCodeLines(layout, { features: n, codes, seconds, labels });
        for (const at of [0, 1]) {
          const decoded = decodeCodeLine(layout, words, n, at);
          expect(sameNumbers(decoded.codes, codes.slice(at * n, (at + 1) * n))).toBe(true);
          expect(sameNumbers(decoded.seconds, (seconds ?? codes).slice(at * n, (at + 1) * n))).toBe(true);
          expect(decoded.label).toBe(labels[at]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("a line of codes", () => {
  it("of 3 bits holds 170 features, that cross words and never lines", () => {
    const layout = { kind: "code", bits: 3, draws: 2 } as const;
    const n = 171 + 160;
    const codes = Uint8Array.from({ length: n }, (_, i) => (5 * i + 3) % 8);
    const words = encodeCodeLines(layout, { features: n, codes, labels: labels.subarray(0, 1) });
    expect(words).toHaveLength(3 * 16);
    const bits = bitsOf(words);
    for (let i = 0; i < n; i++) {
      const line = Math.floor(i / 170);
      expect(field(bits, 512 * line + 3 * (i - 170 * line), 3)).toBe(codes[i]);
    }
    expect(bits.slice(510, 512)).toEqual([0, 0]);
    expect(linesPerRow(layout, 160)).toBe(1);
    expect(linesPerRow(layout, 161)).toBe(2);
  });

  it("takes the share of the pairs' bytes that its widths say", () => {
    const share = (bits: number, pairs: 1 | 2 | 4 | 8): number =>
      linesPerRow({ kind: "code", bits, draws: 2 }, 8000) / linesPerRow({ kind: "pairs", bits: pairs }, 8000);
    expect(share(8, 8)).toBeCloseTo(0.5, 2);
    expect(share(4, 4)).toBeCloseTo(0.5, 1);
    expect(share(3, 2)).toBeCloseTo(0.75, 1);
    expect(share(2, 1)).toBe(1);
  });

  it("refuses codes that are too wide and arrays that do not fit", () => {
    const layout = { kind: "code", bits: 3, draws: 2 } as const;
    const one = { features: 2, codes: Uint8Array.of(1, 8), labels: labels.subarray(0, 1) };
    expect(() => encodeCodeLines(layout, one)).toThrow(expect.objectContaining({ code: "range", row: 0, limit: 7 }));
    expect(() => encodeCodeLines(layout, { ...one, features: 3 })).toThrow(expect.objectContaining({ code: "shape" }));
    expect(() => encodeCodeLines({ kind: "pairs", bits: 4 }, one)).toThrow(expect.objectContaining({ code: "shape" }));
  });
});

describe("a line of float32", () => {
  it("holds sixteen words, with the label the last of the row", () => {
    const values = Float32Array.from({ length: 34 }, (_, i) => i / 8);
    const words = encodeFloatLines({ features: 17, values, labels: Float32Array.of(0.5, -2) });
    expect(words).toHaveLength(2 * 2 * 16);
    expect(words[1]).toBe(0x3e00_0000);
    expect(words[16]).toBe(0x4000_0000);
    expect(words[31]).toBe(0x3f00_0000);
    expect(decodeFloatLine(words, 17, 1)).toEqual({ values: values.slice(17), label: -2 });
    expect(linesPerRow({ kind: "float32" }, 15)).toBe(1);
    expect(linesPerRow({ kind: "float32" }, 16)).toBe(2);
    expect(() => encodeFloatLines({ features: 3, values, labels: Float32Array.of(1) })).toThrow(
      expect.objectContaining({ code: "shape" }),
    );
  });
});
