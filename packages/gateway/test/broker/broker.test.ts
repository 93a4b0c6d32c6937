import { once } from "node:events";
import { createServer } from "node:net";
import { type MqttOptions, mqtt } from "@zipml/protocol/mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Certificates, hasOpenssl, makeCertificates } from "../../../protocol/test/brokers.ts";
import { watch } from "../../../protocol/test/watch.ts";
import { startBroker } from "../../src/broker/broker.ts";

/** Publishes to itself over a connection and returns what came. */
async function echo(url: string, options: Partial<MqttOptions> = {}): Promise<number> {
  await using transport = mqtt({ url, protocol: "3.1.1", ...options })({ clientId: "echo" });
  const seen = watch(transport);
  await seen.next("online");
  await transport.subscribe(["x"]);
  await transport.publish("x", Uint8Array.of(42), { qos: 1, retain: false });
  return (await seen.next("message")).payload[0] ?? 0;
}

describe("embedded broker", () => {
  it("serves MQTT over TCP, over WebSocket and within the process, and closes with clients connected", async () => {
    const broker = await startBroker({ port: 0, websocketPort: 0 });
    expect(broker.url).toMatch(/^mqtt:\/\/127\.0\.0\.1:\d+$/);
    expect(await echo(broker.url)).toBe(42);
    expect(await echo(broker.websocketUrl ?? "")).toBe(42);
    expect(await echo("mqtt://inside", { open: broker.connect })).toBe(42);
    const transports = [broker.url, broker.websocketUrl ?? ""].map((url, i) =>
      mqtt({ url, protocol: "3.1.1" })({ clientId: `stays-${i}` }),
    );
    const seen = transports.map((transport) => watch(transport));
    for (const one of seen) await one.next("online");
    await broker.close();
    await broker[Symbol.asyncDispose]();
    for (const one of seen) await one.next("offline");
    for (const transport of transports) await transport.close();
  });

  it("refuses plaintext beyond this machine unless it is asked for", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
      await expect(startBroker({ port: 0, host })).rejects.toMatchObject({ code: "options" });
    const open = await startBroker({ port: 0, host: "0.0.0.0", allowPlaintext: true, allowAnonymous: true });
    await open.close();
    const named = await startBroker({ port: 0, host: "localhost" });
    expect(await echo(named.url)).toBe(42);
    await named.close();
  });

  it("lets nobody it does not know in from beyond this machine, unless it is asked for", async () => {
    const far = { port: 0, host: "0.0.0.0", allowPlaintext: true };
    await expect(startBroker(far)).rejects.toMatchObject({ code: "options", message: expect.stringMatching(/users/) });
    await expect(startBroker({ ...far, users: [], allowAnonymous: true })).rejects.toMatchObject({ code: "options" });
    const closed = await startBroker({ ...far, users: [] });
    await closed.close();
  });

  it("refuses bounds out of their ranges", async () => {
    for (const limits of [{ payload: 0 }, { connections: 1.5 }, { connectTimeout: -1 }, { topicLevels: Number.NaN }])
      await expect(startBroker({ port: 0, limits })).rejects.toMatchObject({
        code: "options",
        message: expect.stringMatching(/broker\.limits\.\w+ must be a whole number from/),
      });
  });

  it("says which port it can't have, and leaves nothing listening", async () => {
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(startBroker({ port })).rejects.toMatchObject({
      code: "listen",
      message: expect.stringMatching(`${port}`),
    });
    await expect(startBroker({ port: 0, websocketPort: port })).rejects.toMatchObject({ code: "listen" });
    for (const bad of [-1, 65_536, 1.5])
      await expect(startBroker({ port: bad })).rejects.toMatchObject({ code: "options" });
    taken.close();
    await once(taken, "close");
    const again = await startBroker({ port });
    await again.close();
  });
});

if (!hasOpenssl) {
  describe("embedded broker with TLS", () => it.skip("openssl is not installed on this machine", () => {}));
} else {
  describe("embedded broker with TLS", () => {
    let certificates: Certificates;
    beforeAll(() => {
      certificates = makeCertificates();
    });
    afterAll(() => certificates.remove());

    it("serves mqtts and wss, and clients verify it", async () => {
      const { cert, key, ca } = certificates;
      const broker = await startBroker({ port: 0, websocketPort: 0, tls: { cert, key } });
      expect(broker.url).toMatch(/^mqtts:/);
      expect(await echo(broker.url, { tls: { ca } })).toBe(42);
      expect(await echo(broker.websocketUrl ?? "", { tls: { ca } })).toBe(42);
      const stranger = mqtt({ url: broker.url, tls: { ca: certificates.strangerCa } })({ clientId: "stranger" });
      expect(await watch(stranger).next("offline")).toMatchObject({ code: "tls" });
      await stranger.close();
      await broker.close();
    });

    it("refuses certificates that are none", async () => {
      await expect(startBroker({ port: 0, tls: { cert: "no", key: "no" } })).rejects.toMatchObject({ code: "options" });
    });
  });
}
