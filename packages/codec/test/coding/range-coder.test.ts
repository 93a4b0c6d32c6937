import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RangeDecoder, RangeEncoder, totalShare } from "../../src/coding/range-coder.ts";
import { createStream } from "../../src/stream.ts";
import { faultOf, harmed } from "./support.ts";

/** A symbol of shares, or a number below a count. */
type Symbol = readonly [start: number, share: number] | readonly [value: number, count: number, uniform: true];

const shares = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff })).map(([a, b]) => {
  const start = Math.min(a, b);
  return [start, Math.max(a, b) - start + 1] as const;
});
const certain = fc.constantFrom(
  [0, totalShare] as const,
  [1, 0xffff] as const,
  [0, 0xffff] as const,
  [0xffff, 1] as const,
);
const uniform = fc
  .integer({ min: 1, max: totalShare })
  .chain((count) => fc.tuple(fc.integer({ min: 0, max: count - 1 }), fc.constant(count), fc.constant(true as const)));
const symbols: fc.Arbitrary<Symbol[]> = fc.array(fc.oneof(shares, certain, uniform), { maxLength: 60 });

function encode(list: readonly Symbol[]): Uint8Array {
  const encoder = new RangeEncoder();
  for (const [a, b, even] of list) {
    if (even) encoder.uniform(a, b);
    else encoder.encode(a, b);
  }
  return encoder.finish();
}

function read(bytes: Uint8Array, list: readonly Symbol[]): boolean {
  const decoder = new RangeDecoder(bytes);
  for (const [a, b, even] of list) {
    if (even) {
      if (decoder.uniform(b) !== a) return false;
    } else {
      const target = decoder.target();
      if (target < a || target >= a + b) return false;
      decoder.take(a, b);
    }
  }
  decoder.end();
  return true;
}

/** The interval with whole numbers of any size: the first 32 + 8·n bits of a fraction, as the page tells it. */
function interval(list: readonly Symbol[]): readonly [low: bigint, range: bigint, bytes: number] {
  let low = 0n;
  let range = 2n ** 32n - 1n;
  let bytes = 4;
  for (const [a, b, even] of list) {
    const parts = even ? BigInt(b) : 65_536n;
    const unit = range / parts;
    const share = even ? 1n : BigInt(b);
    low += unit * BigInt(a);
    range = BigInt(a) + share === parts ? range - unit * BigInt(a) : unit * share;
    for (; range < 2n ** 24n; bytes++) {
      low *= 256n;
      range *= 256n;
    }
  }
  return [low, range, bytes];
}

/** The shortest fraction in an interval, and of those the smallest. */
function shortest(list: readonly Symbol[]): number[] {
  const [low, range, bytes] = interval(list);
  for (let length = 0; ; length++) {
    const unit = 256n ** BigInt(bytes - length);
    const value = ((low + unit - 1n) / unit) * unit;
    if (value < low + range)
      return Array.from({ length }, (_, i) => Number((value / 256n ** BigInt(bytes - 1 - i)) % 256n));
  }
}

describe("the range coder", () => {
  it("writes the shortest fraction of the interval, and reads it back", () => {
    fc.assert(
      fc.property(symbols, (list) => {
        const bytes = encode(list);
        expect([...bytes]).toEqual(shortest(list));
        expect(read(bytes, list)).toBe(true);
      }),
      { numRuns: 800, seed: 13 },
    );
  });

  it("carries through any number of bytes", () => {
    // Just below a half, then ever nearer to it from below: the fraction is a half or starts 7f ff ff …
    const list: Symbol[] = [[0x7fff, 1], ...Array.from({ length: 40 }, () => [0xffff, 1] as const)];
    expect([...encode(list)]).toEqual(shortest(list));
    expect(read(encode(list), list)).toBe(true);
    const up: Symbol[] = [[0x7fff, 2], ...Array.from({ length: 40 }, () => [0x7fff, 2] as const)];
    expect([...encode(up)]).toEqual(shortest(up));
  });

  it("takes the bits that the shares say, and less than a byte more", () => {
    const words = createStream("range coder/bits");
    const list: Symbol[] = [];
    let bits = 0;
    for (let i = 0; i < 20_000; i++) {
      const share = words.word() % 8 === 0 ? 3000 : totalShare - 3000;
      bits -= Math.log2(share / totalShare);
      list.push(share === 3000 ? [0, 3000] : [3000, share]);
    }
    const size = encode(list).length * 8;
    expect(size).toBeGreaterThanOrEqual(bits - 8);
    expect(size).toBeLessThan(bits * 1.001 + 8);
  });

  it("accepts one message for its symbols: any other is refused or means others", () => {
    const words = createStream("range coder/harm");
    const seen = new Set<unknown>();
    fc.assert(
      fc.property(symbols, (list) => {
        const bytes = encode(list);
        for (let n = 0; n < 10; n++) {
          const other = harmed(bytes, words);
          const same = other.length === bytes.length && other.every((byte, i) => byte === bytes[i]);
          const fault = faultOf(() => {
            if (!read(other, list)) throw new RangeError("other symbols");
          });
          seen.add(typeof fault === "string" ? fault : "other");
          if (!same) expect(fault).not.toBe("sound");
        }
      }),
      { numRuns: 400, seed: 14 },
    );
    for (const fault of ["form", "other"]) expect(seen.has(fault), fault).toBe(true);
  });
});
