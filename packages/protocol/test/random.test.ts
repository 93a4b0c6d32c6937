import { describe, expect, it } from "vitest";
import { cryptoRandom } from "../src/random.ts";

describe("system random source", () => {
  it("gives unsigned 32-bit integers, set bits half of the time within five standard errors", () => {
    const random = cryptoRandom();
    const n = 4096;
    let ones = 0;
    for (let i = 0; i < n; i += 1) {
      const word = random();
      expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).toBe(true);
      for (let bit = 0; bit < 32; bit += 1) ones += (word >>> bit) & 1;
    }
    expect(Math.abs(ones - 16 * n)).toBeLessThan(5 * Math.sqrt(8 * n));
  });
});
