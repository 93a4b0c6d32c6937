import { describe, expect, it } from "vitest";
import { dial, join, publishPacket, subscribePacket } from "./raw.ts";
import { refused, serves, start } from "./support.ts";

describe("floods", () => {
  it("connections beyond the bounds are closed and counted; the others are served", async () => {
    const broker = await start({ limits: { connectionsPerAddress: 5 } });
    const clients = Array.from({ length: 8 }, () => dial(broker.url));
    const codes = await Promise.all(clients.map((client, i) => join(client, { clientId: `c${i}` })));
    expect(codes.filter((code) => code === 0)).toHaveLength(5);
    expect(broker.status()).toMatchObject({ connections: 5, refused: { connections: 3 } });
    await serves(broker);
    const rated = await start({ limits: { connectsPerSecond: 2 } });
    const many = Array.from({ length: 10 }, () => dial(rated.url));
    await Promise.all(many.map((client, i) => join(client, { clientId: `c${i}` })));
    expect(rated.status().refused["connect-rate"]).toBeGreaterThanOrEqual(5);
  });

  it("a client above its rate is slowed down, loses nothing, and holds up nobody", async () => {
    const broker = await start({ limits: { messagesPerSecond: 500 } });
    const flood = dial(broker.url);
    expect(await join(flood, { clientId: "flood" })).toBe(0);
    const one = publishPacket("flood", new Uint8Array(1000));
    const began = performance.now();
    for (let i = 0; i < 2000; i += 1) flood.send(one);
    await serves(broker);
    expect(broker.status().messages).toBeLessThan(2001);
    while (broker.status().messages < 2001) await new Promise((resolve) => setTimeout(resolve, 20));
    const seconds = (performance.now() - began) / 1000;
    expect(broker.status().slowed).toBeGreaterThan(0);
    expect(seconds).toBeGreaterThan(1);
    expect(broker.status().connections).toBe(1);
  });

  it("deep topics, too many filters and too many retained messages are refused", async () => {
    const broker = await start({ limits: { topicLevels: 4, subscriptions: 2, retained: 3 } });
    const deep = dial(broker.url);
    expect(await join(deep, { clientId: "deep" })).toBe(0);
    deep.send(publishPacket("a/b/c/d/e", Uint8Array.of(1)));
    await deep.closed();
    const filters = dial(broker.url);
    expect(await join(filters, { clientId: "filters" })).toBe(0);
    filters.send(subscribePacket(1, "a", "b", "c", "a/b/c/d/#"));
    expect([...(await filters.bytes(12)).subarray(8)]).toEqual([1, 1, 128, 128]);
    const keeper = dial(broker.url);
    expect(await join(keeper, { clientId: "keeper" })).toBe(0);
    for (const topic of ["1", "2", "3", "4"]) keeper.send(publishPacket(topic, Uint8Array.of(1), { retain: true }));
    await keeper.closed();
    expect(broker.status()).toMatchObject({
      retained: 3,
      refused: { "topic-levels": 2, subscriptions: 1, retained: 1 },
    });
  });

  it("a reader that does not read is closed, and meanwhile others get theirs", async () => {
    const broker = await start({ limits: { backlog: 65_536 } });
    const stuck = dial(broker.url);
    expect(await join(stuck, { clientId: "stuck" })).toBe(0);
    stuck.send(subscribePacket(1, "big"));
    await stuck.bytes(9);
    stuck.socket.pause();
    const sender = dial(broker.url);
    expect(await join(sender, { clientId: "sender" })).toBe(0);
    const acknowledged = () => (sender.received().length - 4) / 4;
    let sent = 0;
    while (broker.status().refused.slow === 0 && sent < 400) {
      sent += 1;
      sender.send(publishPacket("big", new Uint8Array(200_000), { id: sent }));
      await sender.bytes(4 + 4 * sent);
      if (sent % 20 === 0) await serves(broker);
    }
    expect(refused(broker, "slow")).toBe(1);
    expect(acknowledged()).toBe(sent);
    await serves(broker);
  });
});
