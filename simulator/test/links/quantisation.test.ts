import {
  createQuantizer,
  createStream,
  defineSchema,
  ditherPlace,
  type Quantizer,
  type Scheme,
  uniformGrid,
} from "@zipml/codec";
import { describe, expect, test } from "vitest";
import { log10 } from "../../src/links/elementary.ts";

/**
 * What quantisation costs a model, in closed form and by the codec: y = x + N(0, 0.05²), x uniform on [−1, 1], one feature.
 * Every bound is five standard errors, estimated from the terms of the very sum that is judged.
 */

const count = 60_000;
const noise = 0.05;
const power = 1 / 3; // of x
const schema = defineSchema([{ name: "x", unit: "", range: [-1, 1], role: "feature" }]);

/** Features and targets, from a stream that nothing else takes. */
function data(name: string): { readonly x: Float64Array; readonly y: Float64Array } {
  const stream = createStream(`test/quantisation/data/${name}`);
  const x = Float64Array.from({ length: count }, () => 2 * stream.uniform() - 1);
  // The polar form needs a logarithm anyway: Box and Muller's is shorter, and a test may use Math.cos.
  const normal = (): number => Math.sqrt(-2 * Math.log(stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
  return { x, y: x.map((value) => value + noise * normal()) };
}

function quantizerOf(scheme: Scheme, bits: number): Quantizer {
  return createQuantizer(uniformGrid(schema, { scheme, bits, samples: 1 }));
}

/** Mean of some terms, and its standard error. */
function meanOf(length: number, term: (i: number) => number): { readonly mean: number; readonly error: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < length; i++) {
    const value = term(i);
    sum += value;
    squares += value * value;
  }
  const mean = sum / length;
  return { mean, error: Math.sqrt((squares / length - mean * mean) / length) };
}

/** Least squares y ≈ w·m through 0, with what d says of each square taken off: w, its standard error, and the loss. */
function fit(m: Float64Array, y: Float64Array, d = 0) {
  const at = (values: Float64Array, i: number): number => values[i] as number;
  const square = meanOf(count, (i) => at(m, i) ** 2 - d).mean;
  const w = meanOf(count, (i) => at(m, i) * at(y, i)).mean / square;
  const { error } = meanOf(count, (i) => (at(m, i) * at(y, i) - w * (at(m, i) ** 2 - d)) / square);
  return { w, error, loss: meanOf(count, (i) => (at(y, i) - w * at(m, i)) ** 2) };
}

/** Middles of the 2^b cells of width 2/2^b in which values lie: scheme `interval` tells the cell of each. */
function midRise(bits: number, x: Float64Array): Float64Array {
  const quantizer = quantizerOf("interval", bits + 1);
  const channel = quantizer.channels[0];
  if (channel?.ends === undefined || channel.intervals !== 2 ** bits) throw new Error("not the cells that are meant");
  const { ends } = channel;
  const { codes } = quantizer.encode(x, createStream(`test/quantisation/draws/${bits}`));
  return Float64Array.from(codes, (code) => {
    const [lower, upper] = ends(code);
    return (lower + upper) / 2;
  });
}

/** What the codec makes of values under a scheme of draws: m, d and the step. */
function sent(scheme: "count" | "dither", bits: number, x: Float64Array) {
  const quantizer = quantizerOf(scheme, bits);
  const place = ditherPlace(quantizer.grid, { device: "d", session: 1, sequence: bits });
  const { codes } = quantizer.encode(x, place ?? createStream(`test/quantisation/draws/${scheme}/${bits}`));
  const m = new Float64Array(count);
  quantizer.meansInto(codes, m, place);
  const step = 2 / (quantizer.channels[0]?.intervals ?? 0);
  return { m, d: quantizer.channels[0]?.spread(0) ?? Number.NaN, step };
}

describe("cells' middles on uniform values", () => {
  test("closed form, to the digits of the reference: D²/12 at 4 bits, 6.02 dB a bit, training loss s² + D²/12", () => {
    const variance = (bits: number): number => (2 / 2 ** bits) ** 2 / 12;
    expect(variance(4).toExponential(3)).toBe("1.302e-3");
    for (const bits of [2, 4, 6, 8]) expect(((10 * log10(power / variance(bits))) / bits).toFixed(2)).toBe("6.02");
    const losses = [1, 2, 3, 4, 6, 8].map((bits) => (noise ** 2 + variance(bits)).toPrecision(3));
    expect(losses).toEqual(["0.0858", "0.0233", "0.00771", "0.00380", "0.00258", "0.00251"]);
  });

  test.each([
    [2, 12.03],
    [4, 24.09],
    [6, 36.12],
    [8, 48.17],
  ])(
    "the codec's cells of %i bits: error, its ratio to the signal, and the reference's measured %f dB",
    (bits, known) => {
      const { x } = data(`ratio/${bits}`);
      const q = midRise(bits, x);
      const theory = 4 ** -bits / 3;
      const { mean, error } = meanOf(count, (i) => ((q[i] as number) - (x[i] as number)) ** 2);
      expect(Math.abs(mean - theory)).toBeLessThan(5 * error);
      const signal = meanOf(count, (i) => (x[i] as number) ** 2);
      const decibels = 10 * log10(signal.mean / mean);
      const perRatio = 10 * Math.LOG10E;
      const bound = 5 * perRatio * Math.hypot(error / mean, signal.error / signal.mean);
      expect(Math.abs(decibels - 10 * bits * log10(4))).toBeLessThan(bound);
      expect(Math.abs(known - 10 * bits * log10(4))).toBeLessThan(bound); // from seven times as many samples
      expect(Math.abs(decibels - 10 * (bits + 0.1) * log10(4))).toBeGreaterThan(bound); // a tenth of a bit would show
    },
  );

  test.each([1, 2, 3, 4, 6, 8])("a model trained on cells of %i bits: unbiased, and its loss s² + w²D²/12", (bits) => {
    const { x, y } = data(`loss/${bits}`);
    const { w, error, loss } = fit(midRise(bits, x), y);
    expect(Math.abs(w - 1)).toBeLessThan(5 * error);
    expect(Math.abs(loss.mean - (noise ** 2 + 4 ** -bits / 3))).toBeLessThan(5 * loss.error);
  });
});

describe.each([2, 3, 4])("readings rounded at random, %i bits", (bits) => {
  test("scheme count, one draw: error variance D²/6 on average, and a slope that is too small by as much", () => {
    const { x, y } = data(`count/${bits}`);
    const { m, d, step } = sent("count", bits, x);
    expect([d, step]).toEqual([0, 2 / (2 ** bits - 1)]);
    const { mean, error } = meanOf(count, (i) => ((m[i] as number) - (x[i] as number)) ** 2);
    expect(Math.abs(mean - step ** 2 / 6)).toBeLessThan(5 * error);
    expect(Math.abs(mean - step ** 2 / 12)).toBeGreaterThan(5 * error);
    const fitted = fit(m, y);
    expect(Math.abs(fitted.w - power / (power + step ** 2 / 6))).toBeLessThan(5 * fitted.error);
    expect(Math.abs(fitted.w - 1)).toBeGreaterThan(5 * fitted.error);
  });

  test("scheme dither: error variance D²/12 whatever the value, and with d taken off no bias of the slope", () => {
    const { x, y } = data(`dither/${bits}`);
    const { m, d, step } = sent("dither", bits, x);
    expect(d).toBeCloseTo(step ** 2 / 12, 15);
    const off = (i: number): number => (m[i] as number) - (x[i] as number);
    const { mean, error } = meanOf(count, (i) => off(i) ** 2);
    expect(Math.abs(mean - step ** 2 / 12)).toBeLessThan(5 * error);
    // Neither the error nor its square hangs on where in its interval the value lies.
    const bias = meanOf(count, (i) => off(i) * (x[i] as number));
    expect(Math.abs(bias.mean)).toBeLessThan(5 * bias.error);
    const place = (i: number): number => Math.cos((2 * Math.PI * ((x[i] as number) + 1)) / step);
    const uneven = meanOf(count, (i) => (off(i) ** 2 - step ** 2 / 12) * place(i));
    expect(Math.abs(uneven.mean)).toBeLessThan(5 * uneven.error);
    const corrected = fit(m, y, d);
    expect(Math.abs(corrected.w - 1)).toBeLessThan(5 * corrected.error);
    // Without d it is too small, as any feature with errors makes it: half as much as with a draw.
    const plain = fit(m, y);
    expect(Math.abs(plain.w - power / (power + step ** 2 / 12))).toBeLessThan(5 * plain.error);
    expect(Math.abs(plain.w - 1)).toBeGreaterThan(5 * plain.error);
  });
});
