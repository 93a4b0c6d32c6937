import { describe, expect, it } from "vitest";
import { GridError } from "../src/errors.ts";
import { intervalCount, levelPoints, rangeFault } from "../src/levels.ts";

describe("intervalCount", () => {
  it("gives 8 levels at 4 bits and 2 draws: the alphabet is k·s + 1", () => {
    const s = intervalCount(4, 2);
    expect(s).toBe(7);
    expect(levelPoints({ kind: "uniform", low: 0, high: 7 }, s)).toHaveLength(8);
    expect(2 * s + 1).toBeLessThanOrEqual(2 ** 4);
  });

  it("is the most intervals whose codes fit, for every width and number of draws, or is refused", () => {
    for (let bits = 1; bits <= 16; bits++)
      for (let samples = 1; samples <= 15; samples++) {
        if (2 ** bits - 1 < samples) {
          expect(() => intervalCount(bits, samples)).toThrow(expect.objectContaining({ code: "grid" }));
          continue;
        }
        const s = intervalCount(bits, samples);
        expect(s).toBeGreaterThanOrEqual(1);
        expect(samples * s + 1).toBeLessThanOrEqual(2 ** bits);
        expect(samples * (s + 1) + 1).toBeGreaterThan(2 ** bits);
      }
  });

  it.each([
    [0, 1],
    [17, 1],
    [4.5, 1],
    [Number.NaN, 1],
    [4, 0],
    [4, 16],
    [4, 1.5],
    [1, 2],
    [3, 8],
  ])("refuses %d bits with %d draws", (bits, samples) => {
    expect(() => intervalCount(bits, samples)).toThrow(GridError);
  });
});

describe("levelPoints", () => {
  it("spaces the levels equally from end to end", () => {
    expect([...levelPoints({ kind: "uniform", low: -3, high: 5 }, 4)]).toEqual([-3, -1, 1, 3, 5]);
    expect([...levelPoints({ kind: "uniform", low: 2, high: 2 }, 1)]).toEqual([2, 2]);
  });
});

describe("rangeFault", () => {
  it("takes ranges whose products stay finite, empty ones included", () => {
    for (const [low, high] of [
      [-1, 1],
      [0, 0],
      [-1e100, 1e100],
      [0, 1e-100],
    ] as const)
      expect(rangeFault(low, high)).toBeUndefined();
  });

  it.each([
    [1, 0],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
    [-1e308, 1e308],
    [0, 5e-324],
  ])("refuses %d to %d", (low, high) => {
    expect(rangeFault(low, high)).toContain("no range");
  });
});
