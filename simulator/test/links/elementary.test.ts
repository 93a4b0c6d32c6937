import { describe, expect, it } from "vitest";
import { log10, naturalLog, ratioOfDecibels } from "../../src/links/elementary.ts";

const somewhere = Array.from({ length: 2000 }, (_, i) => 10 ** ((i - 1000) / 40));

describe("logarithm and power", () => {
  it("agree with the engine's to a few units in the last place", () => {
    const units = (got: number, want: number) => Math.abs(got - want) / (Number.EPSILON * Math.max(1, Math.abs(want)));
    expect(Math.max(...somewhere.map((x) => units(naturalLog(x), Math.log(x))))).toBeLessThanOrEqual(2);
    expect(Math.max(...somewhere.map((x) => units(log10(x), Math.log10(x))))).toBeLessThanOrEqual(4);
    const ratios: number[] = [];
    for (let decibels = -300; decibels <= 300; decibels += 0.37) {
      ratios.push(Math.abs(ratioOfDecibels(decibels) / 10 ** (decibels / 10) - 1));
    }
    expect(Math.max(...ratios)).toBeLessThan(1e-13);
  });

  it("are exact where that is possible", () => {
    expect(naturalLog(1)).toBe(0);
    expect(ratioOfDecibels(0)).toBe(1);
    expect(naturalLog(2)).toBe(Math.LN2);
  });

  it("refuse what has no value", () => {
    expect(() => naturalLog(0)).toThrow(RangeError);
    expect(() => naturalLog(Number.POSITIVE_INFINITY)).toThrow(RangeError);
    expect(() => ratioOfDecibels(Number.NaN)).toThrow(RangeError);
  });
});
