import { fromFixed, toFixed } from "@zipml/gateway/fpga";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Adders, shiftedProduct, shiftRight } from "../../src/fpga/fixed-point.ts";

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe("words of 32 bits with 23 fraction bits", () => {
  it("hold multiples of 2^-23 exactly, up to 256", () => {
    fc.assert(fc.property(word, (w) => toFixed(fromFixed(w)) === w));
    expect(toFixed(1)).toBe(0x0080_0000);
    expect(toFixed(-1)).toBe(-0x0080_0000);
    expect(toFixed(-256)).toBe(-(2 ** 31));
    expect(() => toFixed(256)).toThrow(RangeError);
    expect(() => toFixed(Number.NaN)).toThrow(RangeError);
  });
});

describe("a shifted product", () => {
  it("is the product of up to 49 bits shifted arithmetically, as whole numbers of any size have it", () => {
    fc.assert(
      fc.property(word, fc.integer({ min: -65_536, max: 65_535 }), fc.integer({ min: 0, max: 15 }), (a, b, shift) => {
        expect(BigInt(shiftedProduct(a, b, shift))).toBe((BigInt(a) * BigInt(b)) >> BigInt(shift));
      }),
      { numRuns: 500 },
    );
  });

  it("rounds towards minus infinity", () => {
    expect(shiftedProduct(-1, 1, 7)).toBe(-1);
    expect(shiftedProduct(1, 1, 7)).toBe(0);
    expect(shiftRight(-5, 1)).toBe(-3);
    expect(shiftRight(-5, 40)).toBe(-1);
    expect(shiftRight(5, 40)).toBe(0);
  });
});

describe("adders", () => {
  it("wrap as 32 bits do, and count it", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const adders = new Adders(false);
        const exact = BigInt(a) + BigInt(b);
        expect(BigInt(adders.add(a, b))).toBe(BigInt.asIntN(32, exact));
        expect(adders.wraps).toBe(BigInt.asIntN(32, exact) === exact ? 0 : 1);
      }),
    );
  });

  it("stop at the ends where they saturate, and count it", () => {
    const adders = new Adders(true);
    expect(adders.add(2 ** 31 - 1, 1)).toBe(2 ** 31 - 1);
    expect(adders.subtract(-(2 ** 31), 1)).toBe(-(2 ** 31));
    expect(adders.add(3, 4)).toBe(7);
    expect(adders.wraps).toBe(2);
  });

  it("sum a tree's words neighbour by neighbour: in another order saturation gives another sum", () => {
    const large = 2 ** 31 - 1;
    expect(new Adders(true).tree(Int32Array.of(large, -5, large, large), 2)).toBe(large);
    expect(new Adders(true).tree(Int32Array.of(large, large, -5, -large), 2)).toBe(-1);
    expect(new Adders(true).tree(Int32Array.of(large, -5, large, -large), 2)).toBe(large - 5);
  });

  it("wrap to the same sum in any order", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
        const exact = words.reduce((sum, w) => sum + BigInt(w), 0n);
        expect(BigInt(new Adders(false).tree(Int32Array.from(words), 3))).toBe(BigInt.asIntN(32, exact));
      }),
    );
  });
});
