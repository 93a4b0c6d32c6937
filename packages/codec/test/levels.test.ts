import { describe, expect, it } from "vitest";
import { GridError } from "../src/errors.ts";
import { intervalCount, levelPoints, levelsFault, levelsRange, rangeFault } from "../src/levels.ts";

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

  it("gives points as they are, a copy", () => {
    const points = [-3, 0.5, 8];
    expect([...levelPoints({ kind: "points", points }, 7)]).toEqual(points);
    expect(levelsRange({ kind: "points", points })).toEqual([-3, 8]);
    expect(levelsRange({ kind: "uniform", low: 1, high: 2 })).toEqual([1, 2]);
  });
});

describe("levelsFault", () => {
  it("takes 2 points to one more than the intervals, apart by 1e-100 at least, within ±1e100", () => {
    for (const points of [
      [0, 1],
      [0, 1e-100],
      [-1e100, 0, 3, 1e100],
      [1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 4],
    ])
      expect(levelsFault({ kind: "points", points }, 3)).toBeUndefined();
    expect(levelsFault({ kind: "uniform", low: 5, high: 5 }, 3)).toBeUndefined();
  });

  it.each([
    [[], "0 points"],
    [[1], "1 points"],
    [[0, 1, 2, 3, 4], "2 to 4"],
    [[0, 0], "point 1, 0"],
    [[0, 2, 1], "point 2, 1"],
    [[0, 5e-324], "1e-100"],
    [[0, Number.NaN], "point 1 is NaN"],
    [[Number.NEGATIVE_INFINITY, 0], "point 0 is -Infinity"],
    [[0, 1e101], "point 1 is"],
  ])("refuses %j and says where", (points, words) => {
    expect(levelsFault({ kind: "points", points }, 3)).toContain(words);
  });

  it("refuses what it does not know", () => {
    expect(levelsFault({ kind: "secret" } as never, 3)).toContain('"secret"');
    expect(levelsFault({ kind: "uniform", low: 1, high: 0 }, 3)).toContain("no range");
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
