import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCbor, defaultCborLimits, encodeCbor } from "../src/cbor.ts";
import { ProtocolError } from "../src/errors.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const key = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => text !== "__proto__");
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.double({ noDefaultInfinity: false }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string({ unit: "grapheme", maxLength: 200 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 40 }),
    fc.dictionary(key, tie("value"), { maxKeys: 30, noNullPrototype: true }),
  ),
})).value;

/** Encodes by the book (RFC 8949), knowing nothing of the library. */
function oracle(value: unknown): number[] {
  if (value === null) return [0xf6];
  if (typeof value === "boolean") return [value ? 0xf5 : 0xf4];
  if (typeof value === "string") {
    const text = [...new TextEncoder().encode(value)];
    return [...head(3, text.length), ...text];
  }
  if (value instanceof Uint8Array) return [...head(2, value.length), ...value];
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(oracle)];
  if (typeof value === "object") {
    const entries = Object.entries(value);
    return [...head(5, entries.length), ...entries.flatMap(([name, item]) => [...oracle(name), ...oracle(item)])];
  }
  if (typeof value !== "number") throw new Error(typeof value);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return head(0, value);
  if (Number.isInteger(value) && value < 0 && value >= -(2 ** 31)) return head(1, -1 - value);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [0xfb, ...new Uint8Array(view.buffer)];
}

function head(major: number, value: number): number[] {
  if (value < 24) return [(major << 5) | value];
  if (value < 256) return [(major << 5) | 24, value];
  if (value < 65_536) return [(major << 5) | 25, value >> 8, value & 255];
  return [(major << 5) | 26, value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
}

describe("CBOR", () => {
  it("is plain: what the RFC says, with minimal headers and no tags", () => {
    expect(toHex(encodeCbor({ a: 1, b: [true, null, "ü"] }))).toBe("a2616101616283f5f662c3bc");
    expect(toHex(encodeCbor(Uint8Array.of(1, 2)))).toBe("420102");
    expect(toHex(encodeCbor({ x: undefined, y: { z: undefined } }))).toBe("a16179a0");
    fc.assert(
      fc.property(plain, (value) => {
        expect(toHex(encodeCbor(value))).toBe(toHex(Uint8Array.from(oracle(value))));
      }),
      { numRuns: 500 },
    );
  });

  it("comes back as it went, from either encoder", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value);
        expect(decodeCbor(Uint8Array.from(oracle(value)))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it("takes every width of an integer and of a float, up to what a number holds", () => {
    const values = ["1800", "190000", "1a00000000", "1b0000000000000000", "f90000", "fa00000000", "fb0000000000000000"];
    for (const text of values) expect(decodeCbor(hex(text))).toBe(0);
    expect(decodeCbor(hex("1b001fffffffffffff"))).toBe(Number.MAX_SAFE_INTEGER);
    expect(decodeCbor(hex("3b001ffffffffffffe"))).toBe(Number.MIN_SAFE_INTEGER);
    expect(decodeCbor(hex("f93c00"))).toBe(1);
  });

  it("copies: the result shares no memory with the bytes, the bytes are left as they were", () => {
    const bytes = hex("82 43010203 63616263");
    const keys = Reflect.ownKeys(bytes);
    const [binary] = decodeCbor(bytes) as [Uint8Array];
    expect(Reflect.ownKeys(bytes)).toEqual(keys);
    bytes.fill(0);
    expect(binary).toEqual(Uint8Array.of(1, 2, 3));
    expect([binary.constructor, binary.buffer.byteLength]).toEqual([Uint8Array, 3]);
    const first = encodeCbor("abc");
    encodeCbor("xyz");
    expect([toHex(first), first.buffer.byteLength, first.constructor]).toEqual(["63616263", 4, Uint8Array]);
  });

  const refused: readonly (readonly [string, string, number | undefined])[] = [
    ["nothing", "", 0],
    ["an end inside a number", "1901", 0],
    ["an end inside a text", "63 6162", 0],
    ["an array that promises more", "82 01", 0],
    ["an array that promises 2^32", "9b 00000001 00000000", 0],
    ["a map without its last value", "a1 6161", 3],
    ["a second item", "01 02", 1],
    ["a tag", "c0 00", 0],
    ["a bignum", "c2 41 01", 0],
    ["a record of the library", "d9dfff 83 00 80 80", 0],
    ["an endless array", "9f ff", 0],
    ["an endless text", "7f 61 61 ff", 0],
    ["a lonely break", "ff", 0],
    ["undefined", "f7", 0],
    ["a simple value", "f820", 0],
    ["a reserved length", "1c", 0],
    ["an integer above 2^53 - 1", "1b 0020000000000000", 0],
    ["an integer below -(2^53 - 1)", "3b 001fffffffffffff", 0],
    ["a key that is no text", "a1 01 02", 1],
    ["the same key twice", "a2 6161 01 6161 02", 4],
    ["the key __proto__", "a1 69 5f5f70726f746f5f5f a0", 1],
    ["a text that is not UTF-8", "62 c328", 0],
    ["half a surrogate pair", "63 eda080", 0],
  ];
  it.each(refused)("refuses %s", (_, text, offset) => {
    expect(() => decodeCbor(hex(text))).toThrow(expect.objectContaining({ code: "cbor", offset }));
  });

  it("refuses a map key that comes twice, among few keys and among many, whatever letters it has", () => {
    for (const keys of [2, 16, 17, 300]) {
      const names = Array.from({ length: keys }, (_, i) => `k€${i}`);
      const map = (all: readonly string[]) =>
        Uint8Array.from([...head(5, all.length), ...all.flatMap((name) => [...oracle(name), 0])]);
      expect(Object.keys(decodeCbor(map(names)) as object)).toEqual(names);
      for (const at of [0, keys - 1])
        expect(() => decodeCbor(map([...names, names[at] ?? ""]))).toThrow(
          expect.objectContaining({ code: "cbor", message: expect.stringContaining(`"k€${at}" twice`) }),
        );
    }
  });

  it("caps size and depth before anything is built", () => {
    const depth = (n: number) => Uint8Array.from([...Array(n).fill(0x81), 0x00]);
    expect(decodeCbor(depth(defaultCborLimits.maxDepth))).toBeDefined();
    expect(() => decodeCbor(depth(defaultCborLimits.maxDepth + 1))).toThrow(
      expect.objectContaining({ code: "depth", offset: defaultCborLimits.maxDepth }),
    );
    expect(() => decodeCbor(depth(30_000))).toThrow(expect.objectContaining({ code: "depth" }));
    expect(() => decodeCbor(new Uint8Array(32_769))).toThrow(expect.objectContaining({ code: "size" }));
    expect(() => decodeCbor(Uint8Array.of(0x81, 0x80), { maxBytes: 2, maxDepth: 1 })).toThrow(
      expect.objectContaining({ code: "depth" }),
    );
    let nested: unknown = 0;
    for (let i = 0; i < 30; i += 1) nested = [nested];
    expect(() => encodeCbor(nested)).toThrow(expect.objectContaining({ code: "depth" }));
    expect(() => encodeCbor("x".repeat(32_768))).toThrow(expect.objectContaining({ code: "size" }));
  });

  it("refuses to encode what has no plain form", () => {
    const circular: unknown[] = [];
    circular.push(circular);
    const none = [undefined, 1n, Symbol("a"), () => 0, new Date(0), new Map(), new Float32Array(1), 2 ** 60, circular];
    for (const value of none.slice(0, 7)) {
      expect(() => encodeCbor(value)).toThrow(expect.objectContaining({ code: "cbor" }));
    }
    expect(() => encodeCbor(circular)).toThrow(expect.objectContaining({ code: "depth" }));
    expect(decodeCbor(encodeCbor(2 ** 60))).toBe(2 ** 60);
  });

  it("takes linear time on input made to be slow", () => {
    const size = 32_768;
    const bignum = Uint8Array.from([0xc2, 0x59, 0x7f, 0xfc, ...Array(size - 4).fill(0xff)]);
    const keys = Uint8Array.from([
      0xb9,
      0x1f,
      0xff,
      ...Array.from({ length: 0x1fff }, (_, i) => [0x62, 0x30 + (i & 63), 0x30 + ((i >> 6) & 63), 0]).flat(),
    ]);
    const flat = Uint8Array.from([0x99, 0x7f, 0xf0, ...Array(0x7ff0).fill(0x80)]);
    const begun = performance.now();
    for (const bytes of [bignum, keys, flat]) {
      try {
        decodeCbor(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
    expect(performance.now() - begun).toBeLessThan(500);
  });

  it("survives anything: random and changed bytes give a value or a ProtocolError, and it works on afterwards", () => {
    const survive = (bytes: Uint8Array) => {
      try {
        decodeCbor(bytes);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survive), { numRuns: 20_000 });
    fc.assert(
      fc.property(plain, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), (value, edits) => {
        const bytes = encodeCbor(value);
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
        survive(bytes);
        survive(bytes.subarray(0, bytes.length >> 1));
      }),
      { numRuns: 2000 },
    );
    expect(decodeCbor(hex("a1 6161 83 01 02 03"))).toEqual({ a: [1, 2, 3] });
  });
});
