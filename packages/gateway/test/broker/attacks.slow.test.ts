import { createServer } from "node:net";
import { createTopics } from "@zipml/protocol";
import { mqtt } from "@zipml/protocol/mqtt";
import { Aedes } from "aedes";
import { describe, expect, it } from "vitest";
import { watch } from "../../../protocol/test/watch.ts";
import { hashPassword } from "../../src/broker/password.ts";
import { connectPacket, dial, join, lengthBytes, publishPacket, subscribePacket } from "./raw.ts";
import { closeLater, refused, serves, start } from "./support.ts";

const topics = createTopics();
const password = "a password of a";
const usersOf = async () => [
  { name: "field.a", passwordHash: await hashPassword(password, { logCost: 10 }) },
  { name: "field.b", passwordHash: await hashPassword("a password of b", { logCost: 10 }) },
  { name: "_gateway.field.north", passwordHash: await hashPassword("a password of north", { logCost: 10 }) },
  { name: "_operator.anna", passwordHash: await hashPassword("a password of anna", { logCost: 10 }) },
];
const asA = { clientId: "field.a", username: "field.a", password };
const asAnna = { clientId: "any", username: "_operator.anna", password: "a password of anna" };

const megabyte = 1024 * 1024;

/** Sends until it is told to stop, at most so many bytes; resolves with what went out. */
async function pour(client: ReturnType<typeof dial>, most: number): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024, 65);
  let sent = 0;
  while (sent < most && !client.socket.destroyed) {
    sent += chunk.length;
    if (!client.socket.write(chunk))
      await new Promise<void>((resolve) => {
        client.socket.once("drain", resolve);
        client.socket.once("close", () => resolve());
      });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sent;
}

describe("bytes against the broker", () => {
  const announced = Buffer.concat([Buffer.of(0x10), lengthBytes(2 ** 28 - 1)]);

  it("a CONNECT that announces 256 MB is closed at its header: memory stays", async () => {
    const broker = await start();
    const before = process.memoryUsage.rss();
    const sent = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = dial(broker.url);
        client.send(announced);
        const bytes = await pour(client, 64 * megabyte);
        await client.closed();
        return bytes;
      }),
    );
    const grown = (process.memoryUsage.rss() - before) / megabyte;
    console.log(
      `CONNECT of 256 MB, 8 times: rss grew by ${grown.toFixed(1)} MB, sent at most ${Math.max(...sent)} bytes`,
    );
    expect(grown).toBeLessThan(32);
    expect(Math.max(...sent)).toBeLessThan(8 * megabyte);
    expect(refused(broker, "oversized")).toBe(8);
    await serves(broker);
  });

  it("control: the same bytes grow a broker without the guard", async () => {
    const bare = await Aedes.createBroker();
    const server = createServer(bare.handle);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const before = process.memoryUsage();
    const client = dial(`mqtt://127.0.0.1:${port}`);
    client.send(announced);
    const sent = await pour(client, 32 * megabyte);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const grown = (process.memoryUsage().arrayBuffers - before.arrayBuffers) / megabyte;
    expect(sent).toBe(32 * megabyte);
    expect(grown).toBeGreaterThan(24);
    client.socket.destroy();
    await new Promise<void>((resolve) => bare.close(() => resolve()));
    await new Promise((resolve) => server.close(resolve));
  });

  it("a slow CONNECT, and none at all, are closed in time", async () => {
    const broker = await start({ limits: { connectTimeout: 300 }, websocketPort: 0 });
    const slow = dial(broker.url);
    const bytes = connectPacket(asA);
    const began = performance.now();
    const drip = setInterval(() => slow.send(bytes.subarray(0, 1)), 50);
    const silent = [dial(broker.url), dial(broker.websocketUrl ?? "")];
    silent[1]?.send(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n"));
    await Promise.all([slow, ...silent].map((client) => client.closed()));
    clearInterval(drip);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(refused(broker, "late") + refused(broker, "malformed")).toBe(3);
    expect(refused(broker, "late")).toBeGreaterThanOrEqual(2);
    await serves(broker);
    expect(broker.status().connections).toBe(0);
  });

  it("bytes that are not MQTT are closed and counted", async () => {
    const broker = await start({ websocketPort: 0 });
    const clients = [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.alloc(5000, 255), Buffer.from([0x30, 0, 0])].map(
      (bytes) => {
        const client = dial(broker.url);
        client.send(bytes);
        return client;
      },
    );
    const web = dial(broker.websocketUrl ?? "");
    web.send(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    await Promise.all([...clients, web].map((client) => client.closed()));
    expect(web.received().toString()).toMatch(/^HTTP\/1.1 426/);
    expect(refused(broker, "malformed")).toBe(4);
    await serves(broker);
  });

  it("what follows CONNECT waits until the connection is accepted, and is then served", async () => {
    const broker = await start({ users: await usersOf() });
    const client = dial(broker.url);
    const topic = topics.build({ kind: "health", group: "field", device: "a" });
    client.send(Buffer.concat([connectPacket(asA), publishPacket(topic, Buffer.alloc(20_000), { id: 1 })]));
    expect([...(await client.bytes(8)).subarray(4)]).toEqual([0x40, 2, 0, 1]);
    client.socket.destroy();
    const stranger = dial(broker.url);
    stranger.send(Buffer.concat([connectPacket({ clientId: "x" }), publishPacket("field/x", Buffer.alloc(20_000))]));
    await stranger.closed();
    expect(broker.status()).toMatchObject({ messages: 1, accepted: 1 });
  });

  it("a packet that announces more than a payload may have is closed before its bytes; just below, it is served", async () => {
    const broker = await start({ limits: { payload: 1000 } });
    const client = dial(broker.url);
    expect(await join(client, { clientId: "a" })).toBe(0);
    client.send(publishPacket("t", new Uint8Array(1000), { id: 1 }));
    await client.bytes(8);
    client.send(Buffer.concat([Buffer.of(0x30), lengthBytes(2100)]));
    await client.closed();
    expect(broker.status()).toMatchObject({ messages: 1, refused: { oversized: 1 } });
  });

  it("a WebSocket message beyond the bound is closed, before and after CONNECT", async () => {
    const broker = await start({ websocketPort: 0, limits: { payload: 50_000 } });
    const upgrade =
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
    const frame = (length: number) => {
      const header = Buffer.alloc(14);
      header.set([0x82, 0xff]);
      header.writeBigUInt64BE(BigInt(length), 2);
      return header;
    };
    const huge = dial(broker.websocketUrl ?? "");
    huge.send(Buffer.from(upgrade));
    await huge.bytes(20);
    huge.send(frame(2 ** 30));
    await huge.closed();
    const much = dial(broker.websocketUrl ?? "");
    much.send(Buffer.from(upgrade));
    await much.bytes(20);
    much.send(Buffer.concat([frame(49_000), Buffer.alloc(40_000)]));
    await much.closed();
    expect(refused(broker, "oversized")).toBe(2);
    const honest = mqtt({ url: broker.websocketUrl ?? "", protocol: "3.1.1" })({ clientId: "honest" });
    closeLater(honest);
    await watch(honest).next("online");
  });
});

describe("clients against each other", () => {
  it("a wrong password, an unknown name and no name are refused alike, and counted", async () => {
    const broker = await start({ users: await usersOf() });
    const cases = [
      { ...asA, password: "another password" },
      { ...asA, username: "field.c", clientId: "field.c" },
      { clientId: "field.a" },
      { clientId: "field.a", username: "field.a" },
    ];
    for (const fields of cases) {
      const client = dial(broker.url);
      expect(await join(client, fields)).toBe(5);
      await client.closed();
    }
    expect(refused(broker, "credentials")).toBe(4);
    expect(broker.status().accepted).toBe(0);
    const right = dial(broker.url);
    expect(await join(right, asA)).toBe(0);
  });

  it("a client id of somebody else is refused: nobody's session is taken over", async () => {
    const broker = await start({ users: await usersOf() });
    const a = dial(broker.url);
    expect(await join(a, asA)).toBe(0);
    const forger = dial(broker.url);
    expect(await join(forger, { clientId: "field.a", username: "field.b", password: "a password of b" })).toBe(2);
    const reader = dial(broker.url);
    expect(await join(reader, { ...asAnna, clientId: "field.a" })).toBe(0); // under a name of its own
    a.send(publishPacket(topics.build({ kind: "data", group: "field", device: "a" }), Uint8Array.of(1), { id: 9 }));
    expect([...(await a.bytes(8)).subarray(4)]).toEqual([0x40, 2, 0, 9]);
    expect(refused(broker, "client-id")).toBe(1);
    expect(broker.status().clients).toBe(2);
  });

  it("the connection within the process is not to be taken over, even where nobody is known", async () => {
    const broker = await start();
    const inside = mqtt({ url: "mqtt://inside", open: broker.connect, protocol: "3.1.1" })({
      clientId: "_gateway.f.f",
    });
    const seen = watch(inside);
    await seen.next("online");
    expect(await join(dial(broker.url), { clientId: "_gateway.f.f" })).toBe(2);
    expect(inside.online).toBe(true);
    await inside.close();
  });

  it("another's topic, a foreign will and a retained frame are refused; others hear nothing of it", async () => {
    const broker = await start({ users: await usersOf() });
    const reader = dial(broker.url);
    expect(await join(reader, asAnna)).toBe(0);
    reader.send(subscribePacket(1, topics.everythingFilter()));
    await reader.bytes(9);
    const foreign = topics.build({ kind: "data", group: "field", device: "b" });
    for (const bytes of [
      publishPacket(foreign, Uint8Array.of(1), { id: 1 }),
      publishPacket(topics.build({ kind: "desired", audience: "all", group: "field" }), Uint8Array.of(1), {
        retain: true,
      }),
      publishPacket(topics.build({ kind: "data", group: "field", device: "a" }), Uint8Array.of(1), { retain: true }),
      publishPacket("$SYS/x", Uint8Array.of(1)),
    ]) {
      const client = dial(broker.url);
      expect(await join(client, asA)).toBe(0);
      client.send(bytes);
      await client.closed();
      expect(client.received()).toHaveLength(4); // no PUBACK
    }
    const willing = dial(broker.url);
    expect(await join(willing, { ...asA, will: { topic: foreign, payload: Uint8Array.of(1) } })).toBe(5);
    expect(broker.status()).toMatchObject({ messages: 0, retained: 0, refused: { publish: 5 } });
    expect(reader.received()).toHaveLength(9);
    await serves(broker);
  });

  it("filters beyond its own get a negative SUBACK, and nothing is stored for them, in a session that stays either", async () => {
    const broker = await start({ users: await usersOf() });
    const own = topics.build({ kind: "desired", audience: "all", group: "field" });
    const greedy = dial(broker.url);
    expect(await join(greedy, { ...asA, clean: false })).toBe(0);
    greedy.send(subscribePacket(1, own, "#", "zipml/1/#", "zipml/1/field/b/desired", "$SYS/#"));
    expect([...(await greedy.bytes(13)).subarray(4)]).toEqual([0x90, 7, 0, 1, 1, 128, 128, 128, 128]);
    expect(refused(broker, "subscribe")).toBe(4);
    greedy.socket.destroy();
    const b = dial(broker.url);
    expect(await join(b, { clientId: "field.b", username: "field.b", password: "a password of b" })).toBe(0);
    b.send(publishPacket(topics.build({ kind: "data", group: "field", device: "b" }), Uint8Array.of(7), { id: 1 }));
    await b.bytes(8);
    const again = dial(broker.url);
    expect(await join(again, { ...asA, clean: false })).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(again.received()).toHaveLength(4);
  });

  it("an operator reads everything and writes nothing; a gateway works in its group", async () => {
    const broker = await start({ users: await usersOf() });
    const north = dial(broker.url);
    const asNorth = {
      clientId: "_gateway.field.north",
      username: "_gateway.field.north",
      password: "a password of north",
    };
    expect(await join(north, asNorth)).toBe(0);
    north.send(
      publishPacket(topics.build({ kind: "desired", audience: "all", group: "field" }), Uint8Array.of(1), {
        retain: true,
        id: 1,
      }),
    );
    expect([...(await north.bytes(8)).subarray(4)]).toEqual([0x40, 2, 0, 1]);
    north.send(
      publishPacket(topics.build({ kind: "desired", audience: "all", group: "other" }), Uint8Array.of(1), { id: 2 }),
    );
    await north.closed();
    const anna = dial(broker.url);
    expect(await join(anna, asAnna)).toBe(0);
    anna.send(publishPacket(topics.build({ kind: "desired", audience: "all", group: "field" }), Uint8Array.of(1)));
    await anna.closed();
    expect(broker.status()).toMatchObject({ retained: 1, refused: { publish: 2 } });
  });

  it("nothing that is refused shows a password or a hash", async () => {
    const broker = await start({ users: await usersOf() });
    await join(dial(broker.url), { ...asA, password: "a wrong secret" });
    expect(JSON.stringify(broker.status())).not.toMatch(/secret|scrypt|password/);
  });

  it("users can change while it runs: those who lost their place are closed, the others stay", async () => {
    const users = await usersOf();
    const broker = await start({ users });
    const a = dial(broker.url);
    const anna = dial(broker.url);
    expect([await join(a, asA), await join(anna, asAnna)]).toEqual([0, 0]);
    broker.reload({ users: users.filter(({ name }) => name !== "field.a") });
    await a.closed();
    expect(await join(dial(broker.url), asA)).toBe(5);
    expect(anna.socket.destroyed).toBe(false);
    expect(() => broker.reload({ users: [{ name: "nobody", passwordHash: "" }] })).toThrow(
      expect.objectContaining({ code: "options" }),
    );
    expect(() => broker.reload({ tls: { cert: "", key: "" } })).toThrow(expect.objectContaining({ code: "options" }));
    expect(anna.socket.destroyed).toBe(false);
  });
});
