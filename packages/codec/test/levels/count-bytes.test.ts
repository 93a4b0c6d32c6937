import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../../src/index.ts";
import { decodeCounts, encodeCounts, maxCount, maxCountBins } from "../../src/levels/index.ts";
import { bytesOf as bytesFrom } from "../support/frames.ts";
import { histogramCases } from "../vectors/histogram-cases.ts";

const bytesOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const countsArbitrary = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: maxCount }),
  ),
  { minLength: 2, maxLength: 600 },
);

function codeOf(bytes: Uint8Array, bins: number): unknown {
  try {
    decodeCounts(bytes, bins);
  } catch (error) {
    return error instanceof DecodeError ? error.code : error;
  }
  return "";
}

describe("counts as bytes", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(countsArbitrary, (counts) => {
        const bytes = encodeCounts(counts);
        expect(bytes.length).toBeLessThanOrEqual(5 * counts.length);
        expect([...decodeCounts(bytes, counts.length)]).toEqual(counts);
      }),
      { seed: 1 },
    );
  });

  it("have one spelling: whatever decodes encodes to the same bytes", () => {
    const small = fc.array(fc.constantFrom(0, 0, 1, 2, 127, 128, 129, 255), { maxLength: 12 });
    let sound = 0;
    fc.assert(
      fc.property(small, fc.integer({ min: 2, max: 6 }), (given, bins) => {
        const bytes = Uint8Array.from(given);
        const code = codeOf(bytes, bins);
        expect(code).toEqual(expect.any(String));
        if (code !== "") return;
        sound += 1;
        expect(encodeCounts(decodeCounts(bytes, bins))).toEqual(bytes);
      }),
      { seed: 2, numRuns: 5000 },
    );
    expect(sound).toBeGreaterThan(100);
  });

  it.each(histogramCases)("golden vector: $name", ({ bins, hex, counts, code }) => {
    const bytes = bytesFrom(hex);
    expect(codeOf(bytes, bins)).toBe(code);
    if (code !== "") return;
    expect([...decodeCounts(bytes, bins)]).toEqual(counts);
    expect(encodeCounts(counts)).toEqual(bytes);
  });

  it("are short for what a sensor gives", () => {
    const counts = Array.from({ length: 256 }, (_, i) => Math.round(100 * Math.exp(-(((i - 90) / 12) ** 2) / 2)));
    expect(encodeCounts(counts).length).toBeLessThan(100);
    expect(encodeCounts(new Float64Array(maxCountBins)).length).toBe(3);
  });

  it.each([
    ["not a histogram's number of bins", bytesOf(1), 1, "range"],
    ["more bins than allowed", bytesOf(0, 128, 64), 8192, "range"],
    ["a part of a bin", bytesOf(1, 1), 2.5, "range"],
    ["more bytes than the bins can take", new Uint8Array(11), 2, "size"],
    ["nothing", bytesOf(), 2, "length"],
    ["too few", bytesOf(1), 2, "length"],
    ["a run past the end", bytesOf(0, 3), 2, "length"],
    ["an end within a number", bytesOf(1, 128), 2, "truncated"],
    ["an end before the run's length", bytesOf(1, 0), 2, "truncated"],
    ["a byte too many", bytesOf(1, 1, 1), 2, "trailing"],
    ["a number of two bytes where one does", bytesOf(129, 0, 1), 2, "form"],
    ["a number of six bytes", bytesOf(129, 128, 128, 128, 128, 0, 1), 2, "form"],
    ["a run of none", bytesOf(0, 0, 0, 2), 2, "form"],
    ["two runs side by side", bytesOf(0, 1, 0, 1), 2, "form"],
    ["a count of 2^32", bytesOf(128, 128, 128, 128, 16, 1), 2, "range"],
  ])("refuse %s", (_, bytes, bins, code) => {
    expect(codeOf(bytes, bins)).toBe(code);
  });

  it("refuse what has no form", () => {
    for (const counts of [[1], new Float64Array(maxCountBins + 1)])
      expect(() => encodeCounts(counts)).toThrow(expect.objectContaining({ code: "count" }));
    for (const count of [-1, 0.5, Number.NaN, maxCount + 1])
      expect(() => encodeCounts([0, count])).toThrow(expect.objectContaining({ code: "counts", index: 1 }));
  });

  it("let nothing but a DecodeError escape, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: -1, max: 5000 }), (bytes, bins) => {
        expect(codeOf(bytes, bins)).toEqual(expect.any(String));
      }),
      { seed: 3, numRuns: 2000 },
    );
  });
});
