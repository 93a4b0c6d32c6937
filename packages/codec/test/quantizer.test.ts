import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packCodes, unpackCodes } from "../src/bit-packing.ts";
import { ReadingError } from "../src/errors.ts";
import type { Quantizer } from "../src/quantizer.ts";
import { createStream } from "../src/stream.ts";
import { quantizerOf, widthsAndSamples } from "./support/grids.ts";

function valuesFor(quantizer: Quantizer, rows: number, name: string): Float64Array {
  const stream = createStream(name);
  return Float64Array.from({ length: rows * quantizer.channels.length }, () => 3 * stream.uniform() - 1.5);
}

function refusal(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error instanceof ReadingError ? { code: error.code, row: error.row, channel: error.channel } : error;
  }
  return undefined;
}

describe("createQuantizer", () => {
  it("encodes, packs and unpacks to the same codes, for every width and number of draws", () => {
    for (const [bits, samples] of widthsAndSamples) {
      const quantizer = quantizerOf([
        { bits, samples },
        { bits: 3, samples: 1 },
      ]);
      const { codes } = quantizer.encode(valuesFor(quantizer, 9, `law/${bits}/${samples}`), createStream("draws"));
      const tops = quantizer.channels.map(({ top }) => top);
      expect(codes.every((code, i) => code <= (tops[i % 2] ?? 0))).toBe(true);
      expect(unpackCodes(packCodes(codes, quantizer), 9, quantizer)).toEqual(codes);
    }
  });

  it("keeps that law for grids of many channels", () => {
    const channel = fc.constantFrom(...widthsAndSamples).map(([bits, samples]) => ({ bits, samples }));
    fc.assert(
      fc.property(fc.array(channel, { minLength: 1, maxLength: 9 }), fc.nat(12), fc.nat(), (channels, rows, seed) => {
        const quantizer = quantizerOf(channels);
        const { codes } = quantizer.encode(valuesFor(quantizer, rows, `v/${seed}`), createStream("d", seed));
        expect(unpackCodes(packCodes(codes, quantizer), rows, quantizer)).toEqual(codes);
      }),
      { numRuns: 500, seed: 4 },
    );
  });

  it("uses words in the order row, channel, draw: any row can be encoded again on its own", () => {
    const quantizer = quantizerOf([
      { bits: 4, samples: 2 },
      { bits: 8, samples: 1 },
      { bits: 6, samples: 5 },
    ]);
    const values = valuesFor(quantizer, 6, "order");
    const { codes } = quantizer.encode(values, createStream("order", 7));
    const draws = createStream("order", 7);
    for (const [i, value] of values.entries()) expect(quantizer.channels[i % 3]?.encode(value, draws)).toBe(codes[i]);
  });

  it("takes a stream that gives words one by one, or many at a time, and leaves it where all its words are used", () => {
    const coder = quantizerOf([
      { bits: 4, samples: 2 },
      { bits: 8, samples: 1 },
      { bits: 7, samples: 15 },
    ]);
    for (const rows of [1, 56, 57, 58, 300]) {
      const values = Float64Array.from({ length: 3 * rows }, (_, i) => Math.sin(i));
      const [bulk, plain] = [createStream("bulk", rows), createStream("bulk", rows)];
      const single = { word: plain.word, uniform: plain.uniform };
      expect(coder.encode(values, bulk).codes.join()).toBe(coder.encode(values, single).codes.join());
      expect(bulk.word()).toBe(plain.word());
      const last = createStream("bulk", rows);
      const one = Uint16Array.from(values, (value, i) => coder.channels[i % 3]?.encode(value, last) ?? 0);
      expect(coder.encode(values, createStream("bulk", rows)).codes.join()).toBe(one.join());
    }
  });

  it("does the same into arrays as by itself, and for plain arrays", () => {
    const quantizer = quantizerOf([{}, { bits: 7, samples: 3 }]);
    const values = valuesFor(quantizer, 5, "into");
    const { codes, clipped } = quantizer.encode(Array.from(values), createStream("into"));
    const into = new Uint16Array(10);
    const counts = new Uint32Array(2);
    quantizer.encodeInto(values, into, createStream("into"), counts);
    expect(into).toEqual(codes);
    expect(counts).toEqual(clipped);
  });

  it("counts what is clipped by channel, adding up, and does not count the ends", () => {
    const quantizer = quantizerOf([{}, { low: 0, high: 10 }]);
    const clipped = new Uint32Array(2);
    const codes = new Uint16Array(8);
    const values = Float64Array.of(-1, 0, 1, 10, -1.000001, 10.5, 2, -0.5);
    for (let call = 1; call <= 2; call++) {
      quantizer.encodeInto(values, codes, createStream("clip"), clipped);
      expect([...clipped]).toEqual([2 * call, 2 * call]);
    }
    expect([...codes]).toEqual([0, 0, 14, 14, 0, 14, 14, 0]); // cut to the ends, hence biased
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses %d with row and channel before anything is written or drawn",
    (bad) => {
      const quantizer = quantizerOf([{}, {}, {}]);
      const values = valuesFor(quantizer, 4, "bad");
      values[7] = bad;
      values[11] = bad;
      const codes = new Uint16Array(12).fill(99);
      const clipped = new Uint32Array(3);
      const draws = createStream("bad");
      expect(refusal(() => quantizer.encodeInto(values, codes, draws, clipped))).toEqual({
        code: "non-finite",
        row: 2,
        channel: 1,
      });
      expect(codes.every((code) => code === 99)).toBe(true);
      expect([...clipped]).toEqual([0, 0, 0]);
      expect(draws.word()).toBe(createStream("bad").word());
      expect(refusal(() => quantizer.encode(values, draws))).toMatchObject({ code: "non-finite", row: 2, channel: 1 });
    },
  );

  it("refuses arrays of the wrong shape", () => {
    const quantizer = quantizerOf([{}, {}]);
    const draws = createStream("s");
    const shape = { code: "shape" };
    expect(refusal(() => quantizer.encode([1, 2, 3], draws))).toMatchObject(shape);
    expect(refusal(() => quantizer.encodeInto(new Float64Array(4), new Uint16Array(2), draws))).toMatchObject(shape);
    expect(
      refusal(() => quantizer.encodeInto(new Float64Array(4), new Uint16Array(4), draws, new Uint32Array(1))),
    ).toMatchObject(shape);
    expect(refusal(() => quantizer.meansInto(new Uint16Array(3), new Float64Array(4)))).toMatchObject(shape);
    expect(refusal(() => quantizer.spreadsInto(new Uint16Array(4), new Float64Array(2)))).toMatchObject(shape);
    expect(refusal(() => quantizer.squaresInto(new Uint16Array(4), new Float64Array(2)))).toMatchObject(shape);
  });

  it("decodes in bulk what the channels decode one by one, small alphabets and large", () => {
    for (const bits of [2, 8, 9, 12, 16]) {
      const quantizer = quantizerOf([
        { bits, samples: 2, low: -3, high: 11 },
        { bits: 5, samples: 4 },
      ]);
      const { codes } = quantizer.encode(valuesFor(quantizer, 50, `bulk/${bits}`), createStream("bulk"));
      const [means, spreads, squares] = [0, 0, 0].map(() => new Float64Array(100)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      quantizer.meansInto(codes, means);
      quantizer.spreadsInto(codes, spreads);
      quantizer.squaresInto(codes, squares);
      for (const [i, code] of codes.entries()) {
        const channel = quantizer.channels[i % 2];
        const [m = 0, d = 0] = [channel?.mean(code), channel?.spread(code)];
        expect([means[i], spreads[i], squares[i]]).toEqual([m, d, m * m - d]);
      }
    }
  });

  it("has no unbiased square for a channel of one draw, and says which", () => {
    const quantizer = quantizerOf([{}, { samples: 1 }]);
    expect(refusal(() => quantizer.squaresInto(new Uint16Array(2), new Float64Array(2)))).toMatchObject({
      code: "shape",
      channel: 1,
    });
  });
});
