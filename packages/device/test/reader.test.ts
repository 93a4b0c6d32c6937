import { describe, expect, it } from "vitest";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import { createFrameReader, type DeliveryOrder } from "../src/reader.ts";
import { sealed } from "./support.ts";

async function setUp(order: DeliveryOrder) {
  const outbox = createMemoryOutbox();
  const reader = createFrameReader(outbox, order);
  const seal = async (session: number, sequence: number) => {
    await outbox.seal(sealed(session, sequence, 0));
    if (session === 2) reader.sealed({ session, sequence });
  };
  for (const [session, sequence] of [
    [1, 5],
    [1, 6],
    [2, 0],
  ] as const)
    await outbox.seal(sealed(session, sequence, 0));
  const next = async () => {
    const frame = await reader.next();
    return frame === undefined ? undefined : `${frame.session}/${frame.sequence}`;
  };
  return { outbox, reader, seal, next };
}

describe("frame reader", () => {
  it("reads in the order of sealing, over sessions, and again after a new start", async () => {
    const { reader, seal, next } = await setUp("oldest-first");
    expect(await next()).toBe("1/5");
    await seal(2, 1);
    expect([await next(), await next(), await next(), await next()]).toEqual(["1/6", "2/0", "2/1", undefined]);
    reader.startOver();
    expect(await next()).toBe("1/5");
  });

  it("reads what was sealed since the start first, then the rest once", async () => {
    const { outbox, reader, seal, next } = await setUp("live-first");
    expect(await next()).toBe("1/5");
    await seal(2, 1);
    await seal(2, 2);
    expect([await next(), await next(), await next()]).toEqual(["2/1", "2/2", "1/6"]);
    await seal(2, 3);
    expect([await next(), await next(), await next()]).toEqual(["2/3", "2/0", undefined]);
    await outbox.release({ session: 2, floor: 2, ranges: [] });
    reader.startOver();
    await seal(2, 4);
    const rest = [await next(), await next(), await next(), await next(), await next(), await next()];
    expect(rest).toEqual(["2/4", "1/5", "1/6", "2/2", "2/3", undefined]);
  });
});
