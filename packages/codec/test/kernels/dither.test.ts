import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DitherPlace, ditherSource, eachDithered } from "../../src/dither.ts";
import { codecKernels } from "../../src/kernels/codec-kernels.ts";
import { ditherByKernel } from "../../src/kernels/dither.ts";
import { streamKey } from "../../src/stream.ts";

/** One by one, in plain TypeScript. */
function plain(place: DitherPlace, firstRow: number, columns: readonly number[], count: number): Float64Array {
  const source = ditherSource(place);
  const { length } = columns;
  return Float64Array.from({ length: count }, (_, i) =>
    source(firstRow + Math.floor(i / length), columns[i % length] ?? 0),
  );
}

/** Number of the first place where two arrays differ; −1 where none does. */
const firstOther = (a: Float64Array, b: Float64Array): number => a.findIndex((value, i) => !Object.is(value, b[i]));

const places = fc.record({
  key: fc.string().map(streamKey),
  sequence: fc.oneof(fc.nat(300), fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1), fc.maxSafeNat()),
});

describe("ditherByKernel", () => {
  it("gives the dither of every reading to the bit, at any width, number of rows and first row", () => {
    expect(codecKernels()).toBeDefined();
    fc.assert(
      fc.property(
        places,
        fc.oneof(fc.nat(5000), fc.constantFrom(65_535, 2 ** 31 - 1)),
        fc.uniqueArray(fc.nat(1100), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 60 }),
        (place, firstRow, columns, rows) => {
          const out = new Float64Array(rows * columns.length);
          const done = ditherByKernel(place.key, place.sequence, firstRow, columns, out);
          expect(done).toBe(out.length >= 16);
          if (done) expect(firstOther(out, plain(place, firstRow, columns, out.length))).toBe(-1);
        },
      ),
      { numRuns: 300, seed: 12 },
    );
  });

  it("leaves alone what is too little, too much or too wide, and writes no more than it is given", () => {
    const key = streamKey("edges");
    const widest = Array.from({ length: 1024 }, (_, c) => c);
    const call = (columns: readonly number[], length: number): boolean => {
      const out = new Float64Array(length + 8).fill(7);
      const part = out.subarray(0, length);
      const done = ditherByKernel(key, 3, 0, columns, part);
      expect([...out.subarray(length)]).toEqual(new Array(8).fill(7));
      const expected = done ? plain({ key, sequence: 3 }, 0, columns, length) : new Float64Array(length).fill(7);
      expect(firstOther(part, expected)).toBe(-1);
      return done;
    };
    expect(call([0], 15)).toBe(false);
    expect(call([0], 16)).toBe(true);
    expect(call([0], 4096)).toBe(true);
    expect(call([0], 4097)).toBe(false);
    expect(call(widest, 4096)).toBe(true);
    expect(call([...widest, 1024], 4100)).toBe(false);
    expect(call([...widest.slice(0, 1021)], 1021 * 3)).toBe(true);
  });
});

describe("eachDithered", () => {
  it.each([
    [1, 1],
    [1, 1000],
    [3, 5],
    [3, 700],
    [8, 256],
    [511, 3],
    [600, 2],
    [1100, 2],
  ])("gives all dithers in order: %i channels, %i rows", (width, rows) => {
    const place = { key: streamKey("all"), sequence: 70_000, row: 11 };
    const columns = Array.from({ length: width }, (_, c) => (c * 7) % width);
    const all = new Float64Array(width * rows).fill(7);
    let next = 0;
    eachDithered(place, columns, all.length, (dithers, start) => {
      expect(start).toBe(next);
      expect(dithers.length % width).toBe(0);
      all.set(dithers, start);
      next = start + dithers.length;
    });
    expect(next).toBe(all.length);
    expect(firstOther(all, plain(place, 11, columns, all.length))).toBe(-1);
  });
});
