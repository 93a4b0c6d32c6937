import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineGrid } from "../../src/grid.ts";
import { codecKernels } from "../../src/kernels/codec-kernels.ts";
import { createQuantizer } from "../../src/quantizer.ts";
import { defineSchema } from "../../src/schema.ts";
import { createStream, type Stream } from "../../src/stream.ts";

/** The same words without their place, so that encoding runs in plain TypeScript. */
const untold = (stream: Stream): Stream => ({ word: () => stream.word(), uniform: () => stream.uniform() });

interface Shape {
  readonly bits: number;
  readonly samples: number;
  readonly low: number;
  readonly high: number;
}

function quantizerOf(shapes: readonly Shape[]) {
  const schema = defineSchema(
    shapes.map(({ low, high }, c) => ({ name: `c${c}`, unit: "", range: [low, high], role: "feature" })),
  );
  return createQuantizer(
    defineGrid(schema, {
      epoch: 0,
      scheme: "count",
      coding: "packed",
      channels: shapes.map(({ bits, samples, low, high }) => ({
        bits,
        samples,
        levels: { kind: "uniform", low, high },
      })),
    }),
  );
}

/** Values everywhere in, on the levels of and around a channel's range, and far out. */
function readingOf({ low, high, bits, samples }: Shape, words: Stream): number {
  const s = Math.floor((2 ** bits - 1) / samples);
  const kind = words.word() % 8;
  if (kind === 0) return low + ((high - low) * (words.word() % (s + 1))) / s;
  if (kind === 1) return [low, high, -0, 0, -Number.MAX_VALUE, Number.MAX_VALUE, 5e-324][words.word() % 7] as number;
  return low + (high - low) * (words.uniform() * 1.1 - 0.05);
}

/** Codes, clipped counts and the next words must agree, whatever was taken from the stream before. */
function expectSame(shapes: readonly Shape[], rows: number, skipped: number, seed: string): void {
  const quantizer = quantizerOf(shapes);
  const source = createStream(`values/${seed}`);
  const values = Float64Array.from({ length: rows * shapes.length }, (_, i) =>
    readingOf(shapes[i % shapes.length] as Shape, source),
  );
  const results = [true, false].map((told) => {
    const stream = createStream(seed, 2 ** 33 + 5);
    for (let i = 0; i < skipped; i++) stream.word();
    const codes = new Uint16Array(values.length + 3).fill(7);
    const clipped = new Uint32Array(shapes.length);
    quantizer.encodeInto(values, codes, told ? stream : untold(stream), clipped);
    return { codes, clipped, after: Array.from({ length: 21 }, () => stream.word()) };
  });
  expect(results[0]).toEqual(results[1]);
}

const shapeOf = fc
  .record({
    samples: fc.integer({ min: 1, max: 15 }),
    bits: fc.integer({ min: 1, max: 16 }),
    low: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    span: fc.constantFrom(1e-9, 1, 3.7, 1e9),
  })
  .filter(({ samples, bits }) => 2 ** bits - 1 >= samples)
  .map(({ samples, bits, low, span }) => ({ samples, bits, low, high: low + span }))
  .filter(({ low, high }) => high > low);

describe("the kernel of scheme count", () => {
  it("is there", () => {
    expect(codecKernels()).toBeDefined();
  });

  it("gives the codes, clipped counts and stream position of plain TypeScript at any k and width", () => {
    fc.assert(
      fc.property(
        fc.array(shapeOf, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(17),
        (shapes, rows, skipped) => expectSame(shapes, rows, skipped, `${rows}/${skipped}`),
      ),
      { numRuns: 150, seed: 11 },
    );
  });

  it.each([
    [1, 33],
    [3, 8],
    [3, 1371],
    [7, 600],
    [8, 256],
    [8, 1025],
    [24, 171],
    [513, 17],
  ])("does so in pairs of words, %i channels, %i rows", (channels, rows) => {
    for (const [bits, skipped] of [
      [2, 0],
      [4, 4],
      [8, 2],
      [16, 1],
    ] as const)
      expectSame(Array(channels).fill({ bits, samples: 2, low: -1.5, high: 2 }), rows, skipped, `pairs/${bits}`);
  });

  it.each([1, 2])("takes the narrowest and the widest ranges at k = %i", (samples) => {
    const bits = 16;
    expectSame(
      [
        { bits, samples, low: 0, high: 1e-100 },
        { bits, samples, low: -1e100, high: 1e100 },
        { bits, samples, low: 1, high: 1 + 2 ** -40 },
      ],
      64,
      0,
      "ranges",
    );
  });

  it.each([24, 4096, 6000])("refuses what is not finite before anything is written or used, %i values", (length) => {
    const quantizer = quantizerOf(Array(3).fill({ bits: 4, samples: 2, low: 0, high: 1 }));
    const count = length - (length % 3);
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      for (const at of [0, 13, count - 1]) {
        const values = new Float64Array(count).fill(2);
        values[at] = wrong;
        const codes = new Uint16Array(count).fill(99);
        const clipped = new Uint32Array(3);
        const stream = createStream("refused");
        expect(() => quantizer.encodeInto(values, codes, stream, clipped)).toThrowError(
          expect.objectContaining({ code: "non-finite", row: Math.floor(at / 3), channel: at % 3 }),
        );
        expect(codes.every((code) => code === 99)).toBe(true);
        expect([...clipped]).toEqual([0, 0, 0]);
        expect(stream.word()).toBe(createStream("refused").word());
      }
  });
});
