import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createGateway } from "@zipml/gateway";
import { mqtt } from "@zipml/protocol/mqtt";
import { describe, expect, it } from "vitest";
import { startRelay } from "../../packages/protocol/test/brokers.ts";
import { pushRows, quickGateway, startDevice, watchGateway } from "../fleet.ts";
import { until } from "./processes.ts";

/** A broker on a port of its own that answers every CONNECT by "server unavailable". */
async function startRefusing(): Promise<{ readonly port: number; refused(): number; close(): Promise<void> }> {
  let refused = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined); // the client may be gone
    socket.on("close", () => open.delete(socket));
    socket.once("data", () => {
      refused += 1;
      socket.end(Uint8Array.of(0x20, 2, 0, 3));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    refused: () => refused,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const devicesOf = 12;
const outage = 60_000;

describe("brokers that turn devices away, on sockets (F14)", () => {
  it("has all devices back within 60 s after 60 s of refused CONNACKs, with every row", async () => {
    const refusing = await startRefusing();
    const { port } = refusing;
    const started = Array.from({ length: devicesOf }, (_, i) =>
      startDevice(`d${i}`, mqtt({ url: `mqtt://127.0.0.1:${port}`, protocol: "3.1.1" })),
    );
    for (const { device } of started) await pushRows(device, 0, 40);
    await sleep(outage);
    expect(refusing.refused()).toBeGreaterThan(devicesOf * 3);
    await refusing.close();
    const hub = watchGateway(await createGateway({ ...quickGateway, broker: { port } }));
    await hub.gateway.ready();
    const from = performance.now();
    await until("all devices are back", 60_000, () =>
      started.every(({ device }) => device.status().state === "online"),
    );
    console.log(
      `all ${devicesOf} back ${((performance.now() - from) / 1000).toFixed(1)} s after the broker took them again`,
    );
    await until("every row is stored", 20_000, () => hub.gateway.status().rows.stored >= devicesOf * 40);
    expect(hub.gateway.status()).toMatchObject({ rows: { stored: devicesOf * 40 }, missing: 0 });
    await Promise.all(started.map(({ device }) => device.close()));
    await hub.gateway.close();
  }, 180_000);

  it("stores every row of two devices that push each other out under one client id, each once", async () => {
    const hub = watchGateway(await createGateway({ ...quickGateway, broker: { port: 0 } }));
    await hub.gateway.ready();
    const relay = await startRelay(Number(new URL(hub.gateway.broker?.url ?? "").port));
    const connector = mqtt({
      url: `mqtt://127.0.0.1:${relay.port}`,
      protocol: "3.1.1",
      backoff: { base: 100, cap: 400 },
    });
    const both = [1, 2].map((session) => startDevice("a", connector, { session }));
    for (let round = 0; round < 40; round++) {
      for (const { device } of both) await pushRows(device, round * 8, round * 8 + 8);
      await sleep(100);
    }
    for (const { events } of both)
      expect(events.seen.filter(({ type }) => type === "offline").length).toBeGreaterThan(3);
    await until("every row is stored", 60_000, () => hub.gateway.status().rows.stored >= 640);
    expect(hub.gateway.status()).toMatchObject({ rows: { stored: 640 }, missing: 0, ingest: { stored: 80, bad: 0 } });
    await Promise.all(both.map(({ device }) => device.close()));
    await relay.close();
    await hub.gateway.close();
  }, 120_000);
});
