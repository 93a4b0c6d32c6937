import { describe, expect, it } from "vitest";
import { createEventQueue } from "../src/event-queue.ts";
import type { TransportEvent } from "../src/transport.ts";

const message = (n: number): TransportEvent => ({
  type: "message",
  topic: String(n),
  payload: new Uint8Array(),
  retained: false,
  duplicate: false,
});
const online: TransportEvent = { type: "online", protocol: "memory" };
const offline = (reason: string): TransportEvent => ({ type: "offline", code: "offline", reason });

async function drain(events: AsyncIterable<TransportEvent>): Promise<TransportEvent[]> {
  const all: TransportEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe("event queue", () => {
  it("hands out events in order, whether they came before or after the consumer", async () => {
    const queue = createEventQueue();
    queue.push(message(1));
    const drained = drain(queue.events());
    await Promise.resolve();
    for (let i = 2; i <= 3000; i += 1) queue.push(message(i));
    expect(queue.waiting()).toBeGreaterThan(2000);
    queue.close();
    queue.push(message(0));
    expect((await drained).map((event) => event.type === "message" && event.topic)).toEqual(
      Array.from({ length: 3000 }, (_, i) => String(i + 1)),
    );
    expect(queue.waiting()).toBe(0);
  });

  it("keeps of unseen changes of the connection the outcome only, so that it stays bounded", async () => {
    const queue = createEventQueue();
    queue.push(online);
    queue.push(message(1));
    for (let i = 0; i < 1000; i += 1) {
      queue.push(offline(String(i)));
      queue.push(online);
    }
    queue.close();
    expect(await drain(queue.events())).toEqual([online, message(1), offline("999"), online]);
  });

  it("tells when a message was taken and has one consumer", async () => {
    let taken = 0;
    const queue = createEventQueue(() => {
      taken += 1;
    });
    queue.push(online);
    queue.push(message(1));
    queue.close();
    await drain(queue.events());
    expect(taken).toBe(1);
    expect(() => queue.events()).toThrow(expect.objectContaining({ code: "option" }));
  });
});
