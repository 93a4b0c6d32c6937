import { createStream } from "@zipml/codec";
import { hardwareCode, hardwareLevels, hardwareValue, nearestHardwareCode } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";

describe("the hardware's own codes", () => {
  it("have 2^(Q-1) + 1 levels", () => {
    expect([1, 2, 4, 8].map(hardwareLevels)).toEqual([2, 3, 9, 129]);
    const stream = createStream("levels");
    for (const [bits, range] of [
      [1, "unit"],
      [2, "unit"],
      [4, "unit"],
      [2, "signed"],
      [4, "signed"],
    ] as const) {
      const low = range === "unit" ? 0 : -1;
      const seen = new Set<number>();
      for (let i = 0; i < 2000; i++) seen.add(hardwareCode(low + (1 - low) * stream.uniform(), bits, range, stream));
      expect(seen.size).toBe(hardwareLevels(bits));
    }
    expect(hardwareCode(1, 8, "unit", stream)).toBe(0x80);
    expect(hardwareCode(-1, 8, "signed", stream)).toBe(0xc0);
    expect(hardwareValue(0xc0, 8, "signed")).toBe(-1);
  });

  it("are unbiased, within five standard errors", () => {
    const stream = createStream("unbiased");
    for (const [bits, range, value] of [
      [1, "unit", 0.3],
      [4, "unit", 0.71],
      [4, "signed", -0.37],
      [8, "signed", 0.123],
    ] as const) {
      const draws = 20_000;
      let sum = 0;
      for (let i = 0; i < draws; i++) sum += hardwareValue(hardwareCode(value, bits, range, stream), bits, range);
      const step = hardwareValue(1, bits, range);
      expect(Math.abs(sum / draws - value)).toBeLessThan((5 * step) / 2 / Math.sqrt(draws));
    }
  });

  it("of the Zynq design are the nearest, halves to even", () => {
    expect(nearestHardwareCode(0.5, 4, "unit")).toBe(4);
    expect([0.5, 1.5, 2.5].map((at) => nearestHardwareCode(at / 8, 4, "unit"))).toEqual([0, 2, 2]);
    expect(nearestHardwareCode(-0.99, 4, "signed")).toBe(12);
  });

  it("are refused outside their range", () => {
    const stream = createStream("refused");
    const refuses = (call: () => unknown, code: string) => expect(call).toThrow(expect.objectContaining({ code }));
    refuses(() => hardwareCode(1.1, 4, "unit", stream), "range");
    refuses(() => hardwareCode(-0.1, 4, "unit", stream), "range");
    refuses(() => hardwareCode(0, 1, "signed", stream), "options");
    refuses(() => nearestHardwareCode(0, 3, "unit"), "options");
  });
});
