import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../src/errors.ts";
import { createStream } from "../src/stream.ts";
import { dequantizeVector, packVector, quantizeVector, roundVector, unpackVector } from "../src/vector.ts";
import { createTally, meanScore, moments, varianceScore } from "./support/statistics.ts";

const values = Float64Array.of(0.3, -1.7, 0, 2.5, -2.5, 1e-9);
const rounds = 40_000;

/** Exact moments of one draw on 2^bits − 1 intervals over ±2.5. */
function drawMoments(value: number, bits: number) {
  const step = 5 / (2 ** bits - 1);
  const base = Math.min(Math.floor((value + 2.5) / step), 2 ** bits - 2);
  const lower = base * step - 2.5;
  const p = Math.min(1, Math.max(0, (value - lower) / step));
  const { variance, fourth } = moments([
    [1 - p, lower],
    [p, lower + step],
  ]);
  return { mean: value, variance, fourth };
}

/** Worst distance of any component's mean or variance from the exact ones, in standard errors. */
function worstScore(bits: number, round: (copy: Float64Array) => void): number {
  const exact = [...values].map((value) => drawMoments(value, bits));
  const tallies = exact.map(({ mean }) => createTally(mean));
  for (let n = 0; n < rounds; n++) {
    const copy = values.slice();
    round(copy);
    for (const [i, x] of copy.entries()) tallies[i]?.add(x);
  }
  return Math.max(
    ...exact.flatMap((law, i) => tallies.slice(i, i + 1).flatMap((t) => [meanScore(t, law), varianceScore(t, law)])),
  );
}

describe("quantizeVector", () => {
  it.each([1, 2, 4, 8])("is unbiased with the exact variance (u − v)(v − l) at %d bits, 5 standard errors", (bits) => {
    const draws = createStream(`vector/${bits}`);
    expect(worstScore(bits, (copy) => roundVector(copy, bits, draws))).toBeLessThan(5);
  });

  it("rejects rounding to the nearest point by the same test", () => {
    const nearest = (copy: Float64Array) => {
      const step = 5 / 15;
      for (const [i, x] of copy.entries()) copy[i] = Math.round((x + 2.5) / step) * step - 2.5;
    };
    expect(worstScore(4, nearest)).toBeGreaterThan(5);
  });

  it("rounds in place as it quantizes and decodes", () => {
    const rounded = values.slice();
    roundVector(rounded, 3, createStream("same"));
    expect(rounded).toEqual(dequantizeVector(quantizeVector(values, 3, createStream("same"))));
    expect(rounded[3]).toBe(2.5);
    expect(rounded[4]).toBe(-2.5);
  });

  it("leaves a vector alone at 0 bits, and draws nothing", () => {
    const [copy, draws] = [values.slice(), createStream("zero")];
    roundVector(copy, 0, draws);
    expect(copy).toEqual(values);
    expect(draws.word()).toBe(createStream("zero").word());
  });

  it("decodes scale 0 to zeros, and takes the empty vector", () => {
    const zero = quantizeVector(new Float64Array(3), 4, createStream("z"));
    expect(zero.scale).toBe(0);
    expect([...dequantizeVector(zero)]).toEqual([0, 0, 0]);
    expect(quantizeVector(new Float64Array(0), 4, createStream("z")).codes).toHaveLength(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses %d before anything is written",
    (bad) => {
      const vector = Float64Array.of(1, bad);
      expect(() => quantizeVector(vector, 4, createStream("n"))).toThrow(RangeError);
      expect(() => roundVector(vector, 4, createStream("n"))).toThrow(RangeError);
      expect([...vector]).toEqual([1, bad]);
    },
  );

  it.each([0, 17, 2.5, Number.NaN])("refuses %d bits", (bits) => {
    expect(() => quantizeVector(values, bits, createStream("b"))).toThrow(RangeError);
  });
});

describe("packVector and unpackVector", () => {
  it("give the same vector back at every width", () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 30 }), fc.integer({ min: 1, max: 16 }), (numbers, bits) => {
        const vector = quantizeVector(Float64Array.from(numbers), bits, createStream("p"));
        const bytes = packVector(vector);
        expect(bytes).toHaveLength(Math.ceil((numbers.length * bits) / 8));
        expect(unpackVector(bytes, numbers.length, bits, vector.scale)).toEqual(vector);
      }),
      { numRuns: 500, seed: 6 },
    );
  });

  it.each([
    ["length", new Uint8Array(3), 4, 4],
    ["length", new Uint8Array(2), 1e12, 4],
    ["padding", Uint8Array.of(0, 0x10), 3, 4],
    ["range", new Uint8Array(0), 1e12, 0],
    ["range", new Uint8Array(0), 0, 17],
  ])("refuse with %s", (code, bytes, length, bits) => {
    expect(() => unpackVector(bytes, length, bits, 1)).toThrow(DecodeError);
    expect(() => unpackVector(bytes, length, bits, 1)).toThrow(expect.objectContaining({ code }));
  });
});
