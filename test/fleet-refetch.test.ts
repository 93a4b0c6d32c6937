import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStream, defineSchema, type Schema, uniformGrid } from "@zipml/codec";
import type { DeviceOptions } from "@zipml/device";
import { openSpool } from "@zipml/device/spool";
import { createGateway, type GatewayOptions } from "@zipml/gateway";
import { createMetrics } from "@zipml/gateway/metrics";
import { train, weightsOf } from "@zipml/gateway/train";
import type { Connector } from "@zipml/protocol";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { mqtt } from "@zipml/protocol/mqtt";
import { describe, expect, it } from "vitest";
import { group, quickGateway, startDevice, type WatchedDevice, watchGateway } from "./fleet.ts";

const truth = [1.2, -0.8, 0.5, 0.3];
const features = truth.map((_, i) => `f${i}`);
const schema: Schema = defineSchema([
  ...features.map((name) => ({ name, unit: "", range: [-1, 1] as const, role: "feature" as const })),
  { name: "y", unit: "", range: [-1, 1], role: "target" },
]);

/** Readings uniform on [−1, 1] in steps of a thousandth, the label by a linear rule with noise. */
function rowOf(i: number): Record<string, number> {
  const stream = createStream("test/fleet-refetch", i);
  const readings = truth.map(() => Math.round(2000 * stream.uniform() - 1000) / 1000);
  const decision = readings.reduce((sum, a, j) => sum + a * (truth[j] ?? 0), 0) + 0.6 * (stream.uniform() - 0.5);
  return { ...Object.fromEntries(readings.map((a, j) => [`f${j}`, a])), y: decision > 0 ? 1 : -1 };
}

const rows = 320;
const how = { loss: "hinge", epochs: 6 } as const;
const training = { ...how, minimum: 20, everyRows: 0, estimator: "refetch" } as const;

interface Decision {
  readonly weights: Readonly<Record<string, number>>;
  readonly intercept: number;
}

/** Share of rows, unseen in training, that a model gets right. */
function accuracyOf({ weights, intercept }: Decision): number {
  const count = 2000;
  let right = 0;
  for (let i = rows; i < rows + count; i++) {
    const row = rowOf(i);
    const decision = features.reduce((f, name) => f + (weights[name] ?? 0) * (row[name] ?? 0), intercept);
    if (Math.sign(decision) === row["y"]) right += 1;
  }
  return right / count;
}

/** The same training on raw rows. */
async function fullPrecision(): Promise<Decision> {
  const values = valuesOf();
  const source = {
    rows,
    columns: 5,
    async *blocks() {
      yield { kind: "values" as const, rows, values };
    },
  };
  const column = (name: string, at: number) => ({ name, unit: "", column: at });
  const task = { features: features.map(column), target: column("y", 4) };
  const { model } = await train({ ...how, source, task });
  return weightsOf(model);
}

function valuesOf(): Float64Array {
  return Float64Array.from(
    Array.from({ length: rows }, (_, i) => rowOf(i)).flatMap((row) => [...features, "y"].map((name) => row[name] ?? 0)),
  );
}

async function openGateway(options: Partial<GatewayOptions>) {
  return watchGateway(await createGateway({ ...quickGateway, training, ...options }));
}

function openDevice(id: string, transport: Connector, options: Partial<DeviceOptions> = {}, bits = 5): WatchedDevice {
  const grid = uniformGrid(schema, { scheme: "interval", bits });
  const batch = { rows: 32, milliseconds: 50 };
  const random = createStream(`test/fleet-refetch/${id}`).word;
  return startDevice(id, transport, { schema, grid, refetchBytes: 1_000_000, batch, random, ...options });
}

async function send({ device }: WatchedDevice, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await device.push(rowOf(i), { elapsed: i * 1000 });
  await device.flush();
}

describe("refetching over the wire", () => {
  it("trains the hinge as full precision does; what was asked for is counted on both sides", async () => {
    const broker = createMemoryBroker({ reconnectAfter: 1 });
    const { gateway } = await openGateway({ transport: broker.connector() });
    await using _gateway = gateway;
    const [a, b] = [openDevice("mote-1", broker.connector()), openDevice("mote-2", broker.connector())];
    await using _a = a.device;
    await using _b = b.device;
    await send(a, 0, rows / 2);
    await send(b, rows / 2, rows);
    const trained = await gateway.train();
    const full = accuracyOf(await fullPrecision());
    expect(trained.warnings).toEqual([]);
    expect(trained.model.estimator).toBe("refetch");
    expect(full).toBeGreaterThan(0.9);
    expect(Math.abs(accuracyOf(trained) - full)).toBeLessThan(0.01);
    const { refetch } = gateway.status();
    const answered = a.device.status().refetch.answered + b.device.status().refetch.answered;
    expect(refetch).toMatchObject({ asked: answered, answered, held: answered, gone: 0, late: 0, unasked: 0 });
    expect(answered).toBeGreaterThan(rows / 4);
    expect(answered).toBeLessThan(rows);
    // Three decimals a reading take less than float32 would.
    expect(refetch.bytesReceived).toBeLessThan(20 * answered + 2000);
    const text = await createMetrics(gateway).text();
    expect(text).toContain(`zipml_refetch_rows_answered{group="${group}"} ${answered}`);
    expect(text).toContain(`zipml_refetch_bytes_received{group="${group}"} ${refetch.bytesReceived}`);
    // Answers are frames: stored once each, and nothing is missing. A second training asks for nothing.
    const again = await gateway.train();
    expect(again.model).toEqual(trained.model);
    const { asked } = gateway.status().refetch;
    expect([asked, gateway.status().missing, gateway.status().rows.held]).toEqual([answered, 0, rows]);
  });

  it("does without rows that a device does not keep, and says so", async () => {
    const broker = createMemoryBroker({ reconnectAfter: 1 });
    const { gateway } = await openGateway({ transport: broker.connector() });
    await using _gateway = gateway;
    const none = openDevice("mote-1", broker.connector(), { refetchBytes: 0 });
    const some = openDevice("mote-2", broker.connector(), { refetchBytes: 64 * 104 }); // two frames
    await using _a = none.device;
    await using _b = some.device;
    await send(none, 0, rows / 2);
    await send(some, rows / 2, rows);
    const { warnings } = await gateway.train();
    expect(warnings).toEqual([expect.stringMatching(/had no exact row any more/)]);
    const { asked, answered, gone, late } = gateway.status().refetch;
    expect([asked, late]).toEqual([answered + gone, 0]);
    expect(some.device.status().refetch.held).toBe(64 * 104);
    expect(answered).toBe(some.device.status().refetch.answered);
    expect(answered).toBeGreaterThan(0);
    expect(gone).toBeGreaterThan(answered);
    expect(none.device.status().refetch).toMatchObject({ held: 0, answered: 0 });
  });

  it("loses no answer to connections that end, and stores each once", async () => {
    const broker = createMemoryBroker({ reconnectAfter: 1 });
    const refetch = { againSeconds: 0.05, seconds: 20 };
    const { gateway, events } = await openGateway({
      transport: broker.connector(),
      training: { ...training, refetch },
    });
    await using _gateway = gateway;
    const a = openDevice("mote-1", broker.connector(), { delivery: { window: 2, resendAfter: 40 } });
    await using _a = a.device;
    await send(a, 0, rows);
    const done = new AbortController();
    const cutting = (async () => {
      while (!done.signal.aborted) {
        broker.disconnect(`${group}.mote-1`);
        broker.disconnect(`_gateway.${group}.${group}`);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    const trained = await gateway.train();
    done.abort();
    await cutting;
    await a.device.flush();
    expect(trained.warnings).toEqual([]);
    const status = gateway.status();
    expect(status.refetch).toMatchObject({ answered: status.refetch.asked, gone: 0, late: 0 });
    expect(status.missing).toBe(0);
    expect(status.ingest.stored).toBe(a.device.status().sequence);
    expect(events.seen.filter(({ type }) => type === "error")).toEqual([]);
  });

  it("keeps what was answered over a restart: the same model to the bit, without asking", async () => {
    const directory = await mkdtemp(join(tmpdir(), "zipml-refetch-"));
    try {
      const broker = createMemoryBroker({ reconnectAfter: 1 });
      const first = await openGateway({ transport: broker.connector(), directory });
      const spooled = await openSpool({ directory: join(directory, "spool") });
      const a = openDevice("mote-1", broker.connector(), { outbox: spooled });
      await send(a, 0, rows);
      const trained = await first.gateway.train();
      const { answered } = first.gateway.status().refetch;
      await a.device.close();
      await first.gateway.close();
      const second = await openGateway({ transport: broker.connector(), directory });
      await using gateway = second.gateway;
      expect(gateway.status().refetch).toMatchObject({ asked: 0, held: answered });
      const again = await gateway.train();
      expect(again.model).toEqual(trained.model);
      expect(gateway.status().refetch).toMatchObject({ asked: 0, late: 0 });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it("works through the embedded broker", async () => {
    const { gateway } = await openGateway({ broker: { port: 0 } });
    await using _gateway = gateway;
    const a = openDevice("mote-1", mqtt({ url: gateway.broker?.url ?? "" }));
    await using _a = a.device;
    await send(a, 0, rows);
    const trained = await gateway.train();
    expect(trained.warnings).toEqual([]);
    expect(accuracyOf(trained)).toBeGreaterThan(0.9);
    const { refetch } = gateway.status();
    expect(refetch).toMatchObject({ answered: a.device.status().refetch.answered, gone: 0, late: 0 });
    expect(refetch.answered).toBeGreaterThan(0);
  });
});
