import { describe, expect, it } from "vitest";
import { createQuarantine } from "../src/quarantine.ts";

const one = { session: 1, sequence: 4 };
const other = { session: 2, sequence: 4 };
const third = { session: 2, sequence: 5 };

function setUp() {
  const time = { now: 1000 };
  return { time, quarantine: createQuarantine(() => time.now) };
}

describe("quarantine", () => {
  it("takes a frame at its second refusal, and forgets the first when it was acknowledged between", () => {
    const { quarantine } = setUp();
    expect(quarantine.strike(one, "refused", "a")).toBeUndefined();
    expect(quarantine.strike(other, "refused", "a")).toBeUndefined();
    quarantine.clear(one);
    expect(quarantine.strike(one, "refused", "b")).toBeUndefined();
    expect(quarantine.has(one)).toBe(false);
    expect(quarantine.strike(one, "refused", "c")).toEqual({ ...one, offence: "refused", reason: "c" });
    expect([quarantine.has(one), quarantine.has(other), quarantine.size]).toEqual([true, false, 1]);
    expect(quarantine.counts()).toEqual({ refused: 1, hangUps: 0, reason: "c" });
  });

  it("lets go what a receipt covers, and all when asked", () => {
    const { quarantine } = setUp();
    for (const id of [one, other]) for (const reason of ["a", "b"]) quarantine.strike(id, "refused", reason);
    quarantine.release({ session: 1, floor: 0, ranges: [[4, 4]] });
    expect([quarantine.has(one), quarantine.has(other)]).toEqual([false, true]);
    expect(quarantine.empty()).toBe(1);
    expect(quarantine.empty()).toBe(0);
    expect(quarantine.has(other)).toBe(false);
    expect(quarantine.counts()).toEqual({ refused: 0, hangUps: 0, reason: undefined });
  });

  it("counts what the broker says and how connections end apart", () => {
    const { quarantine } = setUp();
    expect(quarantine.strike(one, "refused", "a")).toBeUndefined();
    expect(quarantine.strike(one, "hang-up", "b")).toBeUndefined();
    expect(quarantine.strike(one, "hang-up", "c")).toMatchObject({ offence: "hang-up" });
  });

  it("keeps for good what the broker refuses, and lets out a frame on which a connection ended", () => {
    const { quarantine, time } = setUp();
    for (const reason of ["a", "b"]) {
      quarantine.strike(one, "refused", reason);
      quarantine.strike(other, "hang-up", reason);
    }
    expect(quarantine.counts()).toEqual({ refused: 1, hangUps: 1, reason: "b" });
    time.now += 59_999;
    expect(quarantine.parole()).toEqual([]);
    time.now += 1;
    expect(quarantine.parole()).toEqual([other]);
    expect([quarantine.has(one), quarantine.has(other)]).toEqual([true, false]);
    time.now += 1e9;
    expect(quarantine.parole()).toEqual([]);
  });

  it("waits twice as long after each failed try, up to an hour; the first may come at the next acknowledgement", () => {
    const { quarantine, time } = setUp();
    for (const reason of ["a", "b"]) quarantine.strike(one, "hang-up", reason);
    quarantine.clear(third);
    expect(quarantine.parole()).toEqual([one]);
    for (const wait of [120, 240, 480, 960, 1920, 3600, 3600]) {
      expect(quarantine.strike(one, "hang-up", "again")).toMatchObject(one); // one failure is enough now
      quarantine.clear(third); // shows no longer that it may have been the link
      time.now += wait * 1000 - 1;
      expect(quarantine.parole()).toEqual([]);
      time.now += 1;
      expect(quarantine.parole()).toEqual([one]);
    }
    quarantine.clear(one);
    expect(quarantine.strike(one, "hang-up", "much later")).toBeUndefined();
  });
});
