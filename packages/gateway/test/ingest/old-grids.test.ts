import { createQuantizer, createStream, defineSchema, encodeFrame, packCodes, uniformGrid } from "@zipml/codec";
import type { Birth } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createGroupTask } from "../../src/ingest/group-task.ts";
import { createIngest } from "../../src/ingest/ingest.ts";
import { createRegistry, type RegistryLimits } from "../../src/ingest/registry.ts";
import { memoryLog } from "../../src/log/frame-log.ts";
import type { StoredFrame } from "../../src/sample-store.ts";
import { limitsOf } from "./limits.ts";

const schema = defineSchema([
  { name: "x", unit: "V", range: [0, 1], role: "feature" },
  { name: "y", unit: "W", range: [0, 1], role: "target" },
]);
const birth = (session: number, epochs: readonly number[]): Birth => ({
  session,
  startedAt: 1000 * session,
  schema,
  grids: epochs.map((epoch) => uniformGrid(schema, { epoch })),
  software: { name: "test", version: "1" },
});

function frame(session: number, sequence: number, grid: number): Uint8Array {
  const quantizer = createQuantizer(uniformGrid(schema, { epoch: grid }));
  const { codes } = quantizer.encode(Float64Array.of(0.1, 0.4), createStream("test", sequence));
  const body = packCodes(codes, quantizer);
  return encodeFrame({ session, sequence, grid, coding: "packed", start: 10 * sequence, interval: 0, rows: 1, body });
}

function setUp(bounds: Partial<RegistryLimits>) {
  const limits = limitsOf({ ranges: 64, ...bounds });
  const registry = createRegistry(limits);
  const stored: StoredFrame[] = [];
  const receipted: number[] = [];
  const refused: string[] = [];
  const unusable: string[] = [];
  const ingest = createIngest({
    clock: createVirtualClock(),
    registry,
    limits,
    task: createGroupTask({}, () => undefined),
    log: memoryLog(),
    answered: () => undefined,
    store: (made) => stored.push(made),
    receipt: (_, { sequences }) => receipted.push(sequences.floor),
    command: () => undefined,
    refused: (_, { code }) => refused.push(code),
    unusable: (_, reason) => unusable.push(reason),
  });
  /** Every frame that came is counted once, whatever became of it. */
  const accounted = (): void => {
    const { received, stored: kept, duplicates, bad, deferred, unusable: useless } = ingest.counts();
    expect(received).toBe(kept + duplicates + bad + deferred + useless);
  };
  return { registry, ingest, stored, receipted, refused, unusable, accounted };
}

describe("ingest of frames under old grids", () => {
  it("keeps the newest grids of a session: frames of older ones are refused, counted and told once", () => {
    const { ingest, stored, refused, unusable, registry, receipted, accounted } = setUp({ grids: 2 });
    ingest.birth("a", birth(5, [0, 1]), false);
    ingest.data("a", frame(5, 0, 0));
    ingest.birth("a", birth(5, [0, 1, 2]), false);
    for (const sequence of [1, 2, 1]) ingest.data("a", frame(5, sequence, 0));
    expect(refused).toEqual(["limit"]);
    const { length } = receipted;
    ingest.data("a", frame(5, 0, 0)); // it came again: stored it was, under its own grid
    expect(receipted.length - length).toBe(1);
    ingest.data("a", frame(5, 3, 1));
    ingest.data("a", frame(5, 4, 2));
    ingest.birth("a", birth(5, [3]), false); // the others are not named any more: the oldest gives way
    ingest.birth("a", birth(5, [0, 1, 2, 3]), false); // and comes back by no birth
    for (const [sequence, epoch] of [
      [5, 0],
      [6, 1],
      [7, 2],
      [8, 3],
    ] as const)
      ingest.data("a", frame(5, sequence, epoch));
    expect(stored.map(({ sequence }) => sequence)).toEqual([0, 3, 4, 7, 8]);
    expect(refused).toEqual(["limit", "limit"]);
    expect(ingest.counts()).toMatchObject({ unusable: 5, duplicates: 1, bad: 0, unknownGrid: 0, refusedGrids: 2 });
    expect(unusable).toEqual([]);
    const [session] = registry.get("a")?.sessions.values() ?? [];
    expect([...(session?.decoders.keys() ?? [])]).toEqual([2, 3]);
    expect(registry.get("a")?.gridBytes).toBe(2 * (session?.decoders.get(2)?.shared.bytes ?? 0));
    accounted();
  });

  it("makes room for a grid among a device's bytes by those that its birth does not name any more", () => {
    const { ingest, stored, unusable } = setUp({ deviceBytes: 20_000, grids: 100 });
    for (let epoch = 0; epoch < 20; epoch++) ingest.birth("a", birth(5, [epoch]), false);
    ingest.data("a", frame(5, 0, 19));
    ingest.data("a", frame(5, 1, 3));
    expect([stored.length, unusable, ingest.counts().unusable]).toEqual([1, [], 1]);
  });
});
