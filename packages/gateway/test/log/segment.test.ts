import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRecordWriter, encodeSegmentHead, scanSegment, segmentHead } from "../../src/log/segment.ts";

const salt = [0x12345678, 0x9abcdef0] as const;

function segmentOf(payloads: readonly Uint8Array[], of: readonly [number, number] = salt) {
  const head = encodeSegmentHead(7, of);
  const records = createRecordWriter(head).encode(payloads, segmentHead);
  const bytes = new Uint8Array(segmentHead + records.length);
  bytes.set(head);
  bytes.set(records, segmentHead);
  const ends = [segmentHead];
  for (const { length } of payloads) ends.push((ends.at(-1) ?? 0) + 8 + length);
  return { bytes, ends };
}

const payloadsOf = (bytes: Uint8Array) => scanSegment(bytes, 7).records.map(({ payload }) => [...payload]);
const payload = fc.uint8Array({ minLength: 1, maxLength: 20 });
const list = fc.array(payload, { minLength: 1, maxLength: 8 });

describe("log segments", () => {
  it("cut at any byte give every whole record before the cut", () => {
    fc.assert(
      fc.property(list, (payloads) => {
        const { bytes, ends } = segmentOf(payloads);
        for (let cut = segmentHead; cut <= bytes.length; cut++) {
          const whole = ends.filter((end) => end <= cut).length - 1;
          const { records, damage, end } = scanSegment(bytes.slice(0, cut), 7);
          expect(records.map(({ payload: read }) => [...read])).toEqual(payloads.slice(0, whole).map((p) => [...p]));
          expect(end).toBe(ends[whole]);
          expect(damage.map(({ reason, bytes: torn }) => [reason, torn])).toEqual(
            cut === end ? [] : [["torn", cut - end]],
          );
        }
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  it("with any byte flipped lose the record that it lies in, and no other", () => {
    fc.assert(
      fc.property(list, fc.nat(), fc.integer({ min: 1, max: 255 }), (payloads, where, flip) => {
        const { bytes, ends } = segmentOf(payloads);
        const at = segmentHead + (where % (bytes.length - segmentHead));
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const hit = ends.findIndex((end) => end > at) - 1;
        expect(payloadsOf(bytes)).toEqual(payloads.filter((_, i) => i !== hit).map((p) => [...p]));
        const reason = hit === payloads.length - 1 ? "torn" : "damaged";
        expect(scanSegment(bytes, 7).damage).toMatchObject([{ reason, offset: ends[hit] }]);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it("survive a flipped byte in one copy of the head, and tell when both are spoilt", () => {
    const { bytes } = segmentOf([Uint8Array.of(1)]);
    for (let at = 0; at < segmentHead; at++) {
      const spoilt = bytes.slice();
      spoilt[at] = (spoilt[at] ?? 0) ^ 1;
      expect(payloadsOf(spoilt)).toEqual([[1]]);
      const other = (at + 24) % segmentHead;
      spoilt[other] = (spoilt[other] ?? 0) ^ 1;
      expect(scanSegment(spoilt, 7)).toMatchObject({ records: [], damage: [{ offset: 0, reason: "damaged" }] });
    }
    expect(scanSegment(bytes.subarray(0, 20), 7)).toMatchObject({ damage: [{ reason: "torn" }], end: 0 });
  });

  it("never take a record that a sender has put into a frame, wherever reading resumes", () => {
    const forged = segmentOf([Uint8Array.of(66, 66)], [0, 0]).bytes.subarray(segmentHead);
    const { bytes } = segmentOf([Uint8Array.of(1), forged, Uint8Array.of(2)]);
    bytes[segmentHead + 9] = 0xff; // the length of the record around it
    expect(payloadsOf(bytes)).toEqual([[1], [2]]);
    const same = segmentOf([Uint8Array.of(66, 66)]).bytes.subarray(segmentHead); // right salt, wrong place
    const moved = segmentOf([Uint8Array.of(1), same, Uint8Array.of(2)]).bytes;
    moved[segmentHead + 9] = 0xff;
    expect(payloadsOf(moved)).toEqual([[1], [2]]);
  });

  it("refuse another version", () => {
    const { bytes } = segmentOf([]);
    const view = new DataView(bytes.buffer);
    view.setUint16(4, 2, true);
    expect(scanSegment(bytes, 7).records).toEqual([]); // a flipped bit, not a version: the other copy holds
    const next = encodeSegmentHead(7, salt);
    expect(() => scanSegment(withVersion(next, 2), 7)).toThrow(expect.objectContaining({ code: "version" }));
  });
});

function withVersion(head: Uint8Array, version: number): Uint8Array {
  const view = new DataView(head.buffer);
  view.setUint16(4, version, true);
  let crc = 0xffffffff;
  for (const byte of head.subarray(0, 20)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  view.setUint32(20, ~crc >>> 0, true);
  return head;
}
