import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packCodes, unpackCodes } from "../src/bit-packing.ts";
import { DecodeError } from "../src/errors.ts";
import { decodeFrame, encodeFrame, type Frame } from "../src/frame.ts";
import { createStream } from "../src/stream.ts";
import { bytesOf, frameOf, outcome } from "./support/frames.ts";
import { quantizerOf, widthsAndSamples } from "./support/grids.ts";

const quantizer = quantizerOf([
  { bits: 3, samples: 1 },
  { bits: 4, samples: 2 },
]);
const samples: readonly Frame[] = [
  frameOf(),
  frameOf({ interval: [1, 300, 70_000], session: 0xfedcba98, sequence: 70_000 }),
  frameOf({ rows: 1, interval: 0, body: Uint8Array.of(0) }),
  frameOf({ rows: 1, interval: [], body: Uint8Array.of(), grid: 300, start: 2 ** 40 }),
  frameOf({ interval: 5000, start: 70_000 }),
  frameOf({ interval: 900_000, start: 900_000, sequence: 300 }),
  frameOf({ interval: 40, start: 500 }),
];

/** Both storeys, as a receiver runs them: the envelope, then the body under a grid. Anything but a fault is thrown on. */
function receive(bytes: Uint8Array, under = quantizer): string {
  try {
    const frame = decodeFrame(bytes);
    const again = encodeFrame(frame);
    if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i]))
      throw new Error(`two spellings of one frame: ${bytes}`);
    unpackCodes(frame.body, frame.rows, under);
    return "frame";
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    if (!(error.offset >= 0 && error.offset <= bytes.length)) throw new Error(`offset ${error.offset}`);
    return error.code;
  }
}

describe("a frame that came to harm", () => {
  it("with any one byte changed to any other is a DecodeError or a valid frame", () => {
    for (const frame of samples) {
      const bytes = encodeFrame(frame);
      for (let i = 0; i < bytes.length; i++) {
        const was = bytes[i] ?? 0;
        for (let value = 0; value < 256; value++) {
          bytes[i] = value;
          receive(bytes);
        }
        bytes[i] = was;
      }
      expect(decodeFrame(bytes)).toEqual(frame);
    }
  });

  it("cut anywhere is truncated; lengthened it is trailing", () => {
    for (const frame of samples) {
      const bytes = encodeFrame(frame);
      for (let length = 0; length < bytes.length; length++)
        expect(outcome(bytes.subarray(0, length))).toBe("truncated");
      expect(outcome(Uint8Array.of(...bytes, 0))).toBe("trailing");
    }
  });

  it("with bits flipped, cut and joined at will never gives another exception", () => {
    const harm = fc.record({
      frame: fc.constantFrom(...samples),
      flips: fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 0, max: 255 })), { maxLength: 5 }),
      cut: fc.nat(60),
      tail: fc.uint8Array({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(harm, ({ frame, flips, cut, tail }) => {
        const bytes = Uint8Array.of(...encodeFrame(frame).subarray(0, cut), ...tail);
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
        receive(bytes);
      }),
      { numRuns: 20_000, seed: 8 },
    );
  });
});

describe("a frame under any grid", () => {
  it("of every width and number of draws, with bytes flipped and cut, gives a DecodeError or a frame", () => {
    const rows = 5;
    const channel = fc.constantFrom(...widthsAndSamples).map(([bits, samples]) => ({ bits, samples }));
    const harm = fc.record({
      channels: fc.array(channel, { minLength: 1, maxLength: 4 }),
      flips: fc.array(fc.tuple(fc.nat(80), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
      cut: fc.option(fc.nat(80), { nil: 80 }),
    });
    const seen = new Set<string>();
    fc.assert(
      fc.property(harm, ({ channels, flips, cut }) => {
        const under = quantizerOf(channels);
        const values = Float64Array.from({ length: rows * channels.length }, (_, i) => Math.sin(i));
        const body = packCodes(under.encode(values, createStream("any grid")).codes, under);
        const bytes = encodeFrame(frameOf({ rows, body })).slice(0, cut);
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
        seen.add(receive(bytes, under));
      }),
      { numRuns: 20_000, seed: 9 },
    );
    for (const result of ["frame", "code", "truncated", "length"]) expect(seen, result).toContain(result);
  });
});

describe("bytes that never were a frame", () => {
  it("200,000 times at random, half of them behind a good start, give only DecodeError", () => {
    const words = createStream("fuzz");
    const seen = new Map<string, number>();
    const starts = [bytesOf("8808"), bytesOf("8808070301"), bytesOf("88080703011903e8")];
    for (let n = 0; n < 200_000; n++) {
      const bytes = new Uint8Array(words.word() % 40);
      for (let i = 0; i < bytes.length; i++) bytes[i] = words.word() >>> 24;
      const start = n % 2 === 0 ? undefined : starts[words.word() % starts.length];
      if (start !== undefined) bytes.set(start.subarray(0, bytes.length));
      const result = receive(bytes);
      seen.set(result, (seen.get(result) ?? 0) + 1);
    }
    for (const code of ["truncated", "trailing", "type", "form", "version", "coding", "range", "length"])
      expect(seen.get(code) ?? 0, code).toBeGreaterThan(0);
    expect(outcome(encodeFrame(frameOf()))).toBe("frame");
  });
});

describe("what a head promises", () => {
  const prefix = "88 08 07 03 01 00";
  /** Bytes that a call keeps or drops on the way, as far as the heap shows. */
  const growth = (act: () => void): number => {
    const before = process.memoryUsage();
    act();
    const after = process.memoryUsage();
    return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  };

  it.each([
    ["an outer array of 2^53 items", "9b 0020000000000000", "range"],
    ["an outer array of 2^32 items", "9a ffffffff 08", "length"],
    ["4,294,967,295 deltas", `${prefix} 9a ffffffff`, "range"],
    ["2^63 deltas", `${prefix} 9b 8000000000000000`, "range"],
    ["4,095 deltas that are not there", `${prefix} 99 0fff`, "truncated"],
    ["a body of 4 GiB", `${prefix} 00 00 5a ffffffff`, "truncated"],
    ["a body of 2^62 bytes", `${prefix} 00 00 5b 4000000000000000`, "range"],
    ["65,535 rows", `${prefix} 00 19 fffe 40`, "range"],
    ["2^40 rows", `${prefix} 00 1b 0000010000000000 40`, "range"],
  ])("is checked before anything is allocated: %s", (_, hex, code) => {
    const bytes = bytesOf(hex);
    expect(outcome(bytes)).toBe(code);
    // The middle one of many calls: what a call allocates shows in each, what the engine does meanwhile in few.
    const calls = Array.from({ length: 101 }, () => growth(() => outcome(bytes))).sort((a, b) => a - b);
    expect(calls[50]).toBeLessThan(65_536);
  });

  it("stays checked where the caller's limits are wide or missing", () => {
    const deltas = bytesOf(`${prefix} 9a 0000ffff`);
    expect(outcome(deltas, { maxRows: 1e9, maxBytes: 1e9 })).toBe("form");
    expect(outcome(bytesOf(`${prefix} 99 fffe`), { maxRows: 1e9 })).toBe("truncated");
    expect(outcome(bytesOf(`${prefix} 00 1a 00010000 40`), { maxRows: 1e9 })).toBe("range");
    const holes = { maxRows: undefined, maxBytes: undefined } as object;
    expect(outcome(bytesOf(`${prefix} 9b 8000000000000000`), holes)).toBe("range");
    expect(outcome(new Uint8Array(65_537), holes)).toBe("size");
    expect(outcome(encodeFrame(frameOf()), { maxBytes: 16 })).toBe("size");
    expect(outcome(encodeFrame(frameOf()), { maxRows: 3 })).toBe("range");
  });
});
