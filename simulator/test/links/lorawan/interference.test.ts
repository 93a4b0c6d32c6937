import { describe, expect, it } from "vitest";
import { destroyedBy, endsBeforeLocking, type Signal, withstands } from "../../../src/links/lorawan/interference.ts";

const signal = (spreadingFactor: number, powerDbm: number, second = 2, frequencyHz = 868_100_000): Signal => ({
  frequencyHz,
  spreadingFactor,
  powerDbm,
  startUs: 0,
  endUs: second * 1e6,
});

const wanted = signal(7, 14);

describe("interference: the cases of ns-3's helper, wanted SF7 at 14 dBm for 2 s", () => {
  it.each([
    ["SF12 as strong", [signal(12, 14)], undefined],
    ["SF7, 7 dB weaker", [signal(7, 7)], undefined],
    ["SF7, 6 dB weaker", [signal(7, 8)], 7],
    ["SF7, 6 dB weaker, half the time", [signal(7, 8, 1)], undefined],
    ["SF7 as strong on another channel", [signal(7, 14, 2, 868_300_000)], undefined],
    ["SF8, 16 dB stronger", [signal(8, 30)], undefined],
    ["SF8, 17 dB stronger", [signal(8, 31)], 8],
    ["SF10, 17 dB stronger", [signal(10, 31)], undefined],
    ["three SF8, 16 dB stronger: one factor adds up", [signal(8, 30), signal(8, 30), signal(8, 30)], 8],
    ["SF8, SF9, SF10, 16 dB stronger: factors do not", [signal(8, 30), signal(9, 30), signal(10, 30)], undefined],
  ])("%s", (_, others, by) => {
    expect(destroyedBy(wanted, others)).toBe(by);
    expect(destroyedBy(wanted, [wanted, ...others])).toBe(by);
  });
});

describe("interference in general", () => {
  it("counts only the time in common", () => {
    const later = { ...signal(7, 20), startUs: 2e6, endUs: 4e6 };
    expect(destroyedBy(wanted, [later])).toBeUndefined();
    expect(destroyedBy(wanted, [{ ...later, startUs: 1e6 }])).toBe(7);
  });

  it("is the same at any power, as only ratios matter", () => {
    for (let dbm = -140; dbm <= 20; dbm += 0.7) {
      expect(destroyedBy(signal(7, dbm), [signal(7, dbm - 6)])).toBe(7);
      expect(destroyedBy(signal(7, dbm), [signal(7, dbm - 6.001)])).toBeUndefined();
      expect(destroyedBy(signal(7, dbm), [signal(8, dbm + 16)])).toBeUndefined();
      expect(destroyedBy(signal(7, dbm), [signal(8, dbm + 16.001)])).toBe(8);
    }
  });

  it("captures the stronger of two equal factors, never both", () => {
    const strong = signal(9, -100);
    const weak = signal(9, -107);
    expect(destroyedBy(strong, [weak])).toBeUndefined();
    expect(destroyedBy(weak, [strong])).toBe(9);
  });

  it("by LoRaSim's rule spares who is hit in the first three symbols only", () => {
    const late = { ...wanted, startUs: 1e6 };
    expect(endsBeforeLocking(late, { ...signal(7, 30), endUs: 1e6 + 3 * 1024 })).toBe(true);
    expect(endsBeforeLocking(late, { ...signal(7, 30), endUs: 1e6 + 3 * 1024 + 1 })).toBe(false);
  });

  it("refuses unknown spreading factors", () => {
    expect(() => withstands(6, 7, 0)).toThrow(expect.objectContaining({ code: "option" }));
    expect(() => destroyedBy(wanted, [signal(13, 0)])).toThrow(expect.objectContaining({ code: "option" }));
  });
});
