import { describe, expect, it } from "vitest";
import { decodeRecord, encodeRecord, holds, recordAt, recordSize, type SpoolRecord } from "../../src/spool/record.ts";
import { decodeSegmentHead, encodeSegmentHead, segmentName, segmentNumber } from "../../src/spool/segment.ts";
import { frameOf, noteOf, rowOf } from "./support.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const records: readonly SpoolRecord[] = [
  { type: "row", ordinal: 2 ** 40, row: { session: 0xffffffff, time: 0.1, values: Float64Array.of(-0, 1e-300) } },
  { type: "row", ordinal: 0, row: rowOf(1) },
  { type: "frame", ordinal: 7, from: 3, through: 2 ** 40, frame: frameOf(2 ** 32, [1, 2]) },
  { type: "note", ordinal: 1, note: noteOf(4, 2) },
  { type: "gone", frames: [[0, 3]] },
  {
    type: "drop",
    frames: [],
    rows: [[1, 2]],
    missing: [{ session: 1, ranges: [[2, 3]] }],
    totals: { rows: 2, frames: 1, frameRows: 9 },
  },
  { type: "settled", below: 77, last: { ordinal: 2 ** 40, session: 3, sequence: 9 } },
  { type: "cut", ends: [[3, 16]] },
];

describe("record", () => {
  it("comes back as it was written", () => {
    for (const record of records) {
      const bytes = encodeRecord(record, 5, 1000);
      expect(bytes.length).toBe(recordSize(record));
      expect(holds(bytes, 1000, 5)).toBe(true);
      expect(decodeRecord(bytes)).toEqual(record);
    }
  });

  it("lies on disk as documented", () => {
    const settled = encodeRecord({ type: "settled", below: 258, last: { ordinal: 1, session: 2, sequence: 3 } }, 1, 16);
    expect(hex(settled)).toMatch(/^1c000000.{8}0602010000000000000100000000000000020000000300000000000000$/);
    const row = encodeRecord(
      { type: "row", ordinal: 1, row: { session: 2, time: 3, values: Float64Array.of(1) } },
      1,
      16,
    );
    expect(hex(row)).toMatch(/^1c000000.{8}010100000000000000020000000000000000000840000000000000f03f$/);
    expect(hex(encodeSegmentHead("rows", 1))).toMatch(/^5a53504c0100010001000000/);
  });

  it("counts in its place only, whole only, and with every bit right", () => {
    for (const record of records) {
      const bytes = encodeRecord(record, 5, 1000);
      expect(holds(bytes, 1001, 5)).toBe(false);
      expect(holds(bytes, 1000, 6)).toBe(false);
      expect(holds(bytes.subarray(0, -1), 1000, 5)).toBe(false);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(holds(flipped, 1000, 5)).toBe(false);
      }
    }
  });

  it("is found at its place in a file and nowhere else", () => {
    const file = new Uint8Array(300);
    const bytes = encodeRecord({ type: "row", ordinal: 0, row: rowOf(1) }, 3, 40);
    file.set(bytes, 40);
    for (let offset = 0; offset < 300; offset++)
      expect(recordAt(file, offset, 3)).toBe(offset === 40 ? bytes.length : undefined);
    expect(recordAt(file.subarray(0, 60), 40, 3)).toBeUndefined();
  });
});

describe("segment", () => {
  it("has a name that sorts, and a head that says what it is", () => {
    expect(segmentName(1)).toBe("0000000001.seg");
    expect(segmentNumber("0000000012.seg")).toBe(12);
    for (const name of ["12.seg", "0000000001.seg.new", "cursor", "lock"]) expect(segmentNumber(name)).toBeUndefined();
    for (const kind of ["rows", "frames"] as const)
      expect(decodeSegmentHead(encodeSegmentHead(kind, 9), "x", 9)).toBe(kind);
    expect(decodeSegmentHead(encodeSegmentHead("rows", 9), "x", 8)).toBeUndefined();
  });
});
