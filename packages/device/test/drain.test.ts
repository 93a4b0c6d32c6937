import { describe, expect, it } from "vitest";
import { createDrain } from "../src/drain.ts";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import { sealed } from "./support.ts";

const receipt = (session: number, floor: number) => ({ session, floor, ranges: [] });

describe("drain", () => {
  it("waits for the frames before the given one, of earlier sessions too, and for no later ones", async () => {
    const outbox = createMemoryOutbox();
    const drain = createDrain(outbox);
    const never = new AbortController().signal;
    await drain.wait({ session: 2, sequence: 0 }, never);
    for (const [session, sequence] of [
      [1, 7],
      [2, 0],
      [2, 1],
    ] as const)
      await outbox.seal(sealed(session, sequence, 0));
    let done = false;
    const waiting = drain.wait({ session: 2, sequence: 1 }, never).then(() => {
      done = true;
    });
    await outbox.release(receipt(2, 1));
    drain.check();
    await new Promise(setImmediate);
    expect(done).toBe(false);
    await outbox.release(receipt(1, 8));
    drain.check();
    await waiting;
    expect(outbox.usage().frames).toBe(1);
  });

  it("ends with the signal", async () => {
    const outbox = createMemoryOutbox();
    await outbox.seal(sealed(1, 0, 0));
    const drain = createDrain(outbox);
    const controller = new AbortController();
    const waiting = expect(drain.wait({ session: 1, sequence: 1 }, controller.signal)).rejects.toMatchObject({
      code: "aborted",
    });
    controller.abort();
    await waiting;
    await expect(drain.wait({ session: 1, sequence: 1 }, controller.signal)).rejects.toMatchObject({ code: "aborted" });
  });
});
