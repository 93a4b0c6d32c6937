import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createDropWatch, droppedField, type NewDrops } from "../src/drop-watch.ts";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import { sealed } from "./support.ts";

describe("drop watch", () => {
  it("tells every drop and declares at once, then at most once a second", async () => {
    const clock = createVirtualClock();
    const outbox = createMemoryOutbox({ capacity: 400, policy: "drop-oldest" });
    const told: NewDrops[] = [];
    const declared: number[] = [];
    const drops = createDropWatch({
      outbox,
      clock,
      dropped: (news) => told.push(news),
      declare: async () => declared.push(clock.now()),
      failed: (error) => expect.unreachable(String(error)),
    });
    const start = clock.now();
    const append = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await outbox.append({ session: 1, time: i, values: Float64Array.of(1, 2) }); // 80 bytes
        drops.check();
      }
      await clock.settle();
    };
    await outbox.seal(sealed(1, 0, 3, 36)); // 100 bytes
    await append(3);
    expect(told).toEqual([]);
    await append(2);
    expect(told).toEqual([{ rows: 3, frames: 1 }]);
    await append(3);
    expect(told.slice(1)).toEqual(Array.from({ length: 3 }, () => ({ rows: 1, frames: 0 })));
    await clock.advance(5000);
    expect(declared.map((at) => at - start)).toEqual([0, 1000]);
    await append(1);
    expect(declared).toHaveLength(3);
    drops.stop();
    await clock.settle();
    expect(clock.sleepers()).toBe(0);
  });

  it("puts into health what a message can carry", () => {
    const totals = { rows: 1, frames: 2, frameRows: 10 };
    expect(droppedField({ ...totals, missing: [] })).toEqual({ rows: 11 });
    const ranges = Array.from({ length: 300 }, (_, i) => [3 * i, 3 * i] as const);
    const missing = Array.from({ length: 70 }, (_, session) => ({ session, ranges }));
    const { frames } = droppedField({ ...totals, missing });
    expect(frames).toHaveLength(64);
    expect(frames?.[0]?.ranges).toHaveLength(256);
  });
});
