import { parseCell } from "@zipml/gateway/data";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("parseCell", () => {
  it("reads every finite number as JavaScript writes it", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseCell(String(value))).toBe(value === 0 ? Number(String(value)) : value);
      }),
    );
  });

  it.each(["+1.5", " 7 ", ".5", "5.", "1E3", "-2e-3"])("accepts %j", (cell) => {
    expect(parseCell(cell)).toBe(Number(cell));
  });

  it.each(["", " ", "NaN", "Infinity", "1e999", "0x10", "1,5", "12 kg", "--1", "e5", ".", "1_000", "true"])(
    "refuses %j",
    (cell) => {
      expect(parseCell(cell)).toBeNaN();
    },
  );
});
