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
type Timed = Pick<Frame, "sequence" | "rows" | "start" | "interval">;
const rows = fc.integer({ min: 1, max: 300 });
const unrelated: fc.Arbitrary<Timed> = rows.chain((rows) =>
  fc.record({
    sequence: word,
    rows: fc.constant(rows),
    start,
    interval: fc.oneof(word, fc.array(word, { minLength: rows - 1, maxLength: rows - 1 })),
  }),
);
/** Frames of a device that samples regularly: early, when they are due, and late, by whole intervals and by less. */
const regular: fc.Arbitrary<Timed> = fc
  .record({
    sequence: fc.oneof(fc.nat(100), fc.nat(100_000)),
    rows,
    unit: fc.constantFrom(1, 1000, 60_000, 3_600_000),
    count: fc.integer({ min: 1, max: 130 }),
    off: fc.integer({ min: -50, max: 50 }),
    more: fc.constantFrom(0, 0, 0, 1, 1000),
  })
  .map(({ sequence, rows, unit, count, off, more }) => {
    const interval = unit * count;
    return {
      sequence,
      rows,
      interval,
      start: Math.min(Math.max(0, (sequence * rows + off) * interval + more), 2 ** 52 - 1),
    };
  });
const frames: fc.Arbitrary<Frame> = fc
  .record({
    session: word,
    grid: fc.integer({ min: 0, max: 65_535 }),
    coding: fc.constantFrom(...codings),
    body: fc.uint8Array({ maxLength: 400 }),
    timed: fc.oneof(unrelated, regular),
  })
  .map(({ timed, ...frame }) => ({ ...frame, ...timed }));

/** t0 and dt in ms, from the numbers that another library reads, in whole numbers of any size. */
function timesOf(t0: number, dt: number, due: number): { start: bigint; interval: bigint } {
  const told = BigInt(-1 - dt);
  const interval = dt >= 0 ? BigInt(dt) : (told / 3n + 1n) * ([1000n, 60_000n, 3_600_000n][Number(told % 3n)] ?? 0n);
  const steps = BigInt(t0 >= 0 ? t0 : -1 - t0) * (dt >= 0 ? 1n : interval);
  return { interval, start: steps + (t0 >= 0 ? 0n : BigInt(due) * interval) };
}

describe("encodeFrame and decodeFrame", () => {
  it("round trip, at the size that was foretold, and cbor-x reads the same array", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const bytes = encodeFrame(frame);
        expect(bytes).toHaveLength(sizeOf(frame));
        expect(decodeFrame(bytes)).toEqual(frame);
        const { session, sequence, grid, start, interval, rows, body } = frame;
        const plain = (item: unknown): unknown =>
          typeof item === "bigint" ? Number(item) : Array.isArray(item) ? item.map(plain) : item;
        const items = plain(decodeCbor(bytes)) as unknown[];
        const coding = codings.indexOf(frame.coding);
        const [t0, dt] = items.slice(4, 6) as [number, number | number[]];
        expect(items).toHaveLength(8);
        expect(items.slice(0, 4)).toEqual([8 * frameVersion + coding, session, sequence, grid]);
        if (typeof dt === "number") {
          const told = timesOf(t0, dt, sequence * rows);
          expect(told).toEqual({ start: BigInt(start), interval: BigInt(interval as number) });
        } else expect([t0, dt]).toEqual([start, interval]);
        expect(items[6]).toBe(rows - 1);
        expect(hexOf(items[7] as Uint8Array)).toBe(hexOf(body));
      }),
      { numRuns: 1000, seed: 7 },
    );
  });

  it("writes the bytes of the layout", () => {
    expect(hexOf(encodeFrame(frameOf()))).toBe("8808070301" + "1903e8" + "1901f4" + "03" + "4401020304");
    expect(hexOf(encodeFrame(frameOf({ interval: [1, 24, 70_000] })))).toBe(
      `8808070301${"1903e8"}${"83011818"}${"1a00011170"}03${"4401020304"}`,
    );
  });

  // Four rows, the fourth frame: due after twelve intervals.
  it.each<[about: string, start: number, interval: number, t0: string, dt: string]>([
    ["the first at once", 0, 1000, "00", "20"],
    ["due, a second", 12_000, 1000, "20", "20"],
    ["due, 23 seconds", 12 * 23_000, 23_000, "20", "3842"],
    ["due, a minute", 12 * 60_000, 60_000, "20", "21"],
    ["due, an hour", 12 * 3_600_000, 3_600_000, "20", "22"],
    ["due, a day", 12 * 86_400_000, 86_400_000, "20", "3847"],
    ["due, 49 days", 12 * 49 * 86_400_000, 49 * 86_400_000, "20", "390dc7"],
    ["two rows late", 14_000, 1000, "22", "20"],
    ["a row early", 11_000, 1000, "0b", "20"],
    ["late by no whole interval", 12_500, 1000, "3901f4", "1903e8"],
    ["early by no whole interval", 11_500, 1000, "192cec", "1903e8"],
    ["due, 500 ms", 6000, 500, "20", "1901f4"],
    ["a millisecond late, 500 ms", 6001, 500, "21", "1901f4"],
    ["at once, whatever the row", 1000, 0, "1903e8", "00"],
  ])("tells times in the unit and from the time that serve: %s", (_, start, interval, t0, dt) => {
    const frame = frameOf({ start, interval });
    expect(hexOf(encodeFrame(frame))).toBe(`8808070301${t0}${dt}034401020304`);
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
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
  /** The largest of every field that the promise of 25 bytes covers. */
  const covered = {
    session: 2 ** 32 - 1,
    sequence: 65_535,
    grid: 23,
    start: 2 ** 32 - 1,
    interval: 65_535,
    rows: 65_535,
    body: body(65_535),
  };

  it("is 25 bytes at most while grid ≤ 23, sequence, dt, rows and body < 65,536, t0 < 2³²", () => {
    expect(header(covered)).toBe(25);
    for (const smaller of [
      { session: 0 },
      { sequence: 0 },
      { start: 0 },
      { interval: 0 },
      { rows: 1 },
      { body: body(1) },
    ])
      expect(header({ ...covered, ...smaller })).toBeLessThan(25);
  });

  it("passes 25 as soon as one field leaves that cover", () => {
    for (const larger of [
      { sequence: 65_536 },
      { grid: 24 },
      { start: 2 ** 32 },
      { interval: 65_536 },
      { body: body(65_536) },
    ])
      expect(header({ ...covered, ...larger })).toBeGreaterThan(25);
  });

  it("is 25 bytes at most under that cover, whatever the times", () => {
    const covering = fc.record({
      sequence: fc.nat(65_535),
      start: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(65_535)),
      interval: fc.oneof(fc.nat(65_535), fc.constantFrom(1000, 5000, 60_000)),
      rows: fc.integer({ min: 1, max: 65_535 }),
    });
    fc.assert(
      fc.property(covering, (parts) => frameSize({ ...covered, ...parts, bodyBytes: 65_535 }) <= 65_535 + 25),
      { numRuns: 2000, seed: 11 },
    );
  });

  it("is 12 bytes of a device that samples every so many seconds, minutes or hours and fills its frames", () => {
    const batch = { session: 1, grid: 0, rows: 256, body: body(60) };
    for (const interval of [1000, 8000, 60_000, 300_000, 3_600_000, 6 * 3_600_000])
      for (const sequence of [24, 255])
        expect(header({ ...batch, sequence, interval, start: sequence * 256 * interval })).toBe(12);
  });

  it("is 37 bytes at the very most with a single dt, 35 under the receiver's default limit", () => {
    const most = {
      session: 2 ** 32 - 1,
      sequence: 2 ** 32 - 1,
      grid: 65_535,
      start: 2 ** 52 - 1,
      interval: 2 ** 32 - 1,
      rows: 65_535,
    };
    expect(header({ ...most, body: body(65_536) })).toBe(37);
    expect(header({ ...most, body: body(65_500) })).toBe(35);
  });

  it("grows by the deltas where they differ: a head, and 1 to 5 bytes each", () => {
    expect(header({ interval: [1, 1, 1] })).toBe(header({ interval: 1 }) + 3);
    expect(header({ start: 0, interval: Array.from({ length: 299 }, () => 2 ** 32 - 1), rows: 300 })).toBe(
      header({ start: 0, interval: 1, rows: 300 }) - 1 + 3 + 5 * 299,
    );
  });
});

describe("decodeFrame refuses", () => {
  // Four rows a half second apart, told in ms from the session's start.
  const sound = "88 08 07 03 01 1903e8 1901f4 03 44 01020304";
  const changed = (from: string, to: string) => bytesOf(sound.replace(from, to));
  const timed = (t0: string, dt: string) => bytesOf(sound.replace("1903e8 1901f4", `${t0} ${dt}`));

  it.each([
    ["no bytes", bytesOf(""), "truncated"],
    ["a cut body", bytesOf(sound).subarray(0, -1), "truncated"],
    ["more bytes", bytesOf(`${sound} 00`), "trailing"],
    ["a map", changed("88", "a8"), "type"],
    ["a session that is text", changed("07", "6107"), "type"],
    ["a negative session", changed("07", "20"), "type"],
    ["a negative last row", changed("03 44", "20 44"), "type"],
    ["a negative delta", timed("00", "83010120"), "type"],
    ["an indefinite array", changed("88", "9f"), "type"],
    ["a reserved head", changed("07", "1c"), "type"],
    ["a t0 that is an array", timed("80", "00"), "type"],
    ["a dt that is text", changed("1901f4", "6101"), "type"],
    ["a tag around the body", changed("44", "c244"), "type"],
    ["a float", changed("1903e8", "f90000"), "type"],
    ["a session in two bytes where one does", changed("07", "1807"), "form"],
    ["t0 in four bytes where two do", changed("1903e8", "1a000003e8"), "form"],
    ["a body length in two bytes where one does", changed("44", "5804"), "form"],
    ["t0 in ms where it is a whole number of seconds' steps", timed("191388", "1903e8"), "form"],
    ["t0 in ms where dt is told in seconds and it is due", timed("192ee0", "20"), "form"],
    ["t0 from the session's start where it is due", timed("0c", "20"), "form"],
    ["t0 from the session's start where it is late, in ms", timed("191771", "1901f4"), "form"],
    ["t0 from where it is due with rows at once", timed("20", "00"), "form"],
    ["t0 from where it is due with deltas", timed("20", "83010101"), "form"],
    ["60 seconds", timed("00", "38b1"), "form"],
    ["120 minutes", timed("00", "390166"), "form"],
    ["3,600 seconds", timed("00", "392a2d"), "form"],
    ["version 2", changed("88 08", "88 10"), "version"],
    ["version 2 with nine fields", bytesOf("89 10 07 03 01 00 00 00 04 40"), "version"],
    ["version 0", changed("88 08", "88 00"), "version"],
    ["coding 4", changed("88 08", "88 0c"), "coding"],
    ["a session of 33 bits", changed("07", "1b0000000100000000"), "range"],
    ["grid 65,536", changed("03 01", "03 1a00010000"), "range"],
    ["t0 of 2^52", changed("1903e8", "1b0010000000000000"), "range"],
    ["t0 beyond 2^53", changed("1903e8", "1bffffffffffffffff"), "range"],
    ["t0 that comes to 2^52 ms and more", timed("1b0000100000000000", "22"), "range"],
    ["t0 that is late by 2^52 - 1 ms", timed("3b000fffffffffffff", "1901f4"), "range"],
    ["t0 due long after 2^53 ms", bytesOf("88 08 07 1affffffff 01 20 1affffffff 03 44 01020304"), "range"],
    ["dt of 2^32 ms", timed("00", "1b0000000100000000"), "range"],
    ["dt of 1,194 hours", timed("00", "390dfd"), "range"],
    ["dt of 2^32 - 1 thirds of a unit", timed("00", "3affffffff"), "range"],
    ["more rows than allowed", changed("03 44", "191000 44"), "range"],
    ["seven fields", changed("88", "87"), "length"],
    ["nine fields", bytesOf(`89${sound.slice(2)} 00`), "length"],
    ["two deltas for four rows", changed("1901f4", "820101"), "length"],
    ["a frame above the size limit", new Uint8Array(65_537), "size"],
  ])("%s", (_, bytes, code) => {
    expect(outcome(bytesOf(sound))).toBe("frame");
    expect(outcome(bytes)).toBe(code);
    expect(outcome(bytesOf(sound))).toBe("frame");
  });

  it("says where", () => {
    expect(() => decodeFrame(changed("88 08", "88 0d"))).toThrow(
      expect.objectContaining({ code: "coding", offset: 1 }),
    );
    expect(() => decodeFrame(changed("1901f4", "6101"))).toThrow(expect.objectContaining({ code: "type", offset: 8 }));
    expect(() => decodeFrame(timed("0c", "20"))).toThrow(expect.objectContaining({ code: "form", offset: 5 }));
    expect(() => decodeFrame(timed("00", "38b1"))).toThrow(expect.objectContaining({ code: "form", offset: 6 }));
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
