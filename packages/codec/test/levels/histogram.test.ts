import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHistogram, histogramOf, LevelError } from "../../src/levels/index.ts";

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof LevelError ? [error.code, error.index] : error;
  }
  return "nothing was refused";
}

describe("a histogram", () => {
  it("counts each reading at the nearest grid point, both ends included", () => {
    const histogram = createHistogram({ low: 10, high: 14, bins: 5 });
    histogram.addAll([10, 10.4, 10.6, 11, 13.4, 13.6, 14, 9.999, 14.001]);
    histogram.add(12);
    expect([...histogram.counts]).toEqual([2, 2, 1, 1, 2]);
    expect(histogram).toMatchObject({ low: 10, high: 14, total: 8, below: 1, above: 1 });
  });

  it("gives every reading within its ends a bin no farther than half a step", () => {
    const finite = { noNaN: true, noDefaultInfinity: true };
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, ...finite }),
        fc.double({ min: 1e-3, max: 1e6, ...finite }),
        fc.integer({ min: 2, max: 400 }),
        fc.double({ min: 0, max: 1, ...finite }),
        (low, width, bins, share) => {
          const high = low + width;
          const histogram = createHistogram({ low, high, bins });
          const value = Math.min(high, low + share * width);
          histogram.add(value);
          expect(histogram.total).toBe(1);
          const bin = histogram.counts.indexOf(1);
          const step = width / (bins - 1);
          expect(Math.abs(low + bin * step - value)).toBeLessThanOrEqual(step * 0.5 + 1e-9 * (Math.abs(low) + width));
        },
      ),
    );
  });

  it("merges in any order and grouping to the same counts", () => {
    const values = fc.array(fc.double({ min: -2, max: 3, noNaN: true }), { maxLength: 40 });
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const of = (...parts: (readonly number[])[]) => {
          const histogram = createHistogram({ low: -1, high: 2, bins: 32 });
          for (const part of parts) histogram.addAll(part);
          return histogram;
        };
        const one = of(a);
        one.merge(of(b));
        one.merge(of(c));
        const inner = of(c, b);
        const other = of();
        other.merge(inner);
        other.merge(of(a));
        const whole = of([...a, ...b, ...c]);
        for (const merged of [one, other]) {
          expect(merged.counts).toEqual(whole.counts);
          expect([merged.total, merged.below, merged.above]).toEqual([whole.total, whole.below, whole.above]);
        }
      }),
    );
  });

  it("merged with itself doubles", () => {
    const histogram = createHistogram({ low: 0, high: 1, bins: 2 });
    histogram.addAll([0, 1, 1, 7]);
    histogram.merge(histogram);
    expect(histogram).toMatchObject({ counts: Float64Array.of(2, 4), total: 6, below: 0, above: 2 });
  });

  it("refuses what is no number, and has counted nothing then", () => {
    const histogram = createHistogram({ low: 0, high: 1, bins: 4 });
    expect(codeOf(() => histogram.addAll([0, 1, Number.NaN]))).toEqual(["non-finite", 2]);
    expect(codeOf(() => histogram.add(Number.POSITIVE_INFINITY))).toEqual(["non-finite", 0]);
    expect(histogram).toMatchObject({ total: 0, below: 0, above: 0, counts: new Float64Array(4) });
  });

  it("refuses grids that are none, other grids, and counts that are none", () => {
    expect(codeOf(() => createHistogram({ low: 0, high: 1, bins: 1 }))).toEqual(["count", undefined]);
    expect(codeOf(() => createHistogram({ low: 0, high: 1, bins: 2 ** 25 }))).toEqual(["count", undefined]);
    expect(codeOf(() => createHistogram({ low: 1, high: 1, bins: 4 }))).toEqual(["range", undefined]);
    expect(codeOf(() => createHistogram({ low: 0, high: Number.NaN, bins: 4 }))).toEqual(["range", undefined]);
    const histogram = createHistogram({ low: 0, high: 1, bins: 4 });
    for (const other of [
      { low: 0, high: 1, bins: 5 },
      { low: 0, high: 2, bins: 4 },
    ])
      expect(codeOf(() => histogram.merge(createHistogram(other)))).toEqual(["range", undefined]);
    expect(codeOf(() => histogramOf(0, 1, [1, -1]))).toEqual(["counts", 1]);
    expect(codeOf(() => histogramOf(0, 1, [0.5, 1]))).toEqual(["counts", 0]);
    expect(codeOf(() => histogramOf(0, 1, [2 ** 53, 1]))).toEqual(["counts", 0]);
  });

  it("copies shipped counts", () => {
    const counts = [1, 2, 3];
    const histogram = histogramOf(0, 2, counts);
    histogram.add(1);
    expect(counts).toEqual([1, 2, 3]);
    expect([...histogram.counts]).toEqual([1, 3, 3]);
  });
});
