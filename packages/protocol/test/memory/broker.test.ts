import { describe, expect, it } from "vitest";
import { createMemoryBroker, createVirtualClock } from "../../src/memory/index.ts";
import { watch } from "../watch.ts";

const qos1 = { qos: 1, retain: false } as const;
const payload = Uint8Array.of(1);

describe("memory broker", () => {
  it("loses and doubles deliveries when told to, and counts them", async () => {
    const copies = [1, 0, 2] as const;
    let turn = 0;
    const broker = createMemoryBroker({ deliver: () => copies[turn++ % 3] ?? 1 });
    await using a = broker.connector()({ clientId: "a" });
    const seen = watch(a);
    await seen.next("online");
    await a.subscribe(["x"]);
    for (let i = 0; i < 3; i += 1) await a.publish("x", Uint8Array.of(i), qos1);
    await seen.next("message", ({ duplicate }) => duplicate);
    const got = seen.seen.flatMap((event) => (event.type === "message" ? [[event.payload[0], event.duplicate]] : []));
    expect(got).toEqual([
      [0, false],
      [2, false],
      [2, true],
    ]);
    expect(broker.counters()).toEqual({ published: 3, delivered: 3, dropped: 1 });
  });

  it("withholds an acknowledgement until the connection ends", async () => {
    const broker = createMemoryBroker({ acknowledge: (topic) => topic !== "held" });
    await using a = broker.connector()({ clientId: "a" });
    const seen = watch(a);
    await seen.next("online");
    const held = expect(a.publish("held", payload, qos1)).rejects.toMatchObject({ code: "offline" });
    await a.publish("free", payload, qos1);
    expect(broker.disconnect("a")).toBe(true);
    await held;
    await seen.next("offline");
    await seen.next("online");
    const closed = expect(a.publish("held", payload, qos1)).rejects.toMatchObject({ code: "closed" });
    await a.close();
    await closed;
    expect(broker.disconnect("a")).toBe(false);
  });

  it("drops for a client that is too far behind, and counts it", async () => {
    const broker = createMemoryBroker({ queueLimit: 4, backlogLimit: 6 });
    await using a = broker.connector()({ clientId: "a" });
    const seen = watch(a);
    await seen.next("online");
    await a.subscribe(["x"]);
    for (let i = 0; i < 15; i += 1) a.publish("x", Uint8Array.of(i), qos1).catch(() => {});
    await seen.next("message", (message) => message.payload[0] === 9);
    expect(broker.counters()).toMatchObject({ delivered: 10, dropped: 5 });
  });

  it("drops nothing between a publisher that awaits and a consumer that runs", async () => {
    const broker = createMemoryBroker();
    await using a = broker.connector()({ clientId: "a" });
    await using b = broker.connector()({ clientId: "b" });
    let got = 0;
    const seen = watch(a, async () => {
      for (let turn = 0; turn < 40; turn += 1) await undefined;
      got += 1;
    });
    const other = watch(b);
    await Promise.all([seen.next("online"), other.next("online")]);
    await a.subscribe(["x"]);
    for (let i = 0; i < 5000; i += 1) await b.publish("x", payload, { qos: i % 2 === 0 ? 1 : 0, retain: false });
    await expect.poll(() => got).toBe(5000);
    expect(broker.counters().dropped).toBe(0);
  });

  it("goes away without wills and comes back with what it retained", async () => {
    const broker = createMemoryBroker();
    const will = { topic: "will", payload, ...qos1 };
    await using a = broker.connector()({ clientId: "a", will });
    const seen = watch(a);
    await seen.next("online");
    await a.publish("kept", payload, { qos: 1, retain: true });
    broker.stop();
    expect(broker.clients()).toEqual([]);
    await using late = broker.connector()({ clientId: "late" });
    const seenLate = watch(late);
    await seenLate.next("offline");
    await expect(a.publish("x", payload, qos1)).rejects.toMatchObject({ code: "offline" });
    broker.start();
    await seenLate.next("online");
    expect(broker.clients()).toEqual(["a", "late"]);
    await late.subscribe(["#"]);
    expect(await seenLate.next("message")).toMatchObject({ topic: "kept", retained: true });
    expect(broker.counters().published).toBe(1);
  });

  it("gives the place back when the client that took it closes", async () => {
    const broker = createMemoryBroker();
    await using a = broker.connector()({ clientId: "twin" });
    const seen = watch(a);
    await seen.next("online");
    const b = broker.connector()({ clientId: "twin" });
    await seen.next("offline");
    await b.close();
    await seen.next("online");
  });

  it("waits on its clock before a reconnect", async () => {
    const clock = createVirtualClock();
    const broker = createMemoryBroker({ clock, reconnectAfter: 500 });
    await using a = broker.connector()({ clientId: "a" });
    const seen = watch(a);
    await seen.next("online");
    broker.disconnect("a");
    expect(await seen.next("offline")).toMatchObject({ retryIn: 500 });
    await clock.advance(499);
    expect(a.online).toBe(false);
    await clock.advance(1);
    expect(a.online).toBe(true);
    broker.disconnect("a");
    await a.close();
    expect(clock.sleepers()).toBe(0);
  });

  it("brings a fleet's messages through without a look at every client", async () => {
    const broker = createMemoryBroker();
    const fleet = Array.from({ length: 2000 }, (_, i) => broker.connector()({ clientId: `d${i}` }));
    const seen = fleet.map((transport) => watch(transport));
    await Promise.all(seen.map((each) => each.next("online")));
    await Promise.all(fleet.map((transport, i) => transport.subscribe([`g/d${i}/command/+`, "g/_all/model"])));
    await Promise.all(fleet.map((transport, i) => transport.publish(`g/d${(i + 1) % 2000}/command/x`, payload, qos1)));
    await Promise.all(seen.map((each) => each.next("message")));
    expect(broker.counters()).toEqual({ published: 2000, delivered: 2000, dropped: 0 });
    await Promise.all(fleet.map((transport) => transport.close()));
    expect(broker.clients()).toEqual([]);
  });
});
