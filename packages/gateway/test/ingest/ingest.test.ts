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
import { createGroupTask } from "../../src/ingest/group-task.ts";
import { createIngest } from "../../src/ingest/ingest.ts";
import { createRegistry, type RegistryLimits } from "../../src/ingest/registry.ts";
import type { LogEntry } from "../../src/log/entry.ts";
import { type FrameLog, memoryLog } from "../../src/log/frame-log.ts";
import type { StoredFrame } from "../../src/sample-store.ts";
import { healthOf } from "../log/plant.ts";
import { limitsOf } from "./limits.ts";

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

/** A log whose disk answers when it is told to. */
function slowLog() {
  const waiting: ((durable: boolean) => unknown)[] = [];
  const entries: LogEntry[] = [];
  const log: FrameLog = {
    append: (entry, settled) => {
      entries.push(entry);
      waiting.push(settled);
      return true;
    },
  };
  return {
    log,
    entries,
    answer: (durable: boolean) => {
      for (const settled of waiting.splice(0)) settled(durable);
    },
  };
}

function setUp(bounds: Partial<RegistryLimits> = {}, log: FrameLog = memoryLog()) {
  const limits = limitsOf(bounds);
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
    task: createGroupTask({}, () => undefined),
    log,
    answered: () => undefined,
    store: (made) => stored.push(made),
    receipt: ({ id }, { session, sequences }) => receipted.push(`${id}/${session}/${sequences.floor}`),
    command: (device, command) => asked.push({ device, command }),
    refused: (_, { code }) => refused.push(code),
    unusable: (device, reason) => unusable.push(`${device}: ${reason}`),
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

  it("stores the frames of a good grid that came after one it can't use", () => {
    const { ingest, stored, unusable, registry, accounted } = setUp();
    const single = uniformGrid(schema, { epoch: 0, samples: 1 });
    ingest.birth("a", birth(7, [], { grids: [single] }), false);
    ingest.data("a", frame(7, 0, 0));
    expect(unusable).toHaveLength(1);
    ingest.birth("a", birth(7, [], { grids: [single, gridOf(1)] }), false);
    expect(registry.get("a")?.unusable).toBeUndefined();
    ingest.data("a", frame(7, 1, 1));
    expect(stored.map(({ sequence }) => sequence)).toEqual([1]);
    expect(ingest.counts().unusable).toBe(1);
    accounted(0);
  });

  it("keeps to what an epoch meant first, counts and tells what says otherwise, and nothing that repeats it", () => {
    const { ingest, stored, unusable } = setUp();
    ingest.birth("a", birth(7, [0, 1]), false);
    ingest.data("a", frame(7, 0));
    ingest.birth("a", birth(7, [0, 1], { grids: structuredClone([gridOf(0), gridOf(1)]) }), false);
    expect([ingest.counts().refusedGrids, unusable]).toEqual([0, []]);
    const moved = { kind: "points", points: [0, 0.1, 1] } as const;
    const other = { ...gridOf(1), channels: gridOf(1).channels.map((channel) => ({ ...channel, levels: moved })) };
    ingest.birth("a", birth(7, [], { grids: [gridOf(0), other] }), false); // of the same widths: no length would show it
    expect(ingest.counts().refusedGrids).toBe(1);
    expect(unusable).toEqual(["a: grid 1 of session 7 was another grid before, and stays that one"]);
    const renamed = defineSchema(schema.channels.map((channel) => ({ ...channel, unit: "A" })));
    ingest.birth("a", birth(7, [0], { schema: renamed }), false);
    expect(ingest.counts().refusedGrids).toBe(2);
    ingest.data("a", frame(7, 1));
    expect(stored.map(({ sequence }) => sequence)).toEqual([0, 1]);
  });

  it("neither stores nor receipts frames of a session number that two runs use", () => {
    const { ingest, stored, receipted, unusable } = setUp();
    ingest.birth("a", birth(7), false);
    ingest.data("a", frame(7, 0));
    const before = receipted.length;
    ingest.birth("a", birth(7, [0], { startedAt: 9_999_999 }), false);
    expect(unusable).toEqual([expect.stringContaining("session 7 began at 7000 and again at 9999999")]);
    ingest.data("a", frame(7, 0)); // of the second run: taken for the first's, it would be lost
    ingest.data("a", frame(7, 1));
    expect(stored).toHaveLength(1);
    expect(receipted).toHaveLength(before);
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

  it("receipts and stores a frame only once it is durable, and logs it once", () => {
    const { log, entries, answer } = slowLog();
    const { ingest, stored, receipted } = setUp({}, log);
    ingest.birth("a", birth(5), false);
    for (const sequence of [0, 1, 0]) ingest.data("a", frame(5, sequence));
    expect({ stored, receipted }).toEqual({ stored: [], receipted: [] });
    expect(entries.map(({ type }) => type)).toEqual(["task", "note", "frame", "frame"]);
    expect(ingest.counts()).toMatchObject({ pending: 2, duplicates: 1, stored: 0 });
    answer(false);
    expect(ingest.counts()).toMatchObject({ pending: 0, deferred: 2, stored: 0 });
    expect(receipted).toEqual([]);
    ingest.data("a", frame(5, 1));
    expect(entries.slice(4).map(({ type }) => type)).toEqual(["task", "note", "frame"]); // what it means is not on disk
    answer(true);
    expect(receipted).toEqual(["a/5/0"]);
    ingest.data("a", frame(5, 0));
    expect(entries.slice(7).map(({ type }) => type)).toEqual(["frame"]);
    answer(true);
    expect(receipted).toEqual(["a/5/0", "a/5/2"]);
    expect(stored.map(({ sequence }) => sequence)).toEqual([1, 0]);
  });

  it("counts frames on their way to the disk against the bound of ranges", () => {
    const { log, answer } = slowLog();
    const { ingest, stored } = setUp({ ranges: 2 }, log);
    ingest.birth("a", birth(5), false);
    for (const sequence of [2, 4, 6]) ingest.data("a", frame(5, sequence));
    expect(ingest.counts()).toMatchObject({ pending: 2, deferred: 1 });
    answer(false);
    ingest.data("a", frame(5, 6)); // the place of those that failed is free again
    answer(true);
    expect(stored.map(({ sequence }) => sequence)).toEqual([6]);
  });

  it("closes gaps that a device declares, also before its birth was heard, and never stores into them", () => {
    const { ingest, receipted, stored, registry, accounted } = setUp();
    ingest.health("a", healthOf(5, [[1, 2]]));
    ingest.birth("a", birth(5), false);
    ingest.data("a", frame(5, 0));
    ingest.data("a", frame(5, 4));
    expect(receipted).toEqual(["a/5/0", "a/5/3", "a/5/3"]);
    ingest.health("a", healthOf(5, [[1, 3]]));
    ingest.health("a", healthOf(5, [[1, 3]]));
    expect(receipted.slice(3)).toEqual(["a/5/5"]);
    expect(ingest.counts()).toMatchObject({ declared: 3, stored: 2 });
    expect(registry.get("a")?.sessions.get(5)).toMatchObject({ declared: 3, gapSince: undefined });
    ingest.data("a", frame(5, 3));
    expect(stored).toHaveLength(2);
    accounted(0);
  });

  it("bounds what a device declares as dropped: ever new ranges apart from all others are not kept", () => {
    const { ingest, registry, receipted, accounted } = setUp();
    ingest.birth("a", birth(5), false);
    const apart = (from: number) => Array.from({ length: 256 }, (_, i) => [from + 4 * i, from + 4 * i + 1] as const);
    for (let i = 0; i < 20; i++) ingest.health("a", healthOf(5, apart(10 + i * 10_000)));
    const sequences = registry.get("a")?.sessions.get(5)?.sequences;
    expect(sequences?.ranges).toHaveLength(512);
    expect(ingest.counts()).toMatchObject({ declared: 1024, refusedRanges: 18 * 256 });
    // What borders on the rest is taken, and with the gaps closed there is room again.
    ingest.health("a", healthOf(5, [[0, 250_000]]));
    expect({ floor: sequences?.floor, ranges: sequences?.ranges }).toEqual({ floor: 250_001, ranges: [] });
    expect(receipted.at(-1)).toBe("a/5/250001");
    ingest.health("a", healthOf(5, apart(300_000)));
    expect(sequences?.ranges).toHaveLength(256);
    accounted(0);
  });

  it("bounds the bytes that wait for a birth", () => {
    const { ingest, registry } = setUp({ parkedBytes: 100, parked: 64, ranges: 64 });
    const { length } = frame(5, 3);
    for (let i = 0; i < 20; i++) ingest.data(i % 2 === 0 ? "b" : "c", frame(5, 3 + i)); // all of one length
    const waiting = ["b", "c"].flatMap((id) => registry.get(id)?.parked ?? []);
    expect(waiting).toHaveLength(Math.floor(100 / length));
    ingest.birth("b", birth(5), false);
    ingest.birth("c", birth(5), false);
    expect(ingest.counts()).toMatchObject({ stored: waiting.length, deferred: 20 - waiting.length });
  });

  it("bounds the bytes of a device's grids: what does not fit is refused, counted and told, and other devices stay", () => {
    const { ingest, unusable, stored, accounted } = setUp({ deviceBytes: 20_000 });
    ingest.birth("a", birth(5, [0, 1, 2]), false);
    expect(unusable).toEqual([expect.stringMatching(/^a: grid 2 of session 5 takes \d+ bytes, .*deviceBytes/)]);
    expect(ingest.counts().refusedGrids).toBe(1);
    ingest.data("a", frame(5, 0, 0));
    ingest.data("a", frame(5, 1, 2));
    ingest.birth("b", birth(5, [0, 1]), false);
    ingest.data("b", frame(5, 0, 1));
    expect(stored.map(({ device, sequence }) => [device, sequence])).toEqual([
      ["a", 0],
      ["b", 0],
    ]);
    expect(ingest.counts()).toMatchObject({ unusable: 1, refusedGrids: 1 });
    accounted(0);
  });

  it("takes a grid later that had no room among all devices: its frames wait for it", () => {
    const { ingest, stored, unusable, accounted } = setUp({ gridBytes: 10_000, sessions: 1 });
    const wide = birth(1, [], { grids: [uniformGrid(schema, { bits: 6 })] });
    ingest.birth("a", wide, false);
    ingest.birth("b", birth(1), false);
    expect(unusable).toEqual([expect.stringContaining("limits.gridBytes")]);
    ingest.data("b", frame(1, 0));
    accounted(1);
    ingest.birth("a", birth(2), false); // gives up the other grid
    ingest.birth("b", birth(1), false);
    expect(stored.map(({ device, sequence }) => [device, sequence])).toEqual([["b", 0]]);
    accounted(0);
  });

  it("knows what is stored of a session that gave way to newer ones", () => {
    const { ingest, stored, receipted } = setUp();
    for (const session of [1, 2, 3]) {
      ingest.birth("a", birth(session), false);
      ingest.data("a", frame(session, 0));
    }
    ingest.data("a", frame(1, 0));
    expect(ingest.counts()).toMatchObject({ stored: 3, duplicates: 1 });
    ingest.data("a", frame(1, 1)); // waits: what it means was given up
    ingest.birth("a", birth(3, [0], { earlier: [{ session: 1, startedAt: 1000, grids: [gridOf(0)] }] }), false);
    expect(stored.map(({ session, sequence }) => [session, sequence])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [1, 1],
    ]);
    expect(receipted.at(-1)).toBe("a/1/2");
  });
});
