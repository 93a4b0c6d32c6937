import { createTopics } from "@zipml/protocol";
import { type MqttOptions, mqtt } from "@zipml/protocol/mqtt";
import { beforeAll, describe, expect, it } from "vitest";
import { issueCertificate, type KeyPair, makeAuthority } from "../../../cli/src/enroll/certificates.ts";
import { watch } from "../../../protocol/test/watch.ts";
import { type EmbeddedBroker, startBroker } from "../../src/broker/broker.ts";
import { hashPassword } from "../../src/broker/password.ts";
import { dial, join, publishPacket } from "./raw.ts";

const hour = 3_600_000;
const now = Date.now();
const valid = { from: new Date(now - hour), to: new Date(now + hour) };
const past = { from: new Date(now - 2 * hour), to: new Date(now - hour) };
const topics = createTopics();

let authority: KeyPair;
let stranger: KeyPair;
let server: KeyPair;
beforeAll(async () => {
  authority = await makeAuthority("authority", valid);
  stranger = await makeAuthority("authority", valid); // of the same name
  server = await serverOf(authority);
});

const serverOf = (by: KeyPair) =>
  issueCertificate(by, "localhost", { kind: "server", hosts: ["localhost", "127.0.0.1"] }, valid);
const clientOf = (name: string, by = authority, when = valid) => issueCertificate(by, name, { kind: "client" }, when);
const start = (options: Parameters<typeof startBroker>[0] = {}) =>
  startBroker({ port: 0, websocketPort: 0, tls: { ...server, ca: authority.cert }, ...options });
const dialAs = async (broker: EmbeddedBroker, name: string, pair?: KeyPair) =>
  dial(broker.url, { ca: authority.cert, ...(pair ?? (await clientOf(name))) });

async function comesOnline(url: string, clientId: string, tls: NonNullable<MqttOptions["tls"]>): Promise<boolean> {
  await using transport = mqtt({ url, protocol: "3.1.1", tls })({ clientId });
  const seen = watch(transport);
  return await Promise.race([seen.next("online").then(() => true), seen.next("offline").then(() => false)]).catch(
    () => false,
  );
}

describe("identities by certificate", () => {
  it("let a device in under its own client id, over TLS and over WebSocket, to its own topics", async () => {
    await using broker = await start();
    const pair = await clientOf("field.a");
    const tls = { ca: authority.cert, ...pair };
    expect(await comesOnline(broker.url, "field.a", tls)).toBe(true);
    expect(await comesOnline(broker.websocketUrl ?? "", "field.a", tls)).toBe(true);
    const a = await dialAs(broker, "field.a", pair);
    expect(await join(a, { clientId: "field.a" })).toBe(0);
    a.send(publishPacket(topics.build({ kind: "data", group: "field", device: "a" }), Uint8Array.of(1), { id: 1 }));
    expect([...(await a.bytes(8)).subarray(4)]).toEqual([0x40, 2, 0, 1]);
    a.send(publishPacket(topics.build({ kind: "data", group: "field", device: "b" }), Uint8Array.of(1), { id: 2 }));
    await a.closed();
    expect(broker.status()).toMatchObject({ accepted: 3, messages: 1, refused: { publish: 1, tls: 0 } });
  });

  it("refuse no certificate, a stranger's, an expired one, a server's and plain bytes, and serve others meanwhile", async () => {
    await using broker = await start();
    const honest = await dialAs(broker, "field.honest");
    expect(await join(honest, { clientId: "field.honest" })).toBe(0);
    const wrong = [
      dial(broker.url, { ca: authority.cert }),
      await dialAs(broker, "", await clientOf("field.a", stranger)),
      await dialAs(broker, "", await clientOf("field.a", authority, past)),
      await dialAs(broker, "", await serverOf(authority)),
      dial(broker.url),
      dial(broker.websocketUrl ?? ""),
    ];
    for (const client of wrong) expect(await join(client, { clientId: "field.a" })).toBeUndefined();
    expect(broker.status()).toMatchObject({
      accepted: 1,
      clients: 1,
      connections: 1,
      refused: { tls: 6, malformed: 0 },
    });
    honest.send(Buffer.of(0xc0, 0));
    expect([...(await honest.bytes(6)).subarray(4)]).toEqual([0xd0, 0]);
  });

  it("refuse another's client id, and a certificate that names nobody", async () => {
    await using broker = await start();
    expect(await join(await dialAs(broker, "field.a"), { clientId: "field.b" })).toBe(2);
    expect(await join(await dialAs(broker, "localhost"), { clientId: "localhost" })).toBe(5);
    expect(await join(await dialAs(broker, "field.a.b"), { clientId: "field.a.b" })).toBe(5);
    expect(broker.status()).toMatchObject({ accepted: 0, refused: { "client-id": 1, credentials: 2 } });
  });

  it("stand beside users: a client without a certificate needs a password, one with a wrong certificate is refused", async () => {
    const users = [{ name: "_operator.anna", passwordHash: await hashPassword("a password of anna", { logCost: 10 }) }];
    await using broker = await start({ users });
    const anna = { clientId: "x", username: "_operator.anna", password: "a password of anna" };
    expect(await join(dial(broker.url, { ca: authority.cert }), anna)).toBe(0);
    expect(await join(dial(broker.url, { ca: authority.cert }), { clientId: "field.a" })).toBe(5);
    expect(await join(await dialAs(broker, "field.a"), { clientId: "field.a" })).toBe(0);
    const forged = await dialAs(broker, "", await clientOf("field.a", stranger));
    expect(await join(forged, anna)).toBeUndefined();
    expect(broker.status()).toMatchObject({ accepted: 2, refused: { tls: 1, credentials: 1 } });
  });

  it("change without a restart: old connections stay, new ones meet the new certificates", async () => {
    await using broker = await start();
    const pair = await clientOf("field.a");
    const before = await dialAs(broker, "field.a", pair);
    expect(await join(before, { clientId: "field.a" })).toBe(0);
    broker.reload({ tls: { ...(await serverOf(stranger)), ca: stranger.cert } });
    expect(await comesOnline(broker.url, "field.a", { ca: authority.cert, ...pair })).toBe(false);
    const fresh = { ca: stranger.cert, ...(await clientOf("field.b", stranger)) };
    expect(await comesOnline(broker.url, "field.b", fresh)).toBe(true);
    expect(await comesOnline(broker.websocketUrl ?? "", "field.b", fresh)).toBe(true);
    expect(before.socket.destroyed).toBe(false);
    const bad = { cert: "no", key: "no", ca: "no" };
    expect(() => broker.reload({ tls: bad })).toThrow(expect.objectContaining({ code: "options" }));
    expect(() => broker.reload({ tls: server })).toThrow(expect.objectContaining({ code: "options" }));
    expect(await comesOnline(broker.url, "field.b", fresh)).toBe(true);
  });
});
