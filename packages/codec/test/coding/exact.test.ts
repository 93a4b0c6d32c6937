import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BitReader, BitWriter } from "../../src/coding/bits.ts";
import { decodeExact, encodeExact } from "../../src/coding/exact.ts";
import { maxCodedValues } from "../../src/coding/layout.ts";
import { createStream } from "../../src/stream.ts";
import { bytesOf, hexOf } from "../support/frames.ts";
import { faultOf, harmed, same } from "./support.ts";

describe("numbers bit by bit", () => {
  it("come back, up to 2^53 − 1", () => {
    const writer = new BitWriter();
    const numbers = [0, 1, 5, 2 ** 16, 2 ** 31, 2 ** 32 + 3, Number.MAX_SAFE_INTEGER];
    for (const number of numbers) writer.putNumber(number);
    const reader = new BitReader(writer.finish());
    expect(numbers.map(() => reader.takeNumber())).toEqual(numbers);
    expect(reader.rest()).toHaveLength(0);
  });
});

/** A channel of decimal readings: places, a start and a walk in units of some whole number. */
const channels = fc.record({
  places: fc.integer({ min: 0, max: 6 }),
  unit: fc.constantFrom(1, 1, 2, 5, 98, 1000),
  start: fc.integer({ min: -(10 ** 6), max: 10 ** 6 }),
  walk: fc.constantFrom(0, 1, 3, 50),
});

describe("coding exact", () => {
  it("gives decimal readings back to the bit", () => {
    const words = createStream("exact/round trip");
    fc.assert(
      fc.property(fc.array(channels, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (list, rows) => {
        const values = new Float64Array(rows * list.length);
        for (const [c, { places, unit, start, walk }] of list.entries()) {
          let whole = start;
          for (let r = 0; r < rows; r++) {
            values[r * list.length + c] = Number(`${whole}e-${places}`);
            whole += unit * ((words.word() % (2 * walk + 1)) - walk);
          }
        }
        for (const cheap of [true, false]) {
          const body = encodeExact(values, list.length, undefined, cheap);
          expect(same(decodeExact(body ?? new Uint8Array(), rows, list.length), values)).toBe(true);
        }
      }),
      { numRuns: 150, seed: 17 },
    );
  });

  it("gives the bytes of the worked example", () => {
    const values = Float64Array.of(21.5, 21.5, 21.75, 21.5);
    const body = encodeExact(values, 1, undefined, true) as Uint8Array;
    expect(decodeExact(body, 4, 1)).toEqual(values);
    // rice; 2 places, width 1, 2150 of 12 bits, unit 25 of 5 bits; then parameter 1, code 0 and 1 01 01 of differences
    expect(hexOf(body)).toMatchInlineSnapshot(`"2460cc709101a102"`);
  });

  it("says no to what is no decimal number of at most 15 places, or spans more than 16 bits", () => {
    expect(encodeExact(Float64Array.of(1 / 3), 1)).toBeUndefined();
    expect(
      encodeExact(
        Float64Array.from({ length: 10 }, (_, i) => Math.sqrt(i / 1e3)),
        1,
      ),
    ).toBeUndefined();
    expect(encodeExact(Float64Array.of(1e300), 1)).toBeUndefined();
    expect(encodeExact(Float64Array.of(1e-16), 1)).toBeUndefined();
    expect(encodeExact(Float64Array.of(0, 1, 65_536), 1)).toBeUndefined();
    expect(encodeExact(Float64Array.of(0, 1, 65_535), 1)).toBeDefined();
    expect(encodeExact(Float64Array.of(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), 1)).toBeUndefined();
  });

  it("keeps no sign of zero", () => {
    const body = encodeExact(Float64Array.of(-0, 0, 1), 1) as Uint8Array;
    expect([...decodeExact(body, 3, 1)]).toEqual([0, 0, 1]);
  });

  it("finds the unit of a converter's steps, which are no step of the last decimal place", () => {
    // Temperatures of a 14-bit converter: −39.6 + 0.01·n in volts of its own, here steps of 0.0098 to four places.
    const words = createStream("exact/unit");
    let n = 4000;
    const values = Float64Array.from({ length: 256 }, () => {
      n += (words.word() % 3) - 1;
      return Math.round(98 * n) / 10_000;
    });
    expect(encodeExact(values, 1, undefined, true)?.length).toBeLessThan(256 * 0.25 + 10);
  });

  it("takes the shorter of rice and arithmetic, and stops at its limit", () => {
    const words = createStream("exact/quiet");
    const values = Float64Array.from({ length: 256 }, () => (words.word() % 32 === 0 ? 21.6 : 21.5));
    const cheap = encodeExact(values, 1, undefined, true)?.length ?? 0;
    const best = encodeExact(values, 1)?.length ?? 0;
    expect(best).toBeLessThan(cheap);
    expect(encodeExact(values, 1, best)).toBeUndefined();
    expect(encodeExact(values, 1, best + 1)).toHaveLength(best);
  });
});

describe("a body in coding exact that came to harm", () => {
  it.each([
    ["nothing at all", "", "length"],
    ["a width of 17 bits", "2002000000", "range"],
    ["a zero with a sign", "0004000000", "form"],
    ["a coding where nothing moves", "0100000000", "form"],
  ])("%s", (_, hex, fault) => {
    expect(faultOf(() => decodeExact(bytesOf(hex), 1, 1))).toBe(fault);
  });

  it("is refused or gives finite readings", () => {
    const words = createStream("exact/harm");
    const seen = new Set<unknown>();
    for (let n = 0; n < 2500; n++) {
      const width = 1 + (n % 3);
      const values = Float64Array.from({ length: 8 * width }, () => (words.word() % 100) / 10 ** (n % 4));
      const body = harmed(encodeExact(values, width, undefined, n % 2 === 0) as Uint8Array, words);
      const fault = faultOf(() => {
        if (!decodeExact(body, 8, width).every(Number.isFinite)) throw new RangeError("no number");
      });
      expect(typeof fault, String(fault)).toBe("string");
      seen.add(fault);
    }
    for (const fault of ["sound", "length", "form", "range", "padding"]) expect(seen.has(fault), fault).toBe(true);
  });

  it("asks for no more memory and work than a bound allows", () => {
    expect(faultOf(() => decodeExact(bytesOf("0000000000"), maxCodedValues + 1, 1))).toBe("range");
    expect(faultOf(() => decodeExact(bytesOf("00000000"), 1, 1024))).toBe("length");
  });
});
