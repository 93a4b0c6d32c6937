import { decodeBeats, encodeBeats, encodeFloatBeats, linesPerRow } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";

describe("beats of 64 bits", () => {
  it("carry codes least significant bit first, padded to whole beats, and then the label as float32", () => {
    const codes = Uint8Array.from({ length: 17 }, (_, i) => i % 16);
    const words = encodeBeats(4, { features: 17, codes, labels: Float32Array.of(-1) });
    expect([...words]).toEqual([0x7654_3210, 0xfedc_ba98, 0, 0, 0xbf80_0000, 0]);
    expect(decodeBeats(4, words, 17, 0)).toEqual({ codes, label: -1 });
  });

  it.each([
    [1, 785, 14],
    [8, 91, 13],
    [32, 785, 394],
    [32, 91, 47],
    [4, 16, 2],
  ] as const)("of %i bits: a row of %i features takes %i", (bits, features, beats) => {
    expect(linesPerRow({ kind: "beats", bits }, features)).toBe(beats);
  });

  it("carry two float32 each", () => {
    const words = encodeFloatBeats({ features: 3, values: Float32Array.of(1, 2, 3), labels: Float32Array.of(4) });
    expect([...new Float32Array(words.buffer)]).toEqual([1, 2, 3, 0, 4, 0]);
  });

  it("refuse codes that are too wide and arrays that do not fit", () => {
    const labels = Float32Array.of(0);
    expect(() => encodeBeats(2, { features: 1, codes: Uint8Array.of(4), labels })).toThrow(
      expect.objectContaining({ code: "range" }),
    );
    expect(() => encodeBeats(2, { features: 2, codes: Uint8Array.of(1), labels })).toThrow(
      expect.objectContaining({ code: "shape" }),
    );
    expect(() => encodeFloatBeats({ features: 2, values: Float32Array.of(1), labels })).toThrow(
      expect.objectContaining({ code: "shape" }),
    );
  });
});
