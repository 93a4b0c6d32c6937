import { answerBody, defineSchema, encodeExactAnswer, uniformGrid } from "@zipml/codec";
import type { Birth } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import type { AnsweredRows } from "../../src/ingest/exact-answers.ts";
import { createGroupTask } from "../../src/ingest/group-task.ts";
import { createIngest } from "../../src/ingest/ingest.ts";
import { createRecovery } from "../../src/ingest/recovery.ts";
import { createRegistry } from "../../src/ingest/registry.ts";
import type { LogEntry } from "../../src/log/entry.ts";
import type { Added, FrameLog } from "../../src/log/frame-log.ts";
import { limitsOf } from "./limits.ts";

/** The task leaves the channel in the middle out. */
const schema = defineSchema([
  { name: "x", unit: "V", range: [0, 1], role: "feature" },
  { name: "unused", unit: "V", range: [0, 1], role: "feature" },
  { name: "y", unit: "W", range: [-1, 1], role: "target" },
]);
const choice = { features: ["x"], target: "y", estimator: "refetch" } as const;
const birth: Birth = {
  session: 5,
  startedAt: 5000,
  schema,
  grids: [uniformGrid(schema, { scheme: "interval" })],
  software: { name: "test", version: "1" },
};

function answer(sequence: number, grid = 0, values = Float64Array.of(0.25, 0.5, 1)): Uint8Array {
  const rows = [{ sequence: 3, row: 2 }];
  const gone = [{ sequence: 0, row: 1 }];
  return encodeExactAnswer({ session: 5, sequence, grid, of: 4, rows, gone, ...answerBody(values, 3) });
}

function setUp(durable = true) {
  const clock = createVirtualClock(77_000);
  const limits = limitsOf({});
  const registry = createRegistry(limits);
  const task = createGroupTask(choice, () => undefined);
  const answered: AnsweredRows[] = [];
  const receipted: number[] = [];
  const entries: LogEntry[] = [];
  const added: (Added | undefined)[] = [];
  const log: FrameLog = {
    append: (entry, settled) => {
      entries.push(entry);
      const result = settled(durable);
      if (entry.type === "frame") added.push(result);
      return true;
    },
  };
  const store = () => undefined;
  const ports = { registry, task, store, answered: (rows: AnsweredRows) => answered.push(rows) };
  const ingest = createIngest({
    ...ports,
    clock,
    limits,
    log,
    receipt: (_, { sequences }) => receipted.push(sequences.floor),
    command: () => undefined,
    refused: () => undefined,
    unusable: () => undefined,
  });
  const recovery = createRecovery({ ...ports, unusable: () => undefined });
  return { ingest, recovery, answered, receipted, entries, added };
}

const place = (sequence: number, row: number) => ({ device: "a", session: 4, sequence, row });

describe("answers with exact rows", () => {
  it("are logged, receipted and counted as frames are, once each, and add no rows", () => {
    const { ingest, answered, receipted, added, entries } = setUp();
    ingest.birth("a", birth, false);
    for (const sequence of [0, 1, 0]) ingest.data("a", answer(sequence));
    expect(answered).toHaveLength(2);
    expect(answered[0]).toEqual({
      device: "a",
      rows: [{ place: place(3, 2), values: Float64Array.of(0.25, 1) }], // columns of the task alone
      gone: [place(0, 1)],
      bytes: answer(0).length,
    });
    expect(receipted).toEqual([1, 2, 2]);
    expect(ingest.counts()).toMatchObject({ received: 3, stored: 2, rows: 0, duplicates: 1, bad: 0 });
    // As late as they came: the log keeps them while the rows that they tell of may be in the window.
    expect(added).toMatchObject([
      { rows: 0, time: 77_000, ranges: [[0, 0]] },
      { rows: 0, time: 77_000, ranges: [[1, 1]] },
    ]);
    expect(entries.map(({ type }) => type)).toEqual(["task", "note", "frame", "frame"]);
  });

  it("wait for the birth that explains them, and are refused where they can't be read", () => {
    const { ingest, answered } = setUp();
    ingest.data("a", answer(0));
    expect(ingest.counts()).toMatchObject({ unknownGrid: 1, stored: 0 });
    ingest.birth("a", birth, false);
    expect([answered.length, ingest.counts().stored]).toEqual([1, 1]);
    ingest.data("a", answer(1, 0, Float64Array.of(1, Math.PI, 2, Math.E, 3, Math.SQRT2))); // of another schema
    ingest.data("a", answer(2).subarray(0, 12));
    expect(ingest.counts()).toMatchObject({ bad: 2, stored: 1 });
  });

  it("are not taken where the disk does not take them", () => {
    const { ingest, answered, receipted } = setUp(false);
    ingest.birth("a", birth, false);
    ingest.data("a", answer(0));
    expect([answered.length, receipted.length]).toEqual([0, 0]);
    expect(ingest.counts()).toMatchObject({ deferred: 1, stored: 0, pending: 0 });
  });

  it("come back from the log, each once", () => {
    const { recovery, answered } = setUp();
    const [grid] = birth.grids;
    const device = { device: "a", session: 5 };
    const entry = { type: "frame", ...device, at: 66_000, payload: answer(7) } as const;
    expect(recovery.frame(entry)).toBe("no-birth");
    if (grid !== undefined) recovery.note({ ...device, startedAt: 5000, schema, grid });
    expect(recovery.frame(entry)).toMatchObject({ time: 66_000, rows: 0, ranges: [[7, 7]] });
    expect(recovery.frame(entry)).toMatchObject({ ranges: [] });
    expect(answered).toMatchObject([{ rows: [{ place: place(3, 2) }], gone: [place(0, 1)] }]);
    expect(recovery.frame({ ...entry, payload: answer(8).subarray(0, 9) })).toBe("content");
  });
});
