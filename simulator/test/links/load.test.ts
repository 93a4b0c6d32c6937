import { describe, expect, it } from "vitest";
import { alohaDelivery, meanWaitUs, offeredLoad } from "../../src/links/load.ts";
import { createUniforms } from "../../src/links/loss/uniforms.ts";

const optionFault = expect.objectContaining({ code: "option" });

describe("pure ALOHA", () => {
  it("delivers exp(−2G)", () => {
    const loads = [0.05, 0.1, 0.2, 0.5, 1];
    expect(loads.map((load) => alohaDelivery(load).toFixed(4))).toEqual([
      "0.9048",
      "0.8187",
      "0.6703",
      "0.3679",
      "0.1353",
    ]);
    for (const load of loads) expect(alohaDelivery(load)).toBeCloseTo(Math.exp(-2 * load), 13);
    expect(alohaDelivery(0)).toBe(1);
  });

  it.each([0.05, 0.1, 0.2, 0.5, 1])("at G = %f, counted in 60,000 messages, within 5 standard errors", (load) => {
    const uniforms = createUniforms("test/aloha");
    const n = 60_000;
    const gaps = Array.from({ length: n + 1 }, (_, at) => uniforms.exponentialAt(0, at) / load);
    // One message is one unit long: it survives if none starts within a unit before or after it.
    const batches = Array.from({ length: 40 }, (_, batch) => {
      const [from, to] = [(batch * n) / 40, ((batch + 1) * n) / 40];
      let arrived = 0;
      for (let at = from; at < to; at++) if ((gaps[at] ?? 0) > 1 && (gaps[at + 1] ?? 0) > 1) arrived += 1;
      return arrived / (to - from);
    });
    const mean = batches.reduce((sum, x) => sum + x, 0) / 40;
    const error = Math.sqrt(batches.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 39 / 40);
    expect(Math.abs(mean - alohaDelivery(load))).toBeLessThan(5 * error);
    expect(Math.abs(mean - Math.exp(-load))).toBeGreaterThan(5 * error); // control: slotted ALOHA is told apart
  });

  it("is offered so much", () => {
    const load = { devices: 1000, airtimeUs: 61_696, intervalUs: 3.6e9, channels: 8 };
    expect(offeredLoad(load)).toBeCloseTo(0.002142, 6);
    expect(offeredLoad({ ...load, share: 0.5 })).toBeCloseTo(0.001071, 6);
    expect(() => offeredLoad({ ...load, channels: 0 })).toThrow(optionFault);
    expect(() => alohaDelivery(-1)).toThrow(optionFault);
  });
});

describe("an M/D/1 queue", () => {
  it("waits ρ / (2(1 − ρ)) services", () => {
    expect(meanWaitUs(0.5, 1000)).toBe(500);
    expect(meanWaitUs(0.9, 1000)).toBeCloseTo(4500, 9);
    expect(() => meanWaitUs(1, 1000)).toThrow(optionFault);
  });

  it("as counted in 100,000 arrivals by Lindley's recursion, within 5 standard errors", () => {
    const uniforms = createUniforms("test/md1");
    const [n, utilisation] = [100_000, 0.6];
    const sums = new Float64Array(40);
    let wait = 0;
    for (let at = 0; at < n; at++) {
      const batch = Math.floor((at * 40) / n);
      sums[batch] = (sums[batch] ?? 0) + wait;
      wait = Math.max(0, wait + 1 - uniforms.exponentialAt(1, at) / utilisation);
    }
    const means = [...sums].map((sum) => (sum * 40) / n);
    const mean = means.reduce((sum, x) => sum + x, 0) / 40;
    const error = Math.sqrt(means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 39 / 40);
    expect(Math.abs(mean - meanWaitUs(utilisation, 1))).toBeLessThan(5 * error);
    expect(Math.abs(mean - 2 * meanWaitUs(utilisation, 1))).toBeGreaterThan(5 * error); // control: M/M/1
  });
});
