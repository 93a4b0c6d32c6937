import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fold } from "../../src/coding/fold.ts";
import { type CodeLayout, maxCodedValues } from "../../src/coding/layout.ts";
import { decodeRice, encodeRice, riceSize } from "../../src/coding/rice.ts";
import { createStream } from "../../src/stream.ts";
import { bytesOf, hexOf } from "../support/frames.ts";
import { faultOf, harmed, layouts, same, single, wanderingCodes } from "./support.ts";

const encode = (codes: Uint16Array, layout: CodeLayout): Uint8Array => encodeRice(codes, layout) as Uint8Array;

/** The layout as text, bits in order, from its description alone; the parameter is tried out in full. */
function oracle(codes: Uint16Array, { channels }: CodeLayout): string {
  const bitsOf = (value: number, bits: number): string =>
    Array.from({ length: bits }, (_, i) => Math.floor(value / 2 ** i) % 2).join("");
  return channels
    .map(({ bits, top }, c) => {
      const own = [...codes].filter((_, i) => i % channels.length === c);
      const folded = own.slice(1).map((code, i) => fold(own[i] as number, code, top));
      const bodies = Array.from({ length: Math.min(bits, 15) }, (_, k) =>
        folded
          .map((n) =>
            n >> k < 8 ? `${"0".repeat(n >> k)}1${bitsOf(n % 2 ** k, k)}` : `${"0".repeat(8)}${bitsOf(n, bits)}`,
          )
          .join(""),
      );
      const least = Math.min(...bodies.map(({ length }) => length));
      const k = bodies.findIndex(({ length }) => length === least);
      const still = folded.every((n) => n === 0);
      return bitsOf(still ? 0 : k + 1, 4) + bitsOf(own[0] as number, bits) + (still ? "" : bodies[k]);
    })
    .join("");
}

describe("coding rice", () => {
  it("lays codes out as the page says, with the best parameter, and takes them back", () => {
    const words = createStream("rice/layout");
    fc.assert(
      fc.property(
        layouts,
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom(0, 0.01, 0.1, 1),
        (layout, rows, wander) => {
          const codes = wanderingCodes(words, rows, layout, wander);
          const body = encode(codes, layout);
          const text = [...body].map((byte) => [...byte.toString(2).padStart(8, "0")].reverse().join("")).join("");
          expect(text.replace(/0*$/, "")).toBe(oracle(codes, layout).replace(/0*$/, ""));
          expect(body.length).toBe(riceSize(codes, layout));
          expect(body.length).toBe(Math.ceil(oracle(codes, layout).length / 8));
          expect(same(decodeRice(body, rows, layout), codes)).toBe(true);
        },
      ),
      { numRuns: 80, seed: 11 },
    );
  });

  it.each([1, 2, 256, 1023, 4095])("takes %i rows of every width back", (rows) => {
    const words = createStream("rice/rows", rows);
    for (let bits = 1; bits <= 16; bits++)
      for (const wander of [0, 0.02, 1]) {
        const codes = wanderingCodes(words, rows, single(bits), wander);
        expect(same(decodeRice(encode(codes, single(bits)), rows, single(bits)), codes)).toBe(true);
      }
  });

  it("gives the bytes of the worked example", () => {
    const body = encode(Uint16Array.of(5, 5, 6, 5, 4, 4, 5, 5), single(4));
    expect(hexOf(body)).toBe("51a919");
    expect([...decodeRice(bytesOf("51a919"), 8, single(4))]).toEqual([5, 5, 6, 5, 4, 4, 5, 5]);
  });

  it("takes no more than packed, but for a parameter a channel and a bit a code, whatever the codes", () => {
    const words = createStream("rice/worst");
    for (let bits = 1; bits <= 16; bits++) {
      const codes = wanderingCodes(words, 4095, single(bits), 1);
      expect(riceSize(codes, single(bits)) * 8).toBeLessThanOrEqual(4095 * (bits + 1) + 4 + 7);
    }
  });

  it("stops at the limit it is given", () => {
    const codes = wanderingCodes(createStream("rice/limit"), 100, single(6), 0.1);
    const { length } = encode(codes, single(6));
    expect(encodeRice(codes, single(6), length)).toBeUndefined();
    expect(encodeRice(codes, single(6), length + 1)).toHaveLength(length);
  });
});

describe("a body in coding rice that came to harm", () => {
  // Width 4: parameter 4 bits, first code 4 bits, then differences.
  it.each([
    ["nothing at all", "", 1, "length"],
    ["a parameter above the width", "05", 1, "range"],
    ["a second byte that no code needs", "5000", 1, "length"],
    ["an unused bit set", "510b", 2, "padding"],
    ["a body that ends within a code", "51", 2, "length"],
    ["an escape whose number does not need it", "510002", 2, "form"],
    ["an escape for the largest number", "51000f", 2, "sound"],
  ])("%s", (_, hex, rows, fault) => {
    const body = bytesOf(hex);
    expect(faultOf(() => decodeRice(body, rows, single(4)))).toBe(fault);
  });

  it("with a first code or a difference above the top code", () => {
    const layout = { channels: [{ bits: 4, top: 14 }] };
    expect(faultOf(() => decodeRice(bytesOf("f0"), 1, layout))).toBe("code");
    expect(faultOf(() => decodeRice(bytesOf("51000f"), 2, layout))).toBe("code");
  });

  it("asks for no more memory than its codes, which are bounded", () => {
    expect(faultOf(() => decodeRice(bytesOf("50"), maxCodedValues, single(4)))).toBe("sound");
    expect(faultOf(() => decodeRice(bytesOf("50"), maxCodedValues + 1, single(4)))).toBe("range");
  });

  it("is refused, or has the one spelling of other codes", () => {
    const words = createStream("rice/harm");
    const seen = new Map<unknown, number>();
    fc.assert(
      fc.property(layouts, fc.integer({ min: 1, max: 30 }), (layout, rows) => {
        const body = encode(wanderingCodes(words, rows, layout, 0.1), layout);
        for (let n = 0; n < 20; n++) {
          const bytes = harmed(body, words);
          const fault = faultOf(() => decodeRice(bytes, rows, layout));
          expect(typeof fault, String(fault)).toBe("string");
          seen.set(fault, (seen.get(fault) ?? 0) + 1);
          if (fault === "sound")
            expect(riceSize(decodeRice(bytes, rows, layout), layout)).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 150, seed: 12 },
    );
    for (const fault of ["sound", "length", "range", "code", "form", "padding"])
      expect(seen.has(fault), fault).toBe(true);
  });
});
