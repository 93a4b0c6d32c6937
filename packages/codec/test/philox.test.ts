import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { philox4x32 } from "../src/philox.ts";

function block(counter: readonly number[], key: readonly [number, number]): number[] {
  const out = new Uint32Array(4);
  const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter;
  philox4x32(c0, c1, c2, c3, key, out);
  return [...out];
}

/** Philox4x32-10 as the paper writes it, in whole 64-bit products. */
function oracle(counter: readonly number[], key: readonly [number, number]): number[] {
  const mask = 0xffffffffn;
  let [x0 = 0n, x1 = 0n, x2 = 0n, x3 = 0n] = counter.map(BigInt);
  let [k0, k1] = [BigInt(key[0]), BigInt(key[1])];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * x0;
    const p1 = 0xcd9e8d57n * x2;
    [x0, x1, x2, x3] = [(p1 >> 32n) ^ x1 ^ k0, p1 & mask, (p0 >> 32n) ^ x3 ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [x0, x1, x2, x3].map(Number);
}

const word = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0x80000000, 0xffffffff),
);

describe("philox4x32", () => {
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)("gives the published words for counter %j and key %j", (counter, key, words) => {
    expect(block(counter, key)).toEqual(words);
    expect(oracle(counter, key)).toEqual(words);
  });

  it("equals a second implementation in whole 64-bit products", () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(block(counter, key)).toEqual(oracle(counter, key));
      }),
      { numRuns: 5000, seed: 1 },
    );
  });

  it("takes signed words for the same bits and writes where it is told", () => {
    const out = new Uint32Array(6).fill(7);
    philox4x32(-1, -1, -1, -1, [-1, -1], out, 1);
    expect([...out]).toEqual([7, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd, 7]);
  });
});
