import { defineSchema, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { decodeEntry, encodeEntry, type LogEntry } from "../../src/log/entry.ts";

const schema = defineSchema([
  { name: "x", unit: "°C", range: [0, 1], role: "feature" },
  { name: "y", unit: "W", range: [0, 1], role: "target" },
]);
const entries: LogEntry[] = [
  { type: "frame", device: "a_-9", session: 0xffffffff, at: 1_700_000_000_000.25, payload: Uint8Array.of(1, 2, 3) },
  { type: "frame", device: "a", session: 0, at: 0, payload: new Uint8Array(0) },
  { type: "note", device: "a", session: 5, startedAt: 17, schema, grid: uniformGrid(schema, { epoch: 3 }) },
  { type: "declared", device: "a", session: 5, startedAt: 17, ranges: [[0, 2 ** 40]] },
  {
    type: "task",
    choice: "{}",
    task: { features: [{ name: "x", unit: "°C", column: 0 }], target: { name: "y", unit: "W", column: 1 } },
  },
];

describe("log entries", () => {
  it.each(entries)("come back as they were: $type", (entry) => {
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
  });

  it("refuse what is not sound", () => {
    for (const bytes of [[], [0], [9, 1], [1, 40, 1], [2, 0x7b], [3, 0xff], [4, 0x31]])
      expect(decodeEntry(Uint8Array.from(bytes))).toBeUndefined();
  });
});
