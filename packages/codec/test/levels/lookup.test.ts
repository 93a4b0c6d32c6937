import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLevelLookup, LevelError } from "../../src/levels/index.ts";
import { uniformSource } from "./shapes.ts";

/** The interval by definition, from the left. */
function interval(levels: readonly number[], value: number): number {
  const above = levels.findIndex((level) => level > value);
  return above === -1 ? levels.length - 2 : Math.max(0, above - 1);
}

const neighbours = (value: number): number[] => [
  value - Math.abs(value) * 2 ** -52,
  value,
  value + Math.abs(value) * 2 ** -52,
];

function expectRight(levels: readonly number[], kind?: "table" | "search"): void {
  const lookup = createLevelLookup(levels);
  if (kind !== undefined) expect(lookup.kind).toBe(kind);
  const next = uniformSource(`lookup/${levels.length}/${levels[1]}`);
  const low = levels[0] ?? 0;
  const high = levels.at(-1) ?? 0;
  const inside = Array.from({ length: 300 }, () => low + (high - low) * (1.2 * next() - 0.1));
  const outside = [low - 1, high + 1, -1e300, 1e300, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const value of [...levels.flatMap(neighbours), ...inside, ...outside])
    if (lookup.intervalOf(value) !== interval(levels, value)) expect.fail(`${value} among ${levels.length} levels`);
}

describe("a lookup of intervals", () => {
  it("is a table on a grid, uniform or not, and right at and beside every level", () => {
    expectRight([0, 1], "table");
    expectRight(
      Array.from({ length: 16 }, (_, j) => j / 15),
      "table",
    );
    expectRight(
      Array.from({ length: 256 }, (_, j) => -7 + 0.1 * j),
      "table",
    );
    expectRight([0, 1, 2, 3, 5, 9, 100, 2000, 4095], "table");
    expectRight([1.7e9, 1.7e9 + 0.25, 1.7e9 + 1000], "table");
  });

  it("is a search where levels are free, with the same answers", () => {
    expectRight([0, 1e-9, 0.5, 1], "search");
    expectRight([-1e100, 0, 1e-100, 1e100], "search");
  });

  it("holds for any levels", () => {
    const level = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(fc.uniqueArray(level, { minLength: 2, maxLength: 40, comparator: "SameValueZero" }), (levels) => {
        expectRight(levels.map((value) => value + 0).sort((a, b) => a - b));
      }),
    );
  });

  it("copies its levels", () => {
    const levels = Float64Array.of(0, 1, 2);
    const lookup = createLevelLookup(levels);
    levels.fill(9);
    expect([0.5, 1.5].map(lookup.intervalOf)).toEqual([0, 1]);
  });

  it("refuses NaN, and levels that are none", () => {
    const codeOf = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (error) {
        return error instanceof LevelError ? [error.code, error.index] : error;
      }
    };
    expect(codeOf(() => createLevelLookup([0, 1, 2]).intervalOf(Number.NaN))).toEqual(["non-finite", undefined]);
    expect(codeOf(() => createLevelLookup([0, 1e-9, 2]).intervalOf(Number.NaN))).toEqual(["non-finite", undefined]);
    for (const levels of [
      [0, 0],
      [1, 0],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
    ])
      expect(codeOf(() => createLevelLookup(levels))).toEqual(["levels", 1]);
    expect(codeOf(() => createLevelLookup([0]))).toEqual(["levels", undefined]);
  });
});
