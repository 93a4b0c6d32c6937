import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { philox4x32 } from "../src/philox.ts";
import { createStream, streamKey } from "../src/stream.ts";

const join = ([low, high]: readonly [number, number]): bigint => (BigInt(high) << 32n) | BigInt(low);

function fnv1a(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash;
}

describe("streamKey", () => {
  it.each([
    ["", 0xcbf29ce484222325n],
    ["a", 0xaf63dc4c8601ec8cn],
    ["foobar", 0x85944171f73967e8n],
  ])("is FNV-1a of 64 bits, low word first: %j", (text, hash) => {
    expect(join(streamKey(text))).toBe(hash);
  });

  it("equals a second implementation over UTF-8, lone surrogates as U+FFFD", () => {
    for (const text of ["é", "温度", "🌡", "\ud800", "a\udc00b", "\u0000", "\uffff"])
      expect(join(streamKey(text))).toBe(fnv1a(text));
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(join(streamKey(text))).toBe(fnv1a(text));
      }),
      { numRuns: 2000, seed: 2 },
    );
  });
});

describe("createStream", () => {
  it("gives word i from block floor(i/4) under the counter (block low, block high, index low, index high)", () => {
    const key = [0x01234567, 0x89abcdef] as const;
    for (const index of [0, 1, 0xffffffff, 0x100000000, 0x1234567890, Number.MAX_SAFE_INTEGER]) {
      const stream = createStream(key, index);
      const words = Array.from({ length: 41 }, () => stream.word());
      const out = new Uint32Array(4);
      for (const [i, word] of words.entries()) {
        const index64 = BigInt(index);
        philox4x32(Math.floor(i / 4), 0, Number(index64 & 0xffffffffn), Number(index64 >> 32n), key, out);
        expect(word).toBe(out[i % 4]);
      }
    }
  });

  it("is the same for a name and for the name's key, and restarts with every stream", () => {
    const [a, b] = [createStream("draws/x", 3), createStream(streamKey("draws/x"), 3)];
    for (let i = 0; i < 100; i++) expect(a.word()).toBe(b.word());
  });

  it("gives other words to another index and to another name", () => {
    const first = (name: string, index: number) => createStream(name, index).word();
    expect(new Set([first("a", 0), first("a", 1), first("b", 0), first("a", 2 ** 32)]).size).toBe(4);
  });

  it("gives uniforms strictly between 0 and 1 that use one word each", () => {
    const [words, uniforms] = [createStream("u"), createStream("u")];
    for (let i = 0; i < 1000; i++) {
      const uniform = uniforms.uniform();
      expect(uniform).toBe((words.word() + 0.5) / 2 ** 32);
      expect(uniform > 0 && uniform < 1).toBe(true);
    }
  });

  it("fills arrays with the words that come one by one, wherever it stands", () => {
    const [bulk, single] = [createStream("fill", 7), createStream("fill", 7)];
    for (const length of [1, 3, 16, 0, 17, 5, 100, 32, 1, 1000]) {
      const words = new Uint32Array(length);
      bulk.fill?.(words);
      expect([...words]).toEqual(Array.from({ length }, () => single.word()));
      expect(bulk.word()).toBe(single.word());
    }
    expect(bulk.fill).toBeDefined();
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])("refuses the index %d", (index) => {
    expect(() => createStream("a", index)).toThrow(RangeError);
  });
});
