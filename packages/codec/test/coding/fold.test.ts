import { describe, expect, it } from "vitest";
import { fold, unfold } from "../../src/coding/fold.ts";

describe("folded differences", () => {
  it.each([1, 2, 3, 4, 7, 14, 15, 30])("of codes 0 to %i are the numbers 0 to the same, each once", (top) => {
    for (let before = 0; before <= top; before++) {
      const seen = new Set<number>();
      for (let code = 0; code <= top; code++) {
        const folded = fold(before, code, top);
        expect(unfold(before, folded, top)).toBe(code);
        seen.add(folded);
      }
      expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: top + 1 }, (_, i) => i));
    }
  });

  it("are the zig-zag where both signs fit, and count on where only one does", () => {
    expect([0, -1, 1, -2, 2].map((difference) => fold(8, 8 + difference, 15))).toEqual([0, 1, 2, 3, 4]);
    expect([2, 3, 4, 5].map((code) => fold(2, code, 15))).toEqual([0, 2, 4, 5]);
    expect([13, 12, 11, 10].map((code) => fold(13, code, 15))).toEqual([0, 1, 3, 5]);
    expect([15, 14, 0].map((code) => fold(15, code, 15))).toEqual([0, 1, 15]);
  });
});
