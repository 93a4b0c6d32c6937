import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createVirtualClock } from "../../src/memory/index.ts";

describe("virtual clock", () => {
  it("wakes sleepers in order of time, then of call, each at its time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -5, max: 50 }), { maxLength: 30 }), async (waits) => {
        const clock = createVirtualClock(1000);
        const woken: [number, number][] = [];
        waits.forEach((wait, i) => {
          void clock.sleep(wait).then(() => woken.push([clock.now(), i]));
        });
        await clock.advance(60);
        const expected = waits.map((wait, i): [number, number] => [1000 + Math.max(0, wait), i]);
        expect(woken).toEqual(expected.sort(([a, i], [b, j]) => a - b || i - j));
        expect(clock.now()).toBe(1060);
        expect(clock.sleepers()).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("lets a woken sleeper sleep again within one advance", async () => {
    const clock = createVirtualClock();
    const ticks: number[] = [];
    const loop = (async () => {
      for (let i = 0; i < 5; i += 1) {
        await clock.sleep(10);
        await Promise.resolve();
        ticks.push(clock.now());
      }
    })();
    await clock.advance(35);
    expect(ticks).toEqual([10, 20, 30]);
    expect(clock.next()).toBe(40);
    await clock.advance(100);
    await loop;
    expect(clock.next()).toBeUndefined();
  });

  it("drops sleepers whose signal aborts", async () => {
    const clock = createVirtualClock();
    const controller = new AbortController();
    const sleeping = expect(clock.sleep(10, controller.signal)).rejects.toBe("stop");
    controller.abort("stop");
    await sleeping;
    expect([clock.sleepers(), clock.next()]).toEqual([0, undefined]);
    await expect(clock.sleep(1, controller.signal)).rejects.toBe("stop");
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
  });
});
