import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Aedes, type AedesOptions } from "aedes";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type MqttOptions, mqtt } from "../../src/mqtt/index.ts";
import type { ConnectOptions, Transport } from "../../src/transport.ts";
import {
  hasOpenssl,
  makeCertificates,
  mosquittoProgram,
  type Relay,
  startAedes,
  startMosquitto,
  startRelay,
} from "../brokers.ts";
import { type Watch, watch } from "../watch.ts";

const qos1 = { qos: 1, retain: false } as const;
const quick = { base: 20, cap: 100 };
const cleanups: (() => unknown)[] = [];
let serial = 0;

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function open(url: string, options: Partial<MqttOptions> = {}, connect: Partial<ConnectOptions> = {}) {
  serial += 1;
  const transport = mqtt({ url, backoff: quick, ...options })({ clientId: `connection-${serial}`, ...connect });
  cleanups.push(() => transport.close());
  return [transport, watch(transport)] as const;
}

async function serve(handle: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function aedes(options: AedesOptions = {}): Promise<string> {
  const broker = await startAedes(undefined, options);
  cleanups.push(broker.close);
  return `mqtt://127.0.0.1:${broker.tcp}`;
}

describe("a connection that breaks", () => {
  let relay: Relay;
  let transport: Transport;
  let seen: Watch;
  beforeEach(async () => {
    const broker = await startAedes();
    relay = await startRelay(broker.tcp);
    cleanups.push(broker.close, relay.close);
    [transport, seen] = open(`mqtt://127.0.0.1:${relay.port}`, { ackTimeout: 300 });
    await seen.next("online");
  });

  it("rejects publishes and subscriptions that were not acknowledged", async () => {
    relay.freeze(true);
    const results = Promise.allSettled([
      transport.publish("a", new Uint8Array(3), qos1),
      transport.publish("b", new Uint8Array(3), qos1),
      transport.subscribe(["c"]),
    ]);
    relay.cut();
    expect(await results).toMatchObject([1, 2, 3].map(() => ({ reason: { code: "offline" } })));
    relay.freeze(false);
    await seen.next("offline");
    await seen.next("online");
    await transport.publish("a", new Uint8Array(3), qos1);
  });

  it("rejects a publish that the broker leaves unanswered, and goes on", async () => {
    relay.freeze(true);
    await expect(transport.publish("a", new Uint8Array(3), qos1)).rejects.toMatchObject({ code: "timeout" });
    relay.freeze(false);
    await transport.publish("a", new Uint8Array(3), qos1);
  });

  it("tries until the broker is back, within the bounds of the backoff", async () => {
    await relay.stop();
    const waits = [await seen.next("offline"), await seen.next("offline"), await seen.next("offline")];
    for (const { retryIn } of waits) expect(retryIn).toBeLessThan(quick.cap);
    expect(waits[2]).toMatchObject({ code: "offline", reason: expect.stringContaining("ECONNREFUSED") });
    expect(transport.online).toBe(false);
    await relay.start();
    await seen.next("online");
  });

  it("stops reading while its consumer stands still", async () => {
    await transport.subscribe(["flood"]);
    seen.pause(true);
    const [sender, seenSender] = open(`mqtt://127.0.0.1:${relay.port}`);
    await seenSender.next("online");
    for (let i = 0; i < 1000; i += 1) await sender.publish("flood", new Uint8Array(8), qos1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(transport.traffic().received.messages).toBeLessThan(300);
    seen.pause(false);
    await expect.poll(() => transport.traffic().received.messages).toBe(1000);
  });

  it("notices a line that has gone dead", async () => {
    const [, seenB] = open(`mqtt://127.0.0.1:${relay.port}`, { keepalive: 1 });
    await seenB.next("online");
    relay.freeze(true);
    expect(await seenB.next("offline")).toMatchObject({ code: "timeout" });
    relay.freeze(false);
    await seenB.next("online");
  });

  it("closes with a publish in flight: within the grace, with a DISCONNECT, and leaves no socket behind", async () => {
    const will = { topic: "will", payload: Uint8Array.of(1), ...qos1 };
    const [b, seenB] = open(`mqtt://127.0.0.1:${relay.port}`, {}, { will });
    await seenB.next("online");
    await transport.subscribe(["will", "done"]);
    relay.freeze(true);
    const result = expect(b.publish("x", new Uint8Array(1), qos1)).rejects.toMatchObject({ code: "closed" });
    const begun = performance.now();
    await b.close({ grace: 50 });
    expect(performance.now() - begun).toBeLessThan(1500);
    await result;
    relay.freeze(false);
    await seenB.ended;
    const late = transport.publish("done", new Uint8Array(1), qos1);
    await late.catch(() => transport.publish("done", new Uint8Array(1), qos1));
    expect((await seen.next("message")).topic).toBe("done");
    await transport.close();
    await expect.poll(relay.connections).toBe(0);
  });

  it("closes at once while it waits for the next attempt", async () => {
    const [far, seenFar] = open("mqtt://127.0.0.1:1", { backoff: { base: 3_600_000, cap: 3_600_000 } });
    await seenFar.next("offline");
    const begun = performance.now();
    await far.close();
    await seenFar.ended;
    expect(performance.now() - begun).toBeLessThan(500);
  });
});

describe("a broker that", () => {
  it("does not accept the credentials is code auth", async () => {
    const url = await aedes({
      authenticate: (_client, user, password, done) => done(null, user === "ada" && password?.toString() === "p:w"),
    });
    const [, seen] = open(url, { username: "ada", password: "wrong" });
    expect(await seen.next("offline")).toMatchObject({ code: "auth" });
    await open(url.replace("//", "//ada:p%3Aw@"))[1].next("online");
    await open(url, { username: "ada", password: new TextEncoder().encode("p:w") })[1].next("online");
  });

  it("refuses a subscription is code refused", async () => {
    const url = await aedes({
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, subscription.topic === "secret" ? null : subscription),
    });
    const [transport, seen] = open(url);
    await seen.next("online");
    await expect(transport.subscribe(["open", "secret"])).rejects.toMatchObject({ code: "refused", reasonCode: 128 });
    await transport.subscribe(["open"]);
  });

  it("hangs up on MQTT 5 without a word gets 3.1.1", async () => {
    const broker = await Aedes.createBroker();
    cleanups.push(() => new Promise<void>((resolve) => broker.close(() => resolve())));
    const levels: number[] = [];
    const url = await serve((socket) => {
      socket.once("data", (data) => {
        const level = data[8] ?? 0; // after the header, the length and the name MQTT
        levels.push(level);
        if (level === 5) {
          socket.destroy();
          return;
        }
        socket.unshift(data);
        broker.handle(socket);
      });
    });
    const [, seen] = open(url);
    expect(await seen.next("online")).toMatchObject({ protocol: "mqtt-3.1.1" });
    expect(levels).toEqual([5, 4]);
  });

  it("refuses MQTT 5 is asked for 3.1.1 at once, and for that first from then on", async () => {
    const broker = await Aedes.createBroker();
    cleanups.push(() => new Promise<void>((resolve) => broker.close(() => resolve())));
    const levels: number[] = [];
    const sockets: Socket[] = [];
    const url = await serve((socket) => {
      sockets.push(socket);
      socket.once("data", (data) => {
        levels.push(data[8] ?? 0);
        socket.unshift(data);
        broker.handle(socket);
      });
    });
    const [, seen] = open(url);
    await seen.next("online");
    expect(seen.seen.map(({ type }) => type)).toEqual(["online"]);
    for (const socket of sockets) socket.destroy();
    await seen.next("offline");
    await seen.next("online");
    expect(levels).toEqual([5, 4, 4]);
  });

  it("refuses the only version that is allowed is code refused", async () => {
    const [, seen] = open(await aedes(), { protocol: "5" });
    expect(await seen.next("offline")).toMatchObject({ code: "refused" });
  });

  it("never answers is code timeout", async () => {
    const [, seen] = open(await serve(() => {}), { connectTimeout: 100 });
    expect(await seen.next("offline")).toMatchObject({ code: "timeout" });
    await seen.next("offline");
  });

  it("talks nonsense is no more than offline", async () => {
    const url = await serve((socket) => socket.write(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")));
    const [, seen] = open(url);
    await seen.next("offline");
    await seen.next("offline");
  });
});

describe.skipIf(!hasOpenssl)("TLS (needs openssl)", () => {
  const brokers = mosquittoProgram === undefined ? ["aedes"] : ["aedes", "mosquitto"];
  it.each(brokers)("verifies the broker: %s", async (name) => {
    const certificates = makeCertificates();
    cleanups.push(certificates.remove);
    const broker = await (name === "aedes" ? startAedes(certificates) : startMosquitto(certificates));
    cleanups.push(broker.close);
    const { ca, strangerCa } = certificates;
    const url = `mqtts://localhost:${broker.tls}`;
    const [good, seen] = open(url, { tls: { ca } });
    await seen.next("online");
    await good.publish("a", new Uint8Array(40), qos1);
    expect(good.traffic().sent.bytes).toBeLessThan(120); // MQTT only: a handshake alone would be several times that
    await open(`mqtts://127.0.0.1:${broker.tls}`, { tls: { ca: new TextEncoder().encode(ca) } })[1].next("online");
    const wrong: readonly MqttOptions["tls"][] = [undefined, { ca: strangerCa }, { ca, servername: "elsewhere" }];
    for (const tls of wrong) {
      const [, bad] = open(url, tls === undefined ? {} : { tls });
      expect(await bad.next("offline")).toMatchObject({ code: "tls" });
    }
    if (broker.wss !== undefined) {
      const wss = `wss://localhost:${broker.wss}`;
      await open(wss, { tls: { ca } })[1].next("online");
      expect(await open(wss, { tls: { ca: strangerCa } })[1].next("offline")).toMatchObject({ code: "tls" });
    }
  });
});

describe.skipIf(mosquittoProgram === undefined)("mosquitto (needs the program)", () => {
  it("refuses a publish in MQTT 5 with a reason", async () => {
    const certificates = hasOpenssl ? makeCertificates() : undefined;
    if (certificates === undefined) return;
    cleanups.push(certificates.remove);
    const acl = join(certificates.folder, "acl");
    writeFileSync(acl, "topic readwrite open/#\n", { mode: 0o600 });
    const broker = await startMosquitto(undefined, [`acl_file ${acl}`]);
    cleanups.push(broker.close);
    const [transport, seen] = open(`mqtt://127.0.0.1:${broker.tcp}`);
    expect(await seen.next("online")).toMatchObject({ protocol: "mqtt-5" });
    await transport.publish("open/a", new Uint8Array(1), qos1);
    await expect(transport.publish("shut", new Uint8Array(1), qos1)).rejects.toMatchObject({
      code: "auth",
      reasonCode: 135,
    });
  });

  it("does not get more than it says it can take", async () => {
    const broker = await startMosquitto(undefined, ["max_inflight_messages 3", "max_packet_size 2000"]);
    cleanups.push(broker.close);
    const [transport, seen] = open(`mqtt://127.0.0.1:${broker.tcp}`);
    await seen.next("online");
    await transport.subscribe(["a"]);
    await Promise.all(Array.from({ length: 200 }, () => transport.publish("a", new Uint8Array(9), qos1)));
    await expect(transport.publish("a", new Uint8Array(2000), qos1)).rejects.toMatchObject({ code: "refused" });
    expect(transport.online).toBe(true);
  });

  it("gives aliases that make later messages shorter", async () => {
    const broker = await startMosquitto();
    cleanups.push(broker.close);
    const topic = "zipml/1/greenhouse/sensor-0001/data";
    const cost = async (topicAlias: boolean) => {
      const [transport, seen] = open(`mqtt://127.0.0.1:${broker.tcp}`, { topicAlias });
      await seen.next("online");
      await transport.publish(topic, new Uint8Array(10), qos1);
      const before = transport.traffic().sent.bytes;
      await transport.publish(topic, new Uint8Array(10), qos1);
      return transport.traffic().sent.bytes - before;
    };
    expect([await cost(true), await cost(false)]).toEqual([20, 17 + topic.length]);
  });
});
