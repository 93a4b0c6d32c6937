import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQuantizer, type DitherPlace, defineGrid, ditherPlace, type Grid, uniformGrid } from "@zipml/codec";
import { createMemoryOutbox } from "@zipml/device";
import { openSpool } from "@zipml/device/spool";
import { createGateway } from "@zipml/gateway";
import { type DecodedBlock, type SampleBlock, train, weightsOf } from "@zipml/gateway/train";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { climate, climateRow, pushRows, quickGateway, startDevice, watchGateway } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

const grid = uniformGrid(climate, { scheme: "dither", seed: "greenhouse-1", bits: 3 });
const closed = { minimum: 2, solver: "closed-form" } as const;
const task = {
  features: [{ name: "t", unit: "C", column: 0 }],
  target: { name: "h", unit: "%", column: 1 },
};

/** What the gateway should make of rows `from` to `to` − 1 of a device, sealed by eights from a sequence on. */
function decoded(under: Grid, device: string, session: number, from: number, to: number, first = 0): DecodedBlock[] {
  const quantizer = createQuantizer(under);
  return Array.from({ length: (to - from) / 8 }, (_, i) => {
    const rows = Array.from({ length: 8 }, (_row, r) => climateRow(from + 8 * i + r)).flatMap(({ t, h }) => [t, h]);
    const place = ditherPlace(under, { device, session, sequence: first + i }) as DitherPlace;
    const means = new Float64Array(16);
    quantizer.meansInto(quantizer.encode(rows, place).codes, means, place);
    return { kind: "decoded", rows: 8, quantizer, means };
  });
}

async function expectedModel(blocks: readonly SampleBlock[]) {
  const source = {
    rows: blocks.reduce((sum, block) => sum + block.rows, 0),
    columns: 2,
    async *blocks() {
      yield* blocks;
    },
  };
  const { model } = await train({ source, task, solver: "closed-form" });
  return weightsOf(model);
}

describe("fleet: dither", () => {
  it("decodes by device, session, sequence and row, whatever comes twice or late", async () => {
    let turn = 0;
    const fate = () => ([1, 2, 0, 2, 1] as const)[turn++ % 5] ?? 1; // lost and asked for again, or twice
    const { clock, startGateway, device } = createClockwork({
      deliver: (topic) => (topic.endsWith("/data") ? fate() : 1),
    });
    const hub = await startGateway({ training: closed, receipts: { gapAfter: 1000 } });
    const agents = ["a", "b"].map((id, i) => device(id, { grid, session: 5 + i }).device);
    for (const agent of agents) await pushRows(agent, 0, 64);
    await clock.advance(60_000);
    expect(hub.gateway.status().rows.stored).toBe(128);
    const { model } = await hub.gateway.train();
    const { intercept, weights } = await expectedModel([
      ...decoded(grid, "a", 5, 0, 64),
      ...decoded(grid, "b", 6, 0, 64),
    ]);
    const found = weightsOf(model);
    expect(found.weights["t"]).toBeCloseTo(weights["t"] ?? 0, 9);
    expect(found.intercept).toBeCloseTo(intercept, 9);
    expect(Math.abs((found.weights["t"] ?? 0) + 1.5)).toBeLessThan(0.2);
    // The control: another session's dither decodes the same codes to another model.
    const wrong = await expectedModel([...decoded(grid, "a", 6, 0, 64), ...decoded(grid, "b", 5, 0, 64)]);
    expect(Math.abs((wrong.weights["t"] ?? 0) - (weights["t"] ?? 0))).toBeGreaterThan(1e-6);
    for (const agent of agents) await agent.close();
    await hub.gateway.close();
  });

  it("takes a grid with a seed, unequal levels or count by desired, each from its sequence on", async () => {
    const { clock, startGateway, device, flush } = createClockwork();
    const hub = await startGateway({ training: closed });
    const watched = device("a", { grid, session: 9 });
    await pushRows(watched.device, 0, 16);
    await flush(watched);
    const other = uniformGrid(climate, { epoch: 1, scheme: "dither", seed: "greenhouse-2", bits: 5 });
    await hub.gateway.configure({ grid: other });
    await clock.advance(1000);
    await pushRows(watched.device, 16, 32);
    await flush(watched);
    const unequal = defineGrid(climate, {
      epoch: 2,
      scheme: "count",
      coding: "packed",
      channels: [
        { bits: 4, samples: 2, levels: { kind: "points", points: [-10, -4, 3, 10, 20, 30, 36, 40] } },
        { bits: 8, samples: 1, levels: { kind: "uniform", low: 0, high: 100 } },
      ],
    });
    await hub.gateway.configure({ grid: unequal });
    await clock.advance(1000);
    await pushRows(watched.device, 32, 96);
    await flush(watched);
    await clock.advance(1000);
    const status = hub.gateway.status();
    expect(status.rows.stored).toBe(96);
    expect(status.ingest.bad + status.ingest.unusable).toBe(0);
    const { model } = await hub.gateway.train();
    expect(model.rows).toBe(96);
    expect(Math.abs((weightsOf(model).weights["t"] ?? 0) + 1.5)).toBeLessThan(0.2);
    await watched.device.close();
    await hub.gateway.close();
  });

  it("seals what an earlier session left under that session's dither", async () => {
    const outbox = createMemoryOutbox();
    const ended = createClockwork(); // its time stands still: what it took in is left to the next
    await pushRows(ended.device("a", { grid, session: 1, outbox }).device, 0, 20);
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training: closed });
    const { device: agent } = device("a", { grid, session: 2, outbox });
    await clock.advance(60_000);
    expect(hub.gateway.status().rows.stored).toBe(20);
    const { model } = await hub.gateway.train();
    const left = decoded(grid, "a", 1, 16, 24, 2).map((block) => ({
      ...block,
      rows: 4,
      means: block.means.slice(0, 8),
    }));
    const { weights } = await expectedModel([...decoded(grid, "a", 1, 0, 16), ...left]);
    expect(weightsOf(model).weights["t"]).toBeCloseTo(weights["t"] ?? 0, 9);
    await agent.close();
    await hub.gateway.close();
  });

  it("decodes the same after both ends were started anew from disk", async () => {
    const [spool, directory] = (await Promise.all(
      ["spool", "gateway"].map((name) => mkdtemp(join(tmpdir(), `zipml-dither-${name}-`))),
    )) as [string, string];
    const broker = createMemoryBroker();
    const startGateway = async () =>
      watchGateway(
        await createGateway({ ...quickGateway, training: closed, transport: broker.connector(), directory }),
      );
    const startAgent = async () =>
      startDevice("a", broker.connector(), { grid, outbox: await openSpool({ directory: spool }) }).device;
    const first = await startAgent();
    await pushRows(first, 0, 20);
    await first.close({ timeout: 10 });

    const before = await startGateway();
    const second = await startAgent();
    await pushRows(second, 20, 32);
    await before.events.until("all rows", () => before.gateway.status().rows.stored === 32);
    await second.close();
    const { hash, model } = await before.gateway.train();
    expect(model.rows).toBe(32);
    expect(Math.abs((weightsOf(model).weights["t"] ?? 0) + 1.5)).toBeLessThan(0.3);
    await before.gateway.close();

    const after = await startGateway();
    expect(after.gateway.status().rows.stored).toBe(32);
    expect((await after.gateway.train()).hash).toBe(hash);
    await after.gateway.close();
    await Promise.all([spool, directory].map((path) => rm(path, { recursive: true })));
  });

  it("refuses a device that dithers where double is to be trained, and says why", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training: { minimum: 2, estimator: "double" } });
    const { device: agent } = device("a", { grid });
    await pushRows(agent, 0, 8);
    await clock.advance(1000);
    const [summary] = hub.gateway.status().devices;
    expect(summary?.unusable).toContain("dither");
    await hub.gateway.close();
    const closing = agent.close();
    await clock.advance(60_000);
    await closing;
  });
});
