import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ConnectOptions, Connector, Transport, TransportMessage } from "../src/transport.ts";
import { type Watch, watch } from "./watch.ts";

/** What the suite needs to know of a transport and the broker behind it. */
export interface TransportHarness {
  readonly connector: Connector;
  /** Cuts every connection, as a broken line does. */
  cut(): void | Promise<void>;
  close(): void | Promise<void>;
}

const qos1 = { qos: 1, retain: false } as const;
const retained = { qos: 1, retain: true } as const;
const bytes = (...values: number[]) => Uint8Array.from(values);

/** Bytes of a PUBLISH of MQTT 3.1.1 at QoS 1 below 128 bytes: header, length, topic, id, payload. */
const publishBytes = (topic: string, payload: number) => 2 + 2 + topic.length + 2 + payload;

/** What every transport must do. Runs on a broker of its own. */
export function describeTransport(name: string, open: () => Promise<TransportHarness>): void {
  describe(`transport: ${name}`, () => {
    let harness: TransportHarness;
    let opened: Transport[] = [];
    let serial = 0;
    beforeAll(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await Promise.all(opened.map((transport) => transport.close()));
      opened = [];
    });
    afterAll(() => harness.close());

    const connect = (options: Partial<ConnectOptions> = {}): Transport => {
      serial += 1;
      const transport = harness.connector({ clientId: `suite-${serial}`, ...options });
      opened.push(transport);
      return transport;
    };
    const online = async (
      options: Partial<ConnectOptions> = {},
      handle?: (message: TransportMessage) => Promise<void>,
    ): Promise<[Transport, Watch]> => {
      const transport = connect(options);
      const seen = watch(transport, handle);
      await seen.next("online");
      return [transport, seen];
    };
    const topic = (rest: string) => `suite/${serial}/${rest}`;

    it("delivers a message as a copy of its own, to itself too", async () => {
      const [a, seen] = await online();
      expect(a.online).toBe(true);
      await a.subscribe([topic("x")]);
      const payload = bytes(0, 255, 1);
      await a.publish(topic("x"), payload, qos1);
      payload.fill(9);
      const message = await seen.next("message");
      expect(message).toEqual({
        type: "message",
        topic: topic("x"),
        payload: bytes(0, 255, 1),
        retained: false,
        duplicate: false,
      });
      expect(message.payload.constructor).toBe(Uint8Array);
    });

    it("delivers at QoS 0 and an empty payload", async () => {
      const [a, seen] = await online();
      await a.subscribe([topic("x")]);
      await a.publish(topic("x"), bytes(), { qos: 0, retain: false });
      expect((await seen.next("message")).payload.length).toBe(0);
    });

    it("keeps a retained message for later subscribers until it is cleared", async () => {
      const [a, seen] = await online();
      const at = topic("kept");
      await a.publish(at, bytes(1), retained);
      await a.publish(at, bytes(2), retained);
      await a.subscribe([at]);
      expect(await seen.next("message")).toMatchObject({ payload: bytes(2), retained: true });
      await a.publish(at, bytes(3), retained);
      expect(await seen.next("message")).toMatchObject({ payload: bytes(3), retained: false });
      await a.publish(at, bytes(), retained);
      await seen.next("message", ({ payload }) => payload.length === 0);
      const [b, late] = await online();
      await b.subscribe([at, topic("mark")]);
      await b.publish(topic("mark"), bytes(), qos1);
      expect((await late.next("message")).topic).toBe(topic("mark"));
    });

    it("matches + and # as MQTT does", async () => {
      const [a, seen] = await online();
      await a.subscribe([topic("+/one"), topic("deep/#")]);
      for (const rest of ["a/one", "a/b/one", "deep", "deep/a/b", "a/two", "b/one"]) {
        await a.publish(topic(rest), bytes(), qos1);
      }
      await seen.next("message", (message) => message.topic === topic("b/one"));
      const got = seen.seen.flatMap((event) => (event.type === "message" ? [event.topic] : []));
      expect(got).toEqual(["a/one", "deep", "deep/a/b", "b/one"].map(topic));
    });

    it("has one consumer of its events", async () => {
      const [a] = await online();
      expect(() => a.events()).toThrow(expect.objectContaining({ code: "option" }));
    });

    it("refuses at once while there is no connection", async () => {
      const a = connect();
      expect(a.online).toBe(false);
      const results = await Promise.allSettled([a.publish(topic("x"), bytes(), qos1), a.subscribe([topic("x")])]);
      expect(results).toMatchObject([{ reason: { code: "offline" } }, { reason: { code: "offline" } }]);
      await watch(a).next("online");
    });

    it("refuses what is no topic and no filter", async () => {
      const [a] = await online();
      for (const bad of ["", "a/+", "a/#", "nul\0"]) {
        await expect(a.publish(bad, bytes(), qos1)).rejects.toMatchObject({ code: "option" });
      }
      for (const bad of ["", "a/#/b", "a+/b", "a/b#"]) {
        await expect(a.subscribe([bad])).rejects.toMatchObject({ code: "option" });
      }
      await expect(a.subscribe([])).rejects.toMatchObject({ code: "option" });
    });

    it("publishes the will when the line breaks, then connects again without its subscriptions", async () => {
      const will = { topic: topic("will"), payload: bytes(7), ...retained };
      const [a, seenA] = await online({ will });
      await a.subscribe([topic("x")]);
      await harness.cut();
      await seenA.next("offline");
      await seenA.next("online");
      await a.publish(topic("x"), bytes(1), qos1);
      await a.subscribe([will.topic]);
      const [first] = [await seenA.next("message")];
      expect(first).toMatchObject({ topic: will.topic, payload: bytes(7), retained: true });
      expect(seenA.seen.filter(({ type }) => type === "message")).toHaveLength(1);
    });

    it("closes cleanly: no will, the events end, and again is fine", async () => {
      const [a, seenA] = await online();
      const will = { topic: topic("will"), payload: bytes(7), ...qos1 };
      await a.subscribe([topic("#")]);
      const [b, seenB] = await online({ will });
      await b.publish(topic("last"), bytes(), qos1);
      await Promise.all([b.close(), b.close()]);
      await b[Symbol.asyncDispose]();
      await seenB.ended;
      expect(b.online).toBe(false);
      await expect(b.publish(topic("x"), bytes(), qos1)).rejects.toMatchObject({ code: "closed" });
      await a.subscribe([will.topic]);
      await a.publish(will.topic, bytes(1), qos1);
      expect(await seenA.next("message", (message) => message.topic === will.topic)).toMatchObject({
        payload: bytes(1),
      });
    });

    it("closes before it has connected", async () => {
      const a = connect();
      const seen = watch(a);
      await a.close();
      await seen.ended;
    });

    it("lets a second connection under the same id take the first one's place", async () => {
      const [a, seenA] = await online({ clientId: "twin" });
      const b = connect({ clientId: "twin" });
      await watch(b).next("online");
      await seenA.next("offline");
      await a.close();
    });

    it("settles many publishes at once and keeps their order", async () => {
      const [a, seen] = await online();
      await a.subscribe([topic("x")]);
      const all = Array.from({ length: 300 }, (_, i) => a.publish(topic("x"), bytes(i >> 8, i & 255), qos1));
      await Promise.all(all);
      await seen.next("message", ({ payload }) => payload[0] === 1 && payload[1] === 43);
      const got = seen.seen.flatMap((event) => (event.type === "message" ? [event.payload] : []));
      expect(got).toEqual(Array.from({ length: 300 }, (_, i) => bytes(i >> 8, i & 255)));
    });

    it("loses nothing to a consumer that is far behind", async () => {
      const [a] = await online();
      const [b, seen] = await online();
      const at = topic("x");
      await b.subscribe([at]);
      seen.pause(true);
      for (let i = 0; i < 1200; i += 1) await a.publish(at, bytes(i >> 8, i & 255), qos1);
      seen.pause(false);
      await seen.next("message", ({ payload }) => payload[0] === 4 && payload[1] === 175);
      expect(seen.seen.filter(({ type }) => type === "message")).toHaveLength(1200);
    });

    it("lets a consumer await publishes of its own while messages pile up", async () => {
      const [a] = await online();
      const at = topic("in");
      const out = topic("out");
      const b = connect();
      const seen = watch(b, async ({ payload }) => b.publish(out, payload, qos1));
      await seen.next("online");
      await b.subscribe([at]);
      seen.pause(true);
      for (let i = 0; i < 800; i += 1) await a.publish(at, bytes(i >> 8, i & 255), qos1);
      seen.pause(false);
      await seen.next("message", ({ payload }) => payload[0] === 3 && payload[1] === 31);
    });

    it("counts messages, payload and the bytes of the packets", async () => {
      const a = connect();
      const seen = watch(a);
      const { protocol } = await seen.next("online");
      const before = a.traffic();
      expect(before.sent.messages).toBe(0);
      expect(before.sent.bytes).toBeGreaterThan(14);
      const at = topic("count");
      await a.publish(at, new Uint8Array(40), qos1);
      const { sent, received } = a.traffic();
      const alias = sent.bytes - before.sent.bytes - publishBytes(at, 40);
      if (protocol === "mqtt-5") expect([1, 4]).toContain(alias);
      else expect(alias).toBe(0);
      // a PUBACK of MQTT 5 has a reason where nobody has subscribed
      expect(protocol === "mqtt-5" ? [4, 5, 6] : [4]).toContain(received.bytes - before.received.bytes);
      expect(sent).toMatchObject({ messages: 1, payload: 40 });
      await a.subscribe([at]);
      await a.publish(at, new Uint8Array(5), qos1);
      await seen.next("message");
      expect(a.traffic().received).toMatchObject({ messages: 1, payload: 5 });
    });
  });
}
