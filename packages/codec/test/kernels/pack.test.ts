import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packBits, packedSize, unpackBits } from "../../src/bit-packing.ts";
import { packByKernel, unpackByKernel } from "../../src/kernels/pack.ts";
import { createStream } from "../../src/stream.ts";

function codesOf(channels: readonly { readonly top: number }[], rows: number): Uint16Array {
  const words = createStream(`pack/${rows}`);
  return Uint16Array.from({ length: rows * channels.length }, (_, i) => {
    const top = channels[i % channels.length]?.top ?? 0;
    return words.word() % 4 === 0 ? top : words.word() % (top + 1);
  });
}

function expectSame(channels: readonly { readonly bits: number; readonly top: number }[], rows: number): void {
  const codes = codesOf(channels, rows);
  const widths = Uint8Array.from(channels, ({ bits }) => bits);
  const size = packedSize(
    rows,
    widths.reduce((sum, bits) => sum + bits, 0),
  );
  const body = packBits(codes, widths, size);
  expect(packByKernel(codes, { channels }, size)).toEqual(body);
  const plain = new Uint16Array(codes.length);
  unpackBits(
    body,
    widths,
    plain,
    Uint16Array.from(channels, ({ top }) => top),
  );
  expect(unpackByKernel(body, codes.length, { channels })).toEqual(plain);
}

describe("the kernels of packing", () => {
  it.each(Array.from({ length: 16 }, (_, at) => at + 1))("lay out %i bits as plain TypeScript does", (bits) => {
    for (const [channels, rows] of [
      [1, 16],
      [1, 97],
      [3, 11],
      [8, 256],
      [13, 40],
    ] as const)
      expectSame(Array(channels).fill({ bits, top: 2 ** bits - 1 }), rows);
  });

  it("do so for any widths side by side", () => {
    const channel = fc
      .integer({ min: 1, max: 16 })
      .chain((bits) => fc.record({ bits: fc.constant(bits), top: fc.integer({ min: 1, max: 2 ** bits - 1 }) }));
    fc.assert(
      fc.property(fc.array(channel, { minLength: 1, maxLength: 20 }), fc.integer({ min: 16, max: 90 }), expectSame),
      { numRuns: 200, seed: 3 },
    );
  });

  it("leave a code above its top to plain TypeScript, wherever it stands", () => {
    const channels = Array(3).fill({ bits: 4, top: 14 });
    for (let at = 0; at < 21; at++) {
      const codes = new Uint16Array(21).fill(14);
      codes[at] = 15;
      expect(packByKernel(codes, { channels }, 11)).toBeUndefined();
      const body = packBits(codes, Uint8Array.of(4, 4, 4), 11);
      expect(unpackByKernel(body, 21, { channels })).toBeUndefined();
    }
  });

  it("leave what is too small or too large", () => {
    const channels = [{ bits: 16, top: 65_535 }];
    expect(packByKernel(new Uint16Array(15), { channels }, 30)).toBeUndefined();
    expect(packByKernel(new Uint16Array(40_000), { channels }, 80_000)).toBeUndefined();
    expectSame(channels, 32_768);
  });
});
