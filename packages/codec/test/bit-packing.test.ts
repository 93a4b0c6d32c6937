import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packBits, packCodes, packedSize, unpackBits, unpackCodes } from "../src/bit-packing.ts";
import { DecodeError, ReadingError } from "../src/errors.ts";
import { quantizerOf } from "./support/grids.ts";

const widths = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 7 });

/** The layout as one great number: number i stands at the sum of the widths before it. */
function oracle(codes: Uint16Array, bits: readonly number[]): Uint8Array {
  let all = 0n;
  let place = 0;
  for (const [i, code] of codes.entries()) {
    all |= BigInt(code) << BigInt(place);
    place += bits[i % bits.length] ?? 0;
  }
  return Uint8Array.from({ length: Math.ceil(place / 8) }, (_, byte) => Number((all >> BigInt(8 * byte)) & 0xffn));
}

function faultOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error instanceof DecodeError || error instanceof ReadingError ? error.code : error;
  }
  return undefined;
}

describe("packBits and unpackBits", () => {
  it("lay numbers out least significant bit first, without padding, and take them back", () => {
    fc.assert(
      fc.property(widths, fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }), (bits, numbers) => {
        const rows = Math.floor(numbers.length / bits.length);
        const codes = Uint16Array.from(
          numbers.slice(0, rows * bits.length),
          (n, i) => n % 2 ** (bits[i % bits.length] ?? 1),
        );
        const rowBits = bits.reduce((sum, b) => sum + b, 0);
        const packed = packBits(codes, Uint8Array.from(bits), packedSize(rows, rowBits));
        expect(packed).toEqual(oracle(codes, bits));
        const back = new Uint16Array(codes.length);
        unpackBits(
          packed,
          Uint8Array.from(bits),
          back,
          Uint16Array.from(bits, (b) => 2 ** b - 1),
        );
        expect(back).toEqual(codes);
      }),
      { numRuns: 2000, seed: 5 },
    );
  });

  it("gives the bytes of the worked example", () => {
    const codes = Uint16Array.of(5, 9, 2, 14, 3, 1, 7, 14);
    expect([...packBits(codes, Uint8Array.of(3, 4), 4)]).toEqual([0x4d, 0xf9, 0xe2, 0x0e]);
  });
});

describe("packCodes and unpackCodes", () => {
  const quantizer = quantizerOf([
    { bits: 3, samples: 1 },
    { bits: 4, samples: 2 },
  ]);

  it("refuses a body of any other length", () => {
    for (const length of [0, 1, 2, 4, 1000])
      expect(faultOf(() => unpackCodes(new Uint8Array(length), 3, quantizer))).toBe("length");
    expect(unpackCodes(new Uint8Array(3), 3, quantizer)).toEqual(new Uint16Array(6));
  });

  it("never allocates for rows that the body can't hold", () => {
    for (const rows of [1e9, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY, Number.NaN, -1])
      expect(faultOf(() => unpackCodes(new Uint8Array(8), rows, quantizer))).toBe("length");
  });

  it("refuses unused bits that are not zero, each of them", () => {
    const body = packCodes(Uint16Array.of(7, 14), quantizer); // 7 of 8 bits
    expect(unpackCodes(body, 1, quantizer)).toEqual(Uint16Array.of(7, 14));
    body[0] = (body[0] ?? 0) | 0x80;
    expect(faultOf(() => unpackCodes(body, 1, quantizer))).toBe("padding");
  });

  it("refuses a code above k·s on both sides, naming row and channel", () => {
    const codes = Uint16Array.of(0, 0, 0, 15); // 4 bits and 2 draws: the top code is 14
    expect(() => packCodes(codes, quantizer)).toThrow(expect.objectContaining({ code: "code", row: 1, channel: 1 }));
    const body = oracle(codes, [3, 4]);
    expect(() => unpackCodes(body, 2, quantizer)).toThrow(/row 1, channel 1: code 15 above 14/);
    expect(faultOf(() => unpackCodes(body, 2, quantizer))).toBe("code");
  });

  it("refuses to pack half a row", () => {
    expect(faultOf(() => packCodes(new Uint16Array(3), quantizer))).toBe("shape");
  });
});
