import type { Command, Receipt } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createReceipts } from "../../src/ingest/receipts.ts";
import { createRegistry } from "../../src/ingest/registry.ts";
import { limitsOf } from "./limits.ts";

function setUp(options: { delay?: number; gapAfter?: number } = {}) {
  const clock = createVirtualClock();
  const receipts: (Receipt & { at: number })[] = [];
  const gaps: { session: number; age: number }[] = [];
  const asked: { at: number; command: Command }[] = [];
  const registry = createRegistry(limitsOf({ devices: 2, ranges: 8 }));
  const device = registry.open("a");
  if (device === undefined) throw new Error("no room");
  const session = registry.openSession(device, 5, 0);
  const pace = createReceipts(
    {
      clock,
      receipt: (_, message) => receipts.push({ ...message, at: clock.now() }),
      gap: (_, { session: number }, age) => gaps.push({ session: number, age }),
      command: (_, command) => asked.push({ at: clock.now(), command }),
      failed: (error) => {
        throw error;
      },
    },
    { delay: 200, gapAfter: 2000, ...options },
  );
  const store = (...sequences: number[]): void => {
    for (const sequence of sequences) {
      session.sequences.add(sequence);
      pace.mark(device, session);
    }
  };
  return { clock, receipts, asked, gaps, pace, store };
}

describe("receipts", () => {
  it("gathers a session's frames into one receipt", async () => {
    const { clock, receipts, store, pace } = setUp();
    store(0, 1, 3);
    await clock.advance(199);
    store(4);
    expect(receipts).toEqual([]);
    await clock.advance(1);
    expect(receipts).toEqual([{ session: 5, floor: 2, ranges: [[3, 4]], at: 200 }]);
    await clock.advance(1000);
    store(2);
    await clock.advance(1000);
    expect(receipts.slice(1)).toEqual([{ session: 5, floor: 5, ranges: [], at: 1400 }]);
    await clock.advance(10_000);
    expect(clock.sleepers()).toBe(0);
    pace.stop();
  });

  it("asks for a gap at waits that double, and at the first wait again once the floor has moved", async () => {
    const { clock, asked, store, pace } = setUp();
    store(0, 2, 4);
    await clock.advance(200 + 2000 + 4000);
    expect(asked).toEqual(
      [2200, 6200].map((at) => ({
        at,
        command: {
          name: "resend",
          session: 5,
          ranges: [
            [1, 1],
            [3, 3],
          ],
        },
      })),
    );
    store(1);
    await clock.advance(8000);
    expect(asked.slice(2)).toMatchObject([{ at: 14_200, command: { ranges: [[3, 3]] } }]);
    await clock.advance(2000);
    expect(asked).toHaveLength(4);
    store(3);
    await clock.advance(20_000);
    expect(asked).toHaveLength(4);
    expect(clock.sleepers()).toBe(0);
    pace.stop();
  });

  it("does not turn in place at a delay of 0 while a gap stands, and stops when told", async () => {
    const { clock, receipts, asked, store, pace } = setUp({ delay: 0 });
    store(0, 2);
    await clock.advance(1999);
    expect(receipts).toHaveLength(1);
    expect(clock.sleepers()).toBe(1);
    store(4);
    pace.flush();
    expect(receipts).toHaveLength(2);
    pace.stop();
    await clock.advance(600_000);
    expect({ asked, sleepers: clock.sleepers() }).toEqual({ asked: [], sleepers: 0 });
  });

  it("tells once of a gap that does not close", async () => {
    const { clock, asked, gaps, store, pace } = setUp();
    store(0, 2);
    await clock.advance(1_000_000);
    expect(gaps).toEqual([{ session: 5, age: 2000 * (2 ** 7 - 1) }]);
    expect(asked.length).toBeGreaterThan(10); // and goes on asking
    store(1);
    await clock.advance(1_000_000);
    expect(gaps).toHaveLength(1);
    pace.stop();
  });
});
