import { describe, expect, it } from "vitest";
import { backoffDelay, defaultBackoff } from "../src/backoff.ts";

const options = { base: 100, cap: 5000 };
const highest = () => 0xffff_ffff;

describe("backoff", () => {
  it("doubles its ceiling up to the cap", () => {
    const ceilings = [0, 1, 2, 5, 6, 40, 2000].map((attempt) => Math.ceil(backoffDelay(attempt, options, highest)));
    expect(ceilings).toEqual([100, 200, 400, 3200, 5000, 5000, 5000]);
    expect(backoffDelay(3, options, () => 0)).toBe(0);
  });

  it("is uniform below the ceiling, within five standard errors", () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state;
    };
    const n = 20_000;
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += backoffDelay(2, options, random);
    expect(Math.abs(sum / n - 200)).toBeLessThan(5 * (400 / Math.sqrt(12 * n)));
  });

  it("refuses bounds and attempts that make no sense", () => {
    for (const bad of [
      { base: 0, cap: 1 },
      { base: 2, cap: 1 },
      { base: 1, cap: Number.POSITIVE_INFINITY },
    ]) {
      expect(() => backoffDelay(0, bad, highest)).toThrow(RangeError);
    }
    expect(() => backoffDelay(-1, defaultBackoff, highest)).toThrow(RangeError);
    expect(() => backoffDelay(0.5, defaultBackoff, highest)).toThrow(RangeError);
  });
});
