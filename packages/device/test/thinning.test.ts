import { describe, expect, it } from "vitest";
import type { FullPolicy } from "../src/outbox.ts";
import { createThinning } from "../src/thinning.ts";

function setUp(policy: FullPolicy) {
  const usage = { rows: 0, frames: 0, bytes: 0, capacity: 1000 };
  return { usage, thinning: createThinning({ policy, usage: () => usage }) };
}

describe("thinning", () => {
  it("begins at three quarters of the capacity and ends below half of it", () => {
    const { usage, thinning } = setUp("thin");
    const at = (bytes: number): boolean => {
      usage.bytes = bytes;
      return thinning.check();
    };
    expect([0, 749, 750, 1000, 749, 500, 499, 749, 750].map(at)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it("begins at once where a row did not fit", () => {
    const { usage, thinning } = setUp("thin");
    usage.bytes = 600;
    expect([thinning.check(), thinning.start(), thinning.check(), thinning.isActive]).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it("tells how it stands, and is not changed by being asked", () => {
    const { usage, thinning } = setUp("thin");
    const seen = [800, 600].map((bytes) => {
      usage.bytes = bytes;
      return thinning.isActive;
    });
    expect([...seen, thinning.check()]).toEqual([true, false, false]);
    usage.bytes = 800;
    thinning.check();
    usage.bytes = 400;
    expect(thinning.isActive).toBe(false);
    usage.bytes = 600;
    expect([thinning.isActive, thinning.check()]).toEqual([true, true]); // 400 was seen by nobody who seals
  });

  it("does nothing under another policy", () => {
    for (const policy of ["refuse", "drop-oldest", "drop-newest"] as const) {
      const { usage, thinning } = setUp(policy);
      usage.bytes = 1000;
      expect([thinning.check(), thinning.start(), thinning.isActive]).toEqual([false, false, false]);
    }
  });
});
