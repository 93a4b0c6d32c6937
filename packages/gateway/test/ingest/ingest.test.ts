import {
  createQuantizer,
  createStream,
  defineSchema,
  encodeFrame,
  packCodes,
  type Schema,
  uniformGrid,
} from "@zipml/codec";
import type { Birth, Command } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createIngest } from "../../src/ingest/ingest.ts";
import { createRegistry, type RegistryLimits } from "../../src/ingest/registry.ts";
import type { StoredFrame } from "../../src/sample-store.ts";

const schema = defineSchema([
  { name: "x", unit: "V", range: [0, 1], role: "feature" },
  { name: "y", unit: "W", range: [0, 1], role: "target" },
]);
const gridOf = (epoch: number, of: Schema = schema) => uniformGrid(of, { epoch });
const birth = (session: number, epochs: readonly number[] = [0], changes: Partial<Birth> = {}): Birth => ({
  session,
  startedAt: 1000 * session,
  schema,
  grids: epochs.map((epoch) => gridOf(epoch)),
  software: { name: "test", version: "1" },
  ...changes,
});

function frame(session: number, sequence: number, epoch = 0, rows = 2): Uint8Array {
  const quantizer = createQuantizer(gridOf(epoch));
  const values = Float64Array.from({ length: rows * 2 }, (_, i) => i / (rows * 2));
  const body = packCodes(quantizer.encode(values, createStream("test", sequence)).codes, quantizer);
  return encodeFrame({
    session,
    sequence,
    grid: epoch,
    coding: "packed",
    start: 10 * sequence,
    interval: 1,
    rows,
    body,
  });
}

function setUp(bounds: Partial<RegistryLimits> = {}) {
  const limits = { devices: 3, sessions: 2, ranges: 2, parked: 2, ...bounds };
  const clock = createVirtualClock();
  const registry = createRegistry(limits);
  const stored: StoredFrame[] = [];
  const receipted: string[] = [];
  const asked: { device: string; command: Command }[] = [];
  const refused: string[] = [];
  const unusable: string[] = [];
  const ingest = createIngest({
    clock,
    registry,
    limits,
    choice: {},
    store: (made) => stored.push(made),
    receipt: ({ id }, { session, sequences }) => receipted.push(`${id}/${session}/${sequences.floor}`),
    command: (device, command) => asked.push({ device, command }),
    refused: (_, { code }) => refused.push(code),
    unusable: (device, reason) => unusable.push(`${device}: ${reason}`),
    task: () => undefined,
  });
  /** Every frame that came is counted once, whatever became of it; those still parked have no end yet. */
  const accounted = (parked: number): void => {
    const { received, stored: kept, duplicates, bad, deferred, unusable: useless } = ingest.counts();
    expect(received).toBe(kept + duplicates + bad + deferred + useless + parked);
  };
  return { clock, registry, ingest, stored, receipted, asked, refused, unusable, accounted };
}

describe("ingest", () => {
  it("stores by session and sequence, with times on the wall clock", () => {
    const { ingest, stored, receipted, accounted } = setUp();
    ingest.birth("a", birth(5), false);
    ingest.data("a", frame(5, 0));
    ingest.data("a", frame(5, 1));
    ingest.data("a", frame(5, 0));
    ingest.birth("a", birth(6), false);
    ingest.data("a", frame(6, 0));
    expect(stored.map(({ session, sequence, time, rows }) => [session, sequence, time, rows])).toEqual([
      [5, 0, 5000, 2],
      [5, 1, 5010, 2],
      [6, 0, 6000, 2],
    ]);
    expect(new Set(stored.map(({ quantizer }) => quantizer)).size).toBe(1);
    expect(receipted).toEqual(["a/5/1", "a/5/2", "a/5/2", "a/6/1"]);
    expect(ingest.counts()).toMatchObject({ received: 4, stored: 3, rows: 6, duplicates: 1 });
    accounted(0);
  });

  it("parks what it has no birth or grid for, within its bound, and asks no more than every five seconds", async () => {
    const { clock, ingest, stored, asked, accounted } = setUp();
    for (let i = 0; i < 4; i++) ingest.data("a", frame(5, i));
    expect(asked).toEqual([{ device: "a", command: { name: "birth" } }]);
    expect(ingest.counts()).toMatchObject({ unknownGrid: 4, deferred: 2, stored: 0 });
    accounted(2);
    ingest.birth("a", birth(5, [1]), false); // not the grid that they name
    accounted(2);
    await clock.advance(5000);
    ingest.data("a", frame(5, 9, 1));
    ingest.data("a", frame(5, 8));
    expect(asked).toHaveLength(2);
    ingest.birth("a", birth(5, [0, 1]), false);
    expect(stored.map(({ sequence }) => sequence)).toEqual([9, 0, 1]);
    expect(ingest.counts()).toMatchObject({ unknownGrid: 5, deferred: 3, stored: 3, received: 6 });
    accounted(0);
  });

  it("does not receipt what it has no room for: devices, and ranges of a session", () => {
    const { ingest, receipted, registry, accounted } = setUp();
    for (const id of ["a", "b", "c", "d"]) ingest.birth(id, birth(1), false);
    ingest.data("d", frame(1, 0));
    expect({ size: registry.size, deferred: ingest.counts().deferred }).toEqual({ size: 3, deferred: 1 });
    for (const sequence of [2, 4, 6, 8]) ingest.data("a", frame(1, sequence));
    expect(ingest.counts()).toMatchObject({ stored: 2, deferred: 3 });
    expect(receipted).toHaveLength(2);
    ingest.data("a", frame(1, 0));
    ingest.data("a", frame(1, 1));
    ingest.data("a", frame(1, 6));
    expect(receipted.at(-1)).toBe("a/1/3");
    accounted(0);
  });

  it("forgets a device's oldest session beyond its bound", () => {
    const { ingest, registry, accounted } = setUp();
    for (const session of [1, 2, 3]) {
      ingest.birth("a", birth(session), false);
      ingest.data("a", frame(session, 0));
    }
    expect([...(registry.get("a")?.sessions.keys() ?? [])]).toEqual([2, 3]);
    ingest.data("a", frame(1, 1));
    expect(ingest.counts()).toMatchObject({ stored: 3, unknownGrid: 1 });
    accounted(1);
  });

  it("takes grids of earlier sessions from a birth", () => {
    const { ingest, stored } = setUp();
    ingest.birth("a", birth(7, [0], { earlier: [{ session: 6, startedAt: 500, grids: [gridOf(4)] }] }), false);
    ingest.data("a", frame(6, 3, 4));
    expect(stored).toMatchObject([{ session: 6, sequence: 3 }]);
  });

  it("does not let one device's broken grid into the store", () => {
    const { ingest, stored, unusable, accounted } = setUp();
    ingest.birth("a", birth(1), false);
    const broken = { ...gridOf(4), channels: gridOf(4).channels.slice(1) };
    ingest.birth("b", birth(2, [0], { earlier: [{ session: 1, startedAt: 500, grids: [broken] }] }), false);
    expect(unusable).toMatchObject([expect.stringMatching(/^b: grid 4: 1 channels/)]);
    ingest.data("b", frame(1, 0, 4));
    expect(stored).toEqual([]);
    expect(ingest.counts().unusable).toBe(1);
    accounted(0);
  });

  it("knows a retained birth of a dead session from a live one", () => {
    const { ingest, registry } = setUp();
    const device = registry.open("a");
    if (device === undefined) throw new Error("no room");
    device.dead = 5;
    ingest.birth("a", birth(5), true);
    expect(device.online).toBe(false);
    ingest.birth("a", birth(6), true);
    expect(device.online).toBe(true);
    device.dead = 6;
    ingest.birth("a", birth(6), false);
    expect(device).toMatchObject({ online: true, dead: undefined });
  });

  it("counts what does not decode and goes on", () => {
    const { ingest, refused, stored, accounted } = setUp();
    ingest.birth("a", birth(1), false);
    for (let cut = 0; cut < frame(1, 0).length; cut++) ingest.data("a", frame(1, 0).subarray(0, cut));
    expect(new Set(refused)).toEqual(new Set(["truncated"]));
    ingest.data("a", new Uint8Array(70_000));
    expect(refused.at(-1)).toBe("size");
    ingest.data("a", frame(1, 0));
    expect(stored).toHaveLength(1);
    accounted(0);
  });
});
