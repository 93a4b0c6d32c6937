import { describe, expect, it } from "vitest";
import { systemClock } from "../src/clock.ts";

describe("system clock", () => {
  it("starts at the wall clock and never goes back", () => {
    const clock = systemClock();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(50);
    let last = clock.now();
    for (let i = 0; i < 1000; i += 1) {
      const now = clock.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it("sleeps, and wakes with the signal's reason", async () => {
    const clock = systemClock();
    const begun = clock.now();
    await clock.sleep(20);
    expect(clock.now() - begun).toBeGreaterThanOrEqual(18);
    await clock.sleep(-5);
    const controller = new AbortController();
    const reason = new Error("enough");
    const sleeping = expect(clock.sleep(60_000, controller.signal)).rejects.toBe(reason);
    controller.abort(reason);
    await sleeping;
    await expect(clock.sleep(1, controller.signal)).rejects.toBe(reason);
  });
});
