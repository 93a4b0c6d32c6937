import { describe, expect, it } from "vitest";
import { createQuarantine } from "../src/quarantine.ts";

const one = { session: 1, sequence: 4 };
const other = { session: 2, sequence: 4 };

describe("quarantine", () => {
  it("takes a frame at its second refusal, and forgets the first when it was acknowledged between", () => {
    const quarantine = createQuarantine();
    expect(quarantine.strike(one, "a")).toBeUndefined();
    expect(quarantine.strike(other, "a")).toBeUndefined();
    quarantine.clear(one);
    expect(quarantine.strike(one, "b")).toBeUndefined();
    expect(quarantine.has(one)).toBe(false);
    expect(quarantine.strike(one, "c")).toEqual({ ...one, reason: "c" });
    expect([quarantine.has(one), quarantine.has(other), quarantine.size]).toEqual([true, false, 1]);
  });

  it("lets go what a receipt covers, and all when asked", () => {
    const quarantine = createQuarantine();
    for (const id of [one, other]) for (const reason of ["a", "b"]) quarantine.strike(id, reason);
    quarantine.release({ session: 1, floor: 0, ranges: [[4, 4]] });
    expect([quarantine.has(one), quarantine.has(other)]).toEqual([false, true]);
    expect(quarantine.empty()).toBe(1);
    expect(quarantine.empty()).toBe(0);
    expect(quarantine.has(other)).toBe(false);
  });
});
