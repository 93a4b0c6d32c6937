import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeArithmetic, encodeArithmetic } from "../../src/coding/arithmetic.ts";
import { type CodeLayout, maxCodedValues } from "../../src/coding/layout.ts";
import { riceSize } from "../../src/coding/rice.ts";
import { createStream } from "../../src/stream.ts";
import { bytesOf } from "../support/frames.ts";
import { entropy, faultOf, harmed, layouts, same, single, someOffsets, wanderingCodes } from "./support.ts";

const encode = (codes: Uint16Array, layout: CodeLayout, offsets?: Int8Array): Uint8Array =>
  encodeArithmetic(codes, layout, offsets) as Uint8Array;

/** Standard normal numbers by the polar method. */
function normals(name: string, count: number): Float64Array {
  const words = createStream(name);
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(words.uniform())) * Math.cos(2 * Math.PI * words.uniform()),
  );
}

describe("coding arithmetic", () => {
  it("takes codes of any layout back, with offsets and without", () => {
    const words = createStream("arithmetic/layout");
    fc.assert(
      fc.property(
        layouts,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 0.001, 0.01, 0.1, 1),
        fc.boolean(),
        (layout, rows, wander, aware) => {
          const codes = wanderingCodes(words, rows, layout, wander);
          const offsets = aware ? someOffsets(words, codes.length) : undefined;
          expect(same(decodeArithmetic(encode(codes, layout, offsets), rows, layout, offsets), codes)).toBe(true);
        },
      ),
      { numRuns: 60, seed: 15 },
    );
  });

  it.each([1, 2, 256, 4095])("takes %i rows of every width back", (rows) => {
    const words = createStream("arithmetic/rows", rows);
    for (const bits of rows > 1000 ? [1, 4, 9, 16] : Array.from({ length: 16 }, (_, i) => i + 1)) {
      const codes = wanderingCodes(words, rows, single(bits), 0.02);
      expect(same(decodeArithmetic(encode(codes, single(bits)), rows, single(bits)), codes)).toBe(true);
    }
  });

  it("takes a few bytes for channels that stand still, and what has no law stays near its width", () => {
    const still = new Uint16Array(256).fill(9);
    expect(encode(still, single(4)).length).toBeLessThanOrEqual(3);
    const words = createStream("arithmetic/noise");
    for (const bits of [1, 4, 8, 12]) {
      const noise = wanderingCodes(words, 1024, single(bits), 1).map(() => words.word() % 2 ** bits);
      expect(encode(noise, single(bits)).length * 8).toBeLessThan(1024 * (bits + 0.9) + 32);
    }
  });

  it("comes within 0.1 bits of the entropy of normal codes, where the law is not even the right one", () => {
    for (const step of [0.25, 0.5, 1]) {
      const codes = Uint16Array.from(normals("arithmetic/normal", 4096), (x) => 64 + Math.round(x / step));
      const bits = (encode(codes, single(7)).length * 8) / codes.length;
      expect(bits).toBeLessThan(entropy([...codes]) + 0.1);
    }
  });

  it("with the offsets known takes the 0.25 bits over the rate of the readings that dither costs, and not the zero-order entropy", () => {
    // Random walk with steps of a quarter of a quantization step, 256 readings a message, as smooth sensors are.
    const steps = normals("arithmetic/walk", 40 * 256);
    const words = createStream("arithmetic/walk/dither");
    let aware = 0;
    let blind = 0;
    let rice = 0;
    let value = 100;
    for (let message = 0; message < 40; message++) {
      const offsets = someOffsets(words, 256);
      const codes = Uint16Array.from(offsets, (offset, i) => {
        value = Math.min(120, Math.max(8, value + 0.25 * (steps[256 * message + i] ?? 0)));
        return Math.floor(value + (offset + 0.5) / 256 + 0.5);
      });
      aware += encode(codes, single(7), offsets).length;
      blind += encode(codes, single(7)).length;
      rice += riceSize(codes, single(7));
    }
    const bits = (bytes: number): number => (bytes * 8) / (40 * 256);
    expect(bits(aware)).toBeLessThan(bits(blind) - 0.25);
    expect(bits(aware)).toBeLessThan(1);
    expect(bits(aware)).toBeLessThan(bits(rice) - 0.5);
  });

  it("takes less for a slope and for a channel that is quiet half of the time than one width and no drift would", () => {
    const words = createStream("arithmetic/slope");
    // Five codes a row and noise of three: 4.8 bits where the last code alone is expected again.
    const slope = Uint16Array.from({ length: 512 }, (_, i) => 100 + 5 * i + (words.word() % 3));
    expect((encode(slope, single(12)).length * 8) / 512).toBeLessThan(3.6);
    // Half of the rows need 6 bits, the others none: 5.7 bits where one width serves both.
    const moving = Uint16Array.from({ length: 512 }, (_, i) => 2000 + (i % 128 < 64 ? 0 : words.word() % 64));
    expect((encode(moving, single(12)).length * 8) / 512).toBeLessThan(4.2);
  });

  it("takes less than 100 bits for a glitch of 12-bit codes, the rows after it included", () => {
    const words = createStream("arithmetic/glitch");
    const quiet = Uint16Array.from({ length: 512 }, () => 2000 + (words.word() % 16 === 0 ? 1 : 0));
    const glitch = Uint16Array.from(quiet, (code, i) => (i % 128 === 64 ? 3900 : code));
    const cost = (encode(glitch, single(12)).length - encode(quiet, single(12)).length) * 8;
    expect(cost / 4).toBeLessThan(100);
  });

  it("stops at the limit it is given", () => {
    const codes = wanderingCodes(createStream("arithmetic/limit"), 100, single(6), 0.1);
    const { length } = encode(codes, single(6));
    expect(encodeArithmetic(codes, single(6), undefined, length)).toBeUndefined();
    expect(encodeArithmetic(codes, single(6), undefined, length + 1)).toHaveLength(length);
    expect(encodeArithmetic(codes, single(6), undefined, 1)).toBeUndefined();
  });

  it("refuses offsets that are too few, which is the caller's fault", () => {
    expect(() => decodeArithmetic(bytesOf("00"), 2, single(4), new Int8Array(1))).toThrow(RangeError);
  });
});

describe("a body in coding arithmetic that came to harm", () => {
  it("is refused, or is the one spelling of other codes under its parameters", () => {
    const words = createStream("arithmetic/harm");
    const seen = new Map<unknown, number>();
    fc.assert(
      fc.property(layouts, fc.integer({ min: 1, max: 12 }), fc.boolean(), (layout, rows, aware) => {
        const codes = wanderingCodes(words, rows, layout, 0.1);
        const offsets = aware ? someOffsets(words, codes.length) : undefined;
        const body = encode(codes, layout, offsets);
        for (let n = 0; n < 10; n++) {
          const fault = faultOf(() => {
            const found = decodeArithmetic(harmed(body, words), rows, layout, offsets);
            for (const [i, code] of found.entries())
              if (code > (layout.channels[i % layout.channels.length]?.top ?? 0)) throw new RangeError("above the top");
          });
          expect(typeof fault, String(fault)).toBe("string");
          seen.set(fault, (seen.get(fault) ?? 0) + 1);
        }
      }),
      { numRuns: 80, seed: 16 },
    );
    for (const fault of ["sound", "length", "form"]) expect(seen.has(fault), fault).toBe(true);
  });

  it("asks for no more memory and work than a bound allows", () => {
    expect(faultOf(() => decodeArithmetic(bytesOf(""), maxCodedValues + 1, single(4)))).toBe("range");
    const begun = process.cpuUsage();
    expect(faultOf(() => decodeArithmetic(bytesOf("ffffffffffffffff"), maxCodedValues, single(16)))).toBe("form");
    expect(process.cpuUsage(begun).user).toBeLessThan(500_000);
  });

  it("is refused with other offsets, or gives other codes", () => {
    const words = createStream("arithmetic/offsets");
    const offsets = someOffsets(words, 64);
    const codes = Uint16Array.from(offsets, (offset) => Math.floor(20.3 + (offset + 0.5) / 256 + 0.5));
    const body = encode(codes, single(6), offsets);
    const other = offsets.map((offset) => -1 - offset);
    const fault = faultOf(() => {
      if (decodeArithmetic(body, 64, single(6), other).join() === codes.join()) throw new RangeError("the same");
    });
    expect(["sound", "form", "length"]).toContain(fault);
  });
});
