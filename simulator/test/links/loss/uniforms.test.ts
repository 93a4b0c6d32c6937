import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createUniforms } from "../../../src/links/loss/uniforms.ts";

describe("numbers by place", () => {
  it("are those of the codec's streams, in any order", () => {
    const uniforms = createUniforms("simulate/loss/7");
    for (const device of [0, 5, 2 ** 32 + 3]) {
      const stream = createStream("simulate/loss/7", device);
      const want = Array.from({ length: 40 }, () => stream.uniform());
      expect(want.map((_, at) => uniforms.at(device, at))).toEqual(want);
      expect(want.map((_, at) => uniforms.at(device, 39 - at)).reverse()).toEqual(want);
    }
  });

  it("are exponential with mean 1: mean and variance within 5 standard errors", () => {
    const uniforms = createUniforms("test/exponential");
    const n = 50_000;
    const draws = Array.from({ length: n }, (_, at) => uniforms.exponentialAt(at % 7, Math.floor(at / 7)));
    const mean = draws.reduce((sum, x) => sum + x, 0) / n;
    const variance = draws.reduce((sum, x) => sum + (x - 1) ** 2, 0) / n;
    expect(Math.abs(mean - 1)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(8 / n)); // Var (x − 1)² = 8
    expect(Math.min(...draws.slice(0, 1000))).toBeGreaterThan(0);
  });
});
