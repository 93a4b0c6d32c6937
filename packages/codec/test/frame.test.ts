import { decode as decodeCbor } from "cbor-x";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codings } from "../src/coding/coding.ts";
import { decodeFrame, encodeFrame, type Frame, frameSize, frameVersion, rowTimes } from "../src/frame.ts";
import { bytesOf, frameOf, hexOf, outcome, sizeOf } from "./support/frames.ts";

const word = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 0xffffffff),
);
const start = fc.oneof(word, fc.integer({ min: 0, max: 2 ** 52 - 1 }), fc.constantFrom(2 ** 32, 2 ** 52 - 1));
const frames: fc.Arbitrary<Frame> = fc.integer({ min: 1, max: 300 }).chain((rows) =>
  fc.record({
    session: word,
    sequence: word,
    grid: fc.integer({ min: 0, max: 65_535 }),
    coding: fc.constantFrom(...codings),
    start,
    interval: fc.oneof(word, fc.array(word, { minLength: rows - 1, maxLength: rows - 1 })),
    rows: fc.constant(rows),
    body: fc.uint8Array({ maxLength: 400 }),
  }),
);

describe("encodeFrame and decodeFrame", () => {
  it("round trip, at the size that was foretold, and cbor-x reads the same array", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const bytes = encodeFrame(frame);
        expect(bytes).toHaveLength(sizeOf(frame));
        expect(decodeFrame(bytes)).toEqual(frame);
        const { session, sequence, grid, start: t0, interval, rows, body } = frame;
        const plain = (item: unknown): unknown =>
          typeof item === "bigint" ? Number(item) : Array.isArray(item) ? item.map(plain) : item;
        const items = plain(decodeCbor(bytes)) as unknown[];
        const coding = codings.indexOf(frame.coding);
        expect(items.slice(0, 8)).toEqual([frameVersion, session, sequence, grid, coding, t0, interval, rows]);
        expect(hexOf(items[8] as Uint8Array)).toBe(hexOf(body));
      }),
      { numRuns: 1000, seed: 7 },
    );
  });

  it("writes the bytes of the layout", () => {
    expect(hexOf(encodeFrame(frameOf()))).toBe("890107030100" + "1903e8" + "1901f4" + "04" + "4401020304");
    expect(hexOf(encodeFrame(frameOf({ interval: [1, 24, 70_000] })))).toBe(
      `890107030100${"1903e8"}${"83011818"}${"1a00011170"}04${"4401020304"}`,
    );
  });

  it("copies the body, from a Buffer too, and keeps nothing of the input", () => {
    const bytes = Buffer.from(encodeFrame(frameOf()));
    const frame = decodeFrame(bytes);
    bytes.fill(0xff);
    expect(frame.body).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(Object.getPrototypeOf(frame.body)).toBe(Uint8Array.prototype);
    expect(frame.body.buffer.byteLength).toBe(4);
  });

  it("reads a frame in the middle of a larger buffer", () => {
    const bytes = encodeFrame(frameOf());
    const large = new Uint8Array(bytes.length + 20).fill(0xff);
    large.set(bytes, 10);
    expect(decodeFrame(large.subarray(10, 10 + bytes.length))).toEqual(frameOf());
  });

  it.each<[string, Partial<Frame>]>([
    ["session", { session: 2 ** 32 }],
    ["session", { session: -1 }],
    ["sequence", { sequence: 0.5 }],
    ["sequence", { sequence: Number.NaN }],
    ["grid", { grid: 65_536 }],
    ["start", { start: 2 ** 52 }],
    ["interval", { interval: -1 }],
    ["interval", { interval: [1, 2 ** 32, 3] }],
    ["intervals", { interval: [1, 2] }],
    ["rows", { rows: 0 }],
    ["rows", { rows: 65_536 }],
    ["coding", { coding: "morse" as "packed" }],
  ])("refuses to write a bad %s", (_, parts) => {
    expect(() => encodeFrame(frameOf(parts))).toThrow(RangeError);
  });
});

describe("the size of a header", () => {
  const header = (parts: Partial<Frame>) => {
    const frame = frameOf(parts);
    const bytes = encodeFrame(frame).length - frame.body.length;
    expect(frameSize({ ...frame, bodyBytes: frame.body.length })).toBe(bytes + frame.body.length);
    return bytes;
  };
  const body = (length: number) => new Uint8Array(length);
  /** The largest of every field that the promise of 26 bytes covers. */
  const covered = {
    session: 2 ** 32 - 1,
    sequence: 65_535,
    grid: 23,
    start: 2 ** 32 - 1,
    interval: 65_535,
    rows: 65_535,
    body: body(65_535),
  };

  it("is 26 bytes at most while grid ≤ 23, sequence, dt, rows and body < 65,536, t0 < 2³²", () => {
    expect(header(covered)).toBe(26);
    for (const smaller of [
      { session: 0 },
      { sequence: 0 },
      { start: 0 },
      { interval: 0 },
      { rows: 1 },
      { body: body(1) },
    ])
      expect(header({ ...covered, ...smaller })).toBeLessThan(26);
  });

  it("passes 26 as soon as one field leaves that cover", () => {
    for (const larger of [
      { sequence: 65_536 },
      { grid: 24 },
      { start: 2 ** 32 },
      { interval: 65_536 },
      { body: body(65_536) },
    ])
      expect(header({ ...covered, ...larger })).toBeGreaterThan(26);
  });

  it("is 38 bytes at the very most with a single dt, 36 under the receiver's default limit", () => {
    const most = {
      session: 2 ** 32 - 1,
      sequence: 2 ** 32 - 1,
      grid: 65_535,
      start: 2 ** 52 - 1,
      interval: 2 ** 32 - 1,
      rows: 65_535,
    };
    expect(header({ ...most, body: body(65_536) })).toBe(38);
    expect(header({ ...most, body: body(65_500) })).toBe(36);
  });

  it("grows by the deltas where they differ: a head, and 1 to 5 bytes each", () => {
    expect(header({ interval: [1, 1, 1] })).toBe(header({ interval: 1 }) + 3);
    expect(header({ interval: Array.from({ length: 299 }, () => 2 ** 32 - 1), rows: 300 })).toBe(
      header({ interval: 1, rows: 300 }) - 1 + 3 + 5 * 299,
    );
  });
});

describe("decodeFrame refuses", () => {
  const sound = "89 01 07 03 01 00 1903e8 1901f4 04 44 01020304";
  const changed = (from: string, to: string) => bytesOf(sound.replace(from, to));

  it.each([
    ["no bytes", bytesOf(""), "truncated"],
    ["a cut body", bytesOf(sound).subarray(0, -1), "truncated"],
    ["more bytes", bytesOf(`${sound} 00`), "trailing"],
    ["a map", changed("89", "a9"), "type"],
    ["a session that is text", changed("07", "6107"), "type"],
    ["a negative session", changed("07", "20"), "type"],
    ["an indefinite array", changed("89", "9f"), "type"],
    ["a reserved head", changed("07", "1c"), "type"],
    ["a dt that is text", changed("1901f4", "6101"), "type"],
    ["a tag around the body", changed("44", "c244"), "type"],
    ["a float", changed("1903e8", "f90000"), "type"],
    ["a session in two bytes where one does", changed("07", "1807"), "form"],
    ["t0 in four bytes where two do", changed("1903e8", "1a000003e8"), "form"],
    ["a body length in two bytes where one does", changed("44", "5804"), "form"],
    ["version 2", changed("01 07", "02 07"), "version"],
    ["version 2 with ten fields", bytesOf("8a 02 07 03 01 00 00 00 04 40 00"), "version"],
    ["coding 4", changed("01 00", "01 04"), "coding"],
    ["a session of 33 bits", changed("07", "1b0000000100000000"), "range"],
    ["grid 65,536", changed("01 00", "1a00010000 00"), "range"],
    ["t0 of 2^52", changed("1903e8", "1b0010000000000000"), "range"],
    ["t0 beyond 2^53", changed("1903e8", "1bffffffffffffffff"), "range"],
    ["no rows", changed("04 44", "00 44"), "range"],
    ["more rows than allowed", changed("04 44", "191001 44"), "range"],
    ["eight fields", changed("89", "88"), "length"],
    ["ten fields", bytesOf(`8a${sound.slice(2)} 00`), "length"],
    ["two deltas for four rows", changed("1901f4", "820101"), "length"],
    ["a frame above the size limit", new Uint8Array(65_537), "size"],
  ])("%s", (_, bytes, code) => {
    expect(outcome(bytesOf(sound))).toBe("frame");
    expect(outcome(bytes)).toBe(code);
    expect(outcome(bytesOf(sound))).toBe("frame");
  });

  it("says where", () => {
    expect(() => decodeFrame(changed("01 00", "01 05"))).toThrow(
      expect.objectContaining({ code: "coding", offset: 5 }),
    );
    expect(() => decodeFrame(changed("1901f4", "6101"))).toThrow(expect.objectContaining({ code: "type", offset: 9 }));
  });
});

describe("rowTimes", () => {
  it("adds intervals up, exactly to the last row of the longest frame", () => {
    expect([...rowTimes({ start: 10, interval: 5, rows: 3 })]).toEqual([10, 15, 20]);
    expect([...rowTimes({ start: 10, interval: [1, 100], rows: 3 })]).toEqual([10, 11, 111]);
    const rows = 65_535;
    const times = rowTimes({ start: 2 ** 52 - 1, interval: 2 ** 32 - 1, rows });
    expect(BigInt(times[rows - 1] ?? 0)).toBe(2n ** 52n - 1n + 65_534n * (2n ** 32n - 1n));
  });
});
