import { describe, expect, it } from "vitest";
import {
  fitGilbertElliott,
  type GilbertElliott,
  gilbertElliottTheory,
  PacketLosses,
  TimedLosses,
  timedLoss,
} from "../../../src/links/loss/gilbert-elliott.ts";
import { deliveryChance, expectedAttempts } from "../../../src/links/loss/retries.ts";
import { createUniforms } from "../../../src/links/loss/uniforms.ts";

const optionFault = expect.objectContaining({ code: "option" });

/** Mean of batches and the standard error that their spread gives: right for correlated draws, unlike √(p(1 − p)/n). */
function batchMean(values: readonly number[], batches = 40): { readonly mean: number; readonly error: number } {
  const size = Math.floor(values.length / batches);
  const means = Array.from({ length: batches }, (_, b) => {
    let sum = 0;
    for (let at = b * size; at < (b + 1) * size; at++) sum += values[at] ?? 0;
    return sum / size;
  });
  const mean = means.reduce((sum, x) => sum + x, 0) / batches;
  const variance = means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (batches - 1);
  return { mean, error: Math.sqrt(variance / batches) };
}

/** Model, mean loss to five places, mean bad run. */
const reference: readonly (readonly [GilbertElliott, string, string])[] = [
  [{ p: 0.01, r: 0.3, h: 0, k: 1 }, "0.03226", "3.33"],
  [{ p: 0.05, r: 0.5, h: 0, k: 1 }, "0.09091", "2.00"],
  [{ p: 0.02, r: 0.2, h: 0.3, k: 0.999 }, "0.06455", "5.00"],
  [{ p: 0.001, r: 0.1, h: 0, k: 1 }, "0.00990", "10.00"],
];

describe("Gilbert-Elliott by packet", () => {
  it.each(reference)("%o in theory and in 200,000 packets, within 5 standard errors", (model, loss, run) => {
    const theory = gilbertElliottTheory(model);
    expect(theory.loss.toFixed(5)).toBe(loss);
    expect(theory.meanBadRun.toFixed(2)).toBe(run);
    const losses = new PacketLosses(model, createUniforms(`test/gilbert/${loss}`), 3);
    const lost: number[] = [];
    const bad: number[] = [];
    for (let packet = 0; packet < 200_000; packet++) {
      bad.push(losses.isBad ? 1 : 0);
      lost.push(losses.next() ? 1 : 0);
    }
    const { mean, error } = batchMean(lost);
    expect(Math.abs(mean - theory.loss)).toBeLessThan(5 * error);
    expect(Math.abs(mean - 2 * theory.loss)).toBeGreaterThan(5 * error); // control: another loss is told apart
    const runs = bad.filter((state, at) => state === 1 && bad[at - 1] !== 1).length;
    const badRun = bad.reduce((sum, state) => sum + state, 0) / runs;
    expect(Math.abs(badRun - theory.meanBadRun)).toBeLessThan((5 * theory.meanBadRun) / Math.sqrt(runs));
    const share = theory.badShare;
    const products = bad.slice(1).map((state, at) => (state - share) * ((bad[at] ?? 0) - share));
    const correlation = batchMean(products.map((x) => x / (share * (1 - share))));
    expect(Math.abs(correlation.mean - theory.correlation)).toBeLessThan(5 * correlation.error);
  });

  it("is fitted from loss and correlation", () => {
    const theory = gilbertElliottTheory(fitGilbertElliott(0.08, 0.6));
    expect(theory.loss).toBeCloseTo(0.08, 12);
    expect(theory.correlation).toBeCloseTo(0.6, 12);
  });

  it("with p + r = 1 is Bernoulli: neighbours are independent", () => {
    expect(gilbertElliottTheory({ p: 0.2, r: 0.8 })).toMatchObject({ correlation: 0, loss: 0.2 });
  });

  it("refuses chances outside their range", () => {
    expect(() => gilbertElliottTheory({ p: 0.1, r: 0 })).toThrow(optionFault);
    expect(() => gilbertElliottTheory({ p: 1.1, r: 0.5 })).toThrow(optionFault);
    expect(() => fitGilbertElliott(1, 0)).toThrow(optionFault);
    expect(() => fitGilbertElliott(0.5, 1)).toThrow(optionFault);
  });
});

describe("Gilbert-Elliott in time", () => {
  const model = { meanGoodSecond: 3000, meanBadSecond: 600, goodLoss: 0.01, badLoss: 0.7 };
  const losses = (devices: number, firstDevice = 0) =>
    new TimedLosses(model, createUniforms("test/stays"), createUniforms("test/lost"), { devices, firstDevice });

  it("loses its mean share over devices and hours, within 5 standard errors", () => {
    const devices = 400;
    const weather = losses(devices);
    const shares = Array.from({ length: devices }, (_, device) => {
      let lost = 0;
      for (let hour = 0; hour < 96; hour++) lost += weather.isLost(device, hour * 3.6e9, hour) ? 1 : 0;
      return lost / 96;
    });
    const mean = shares.reduce((sum, x) => sum + x, 0) / devices;
    const error = Math.sqrt(shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (devices - 1) / devices);
    expect(Math.abs(mean - timedLoss(model))).toBeLessThan(5 * error);
    expect(Math.abs(mean - 1.15 * timedLoss(model))).toBeGreaterThan(5 * error);
  });

  it("correlates as exponential stays do: exp(−τ(1/good + 1/bad))", () => {
    const devices = 6000;
    const weather = losses(devices);
    const share = 600 / 3600;
    const products = Array.from({ length: devices }, (_, device) => {
      const first = weather.isBad(device, 1e9) ? 1 : 0;
      const later = weather.isBad(device, 1e9 + 200e6) ? 1 : 0;
      return ((first - share) * (later - share)) / (share * (1 - share));
    });
    const { mean, error } = batchMean(products);
    expect(Math.abs(mean - Math.exp(-200 * (1 / 3000 + 1 / 600)))).toBeLessThan(5 * error);
  });

  it("is the same however often it is asked, and for a device of a cell that starts elsewhere", () => {
    const coarse = losses(20);
    const fine = losses(20);
    const cell = losses(5, 10);
    for (let second = 0; second < 20_000; second += 10)
      for (let device = 0; device < 20; device++) fine.isBad(device, second * 1e6);
    for (let device = 0; device < 20; device++) {
      const state = coarse.isBad(device, 20_000e6);
      expect(fine.isBad(device, 20_000e6)).toBe(state);
      if (device >= 10 && device < 15) expect(cell.isBad(device - 10, 20_000e6)).toBe(state);
    }
  });

  it("refuses stays of no time", () => {
    expect(() => timedLoss({ meanGoodSecond: 0, meanBadSecond: 1 })).toThrow(optionFault);
    expect(() => timedLoss({ meanGoodSecond: 1, meanBadSecond: 1, badLoss: 2 })).toThrow(optionFault);
  });
});

describe("retries", () => {
  it("send and deliver so often", () => {
    expect(expectedAttempts(0.1, 4)).toBeCloseTo(1 + 0.1 + 0.01 + 0.001, 12);
    expect([expectedAttempts(0, 4), expectedAttempts(1, 4)]).toEqual([1, 4]);
    expect(deliveryChance(0.1, 4)).toBeCloseTo(0.9999, 12);
    expect(() => expectedAttempts(0.1, 0)).toThrow(optionFault);
    expect(() => deliveryChance(-0.1, 1)).toThrow(optionFault);
  });

  it("as counted in 50,000 messages, within 5 standard errors", () => {
    const uniforms = createUniforms("test/retries");
    const [loss, attempts, n] = [0.3, 4, 50_000];
    const counts = Array.from({ length: n }, (_, message) => {
      let sent = 1;
      while (sent < attempts && uniforms.at(message, sent) < loss) sent += 1;
      return sent;
    });
    const mean = counts.reduce((sum, x) => sum + x, 0) / n;
    const error = Math.sqrt(counts.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n / n);
    expect(Math.abs(mean - expectedAttempts(loss, attempts))).toBeLessThan(5 * error);
  });
});
