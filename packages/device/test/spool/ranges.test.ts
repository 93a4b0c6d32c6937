import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inRanges, mergeRanges, rangesFrom, rangesOf } from "../../src/spool/ranges.ts";

const numbers = fc.array(fc.nat(40), { maxLength: 20 });
const members = (ranges: readonly (readonly [number, number])[]) =>
  ranges.flatMap(([from, to]) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i));

describe("ranges", () => {
  it("hold the numbers that they were made of, apart and in order", () => {
    fc.assert(
      fc.property(numbers, fc.nat(40), (given, least) => {
        const ranges = rangesOf(given);
        const sorted = [...new Set(given)].sort((a, b) => a - b);
        expect(members(ranges)).toEqual(sorted);
        for (const [i, [from]] of ranges.entries())
          if (i > 0) expect(from).toBeGreaterThan((ranges[i - 1]?.[1] ?? 0) + 1);
        for (let i = 0; i <= 41; i++) expect(inRanges(ranges, i)).toBe(given.includes(i));
        expect(members(rangesFrom(ranges, least))).toEqual(sorted.filter((number) => number >= least));
      }),
      { seed: 2 },
    );
  });

  it("merge to the union, without empty ones", () => {
    const range = fc
      .tuple(fc.nat(40), fc.integer({ min: -2, max: 5 }))
      .map(([from, more]) => [from, from + more] as const);
    fc.assert(
      fc.property(fc.array(range, { maxLength: 10 }), (ranges) => {
        expect(members(mergeRanges(ranges))).toEqual([...new Set(members(ranges))].sort((a, b) => a - b));
      }),
      { seed: 3 },
    );
  });
});
