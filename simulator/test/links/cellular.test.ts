import { describe, expect, it } from "vitest";
import { cellularCarrier, datagramCarrier, npuschMillisecond } from "../../src/links/cellular.ts";

const optionFault = expect.objectContaining({ code: "option" });

describe("NB-IoT", () => {
  it("takes as long as resource units, tones and repetitions say", () => {
    // The reference channels of 3GPP TS 36.101, A.2.4: two units of one tone, one of three, six and twelve.
    const channels = [
      npuschMillisecond("single3k75", 2, 1),
      npuschMillisecond("single3k75", 1, 1),
      npuschMillisecond("single15k", 2, 1),
      npuschMillisecond("single15k", 1, 1),
      npuschMillisecond("three", 1, 1),
      npuschMillisecond("six", 1, 1),
      npuschMillisecond("twelve", 1, 1),
    ];
    expect(channels).toEqual([64, 32, 16, 8, 4, 2, 1]);
    expect(npuschMillisecond("single3k75", 10, 128)).toBe(40_960);
    expect(() => npuschMillisecond("six", 7, 1)).toThrow(optionFault);
    expect(() => npuschMillisecond("six", 1, 3)).toThrow(optionFault);
  });

  it("has the sustained rates of its categories", () => {
    const kilobit = (["nb1", "nb2", "nb2-2harq"] as const).map((category) => {
      const { airUs } = cellularCarrier({ name: "nbiot", category }).cost("up", 995);
      return (8000 / airUs) * 1000;
    });
    expect(kilobit.map((rate) => rate.toFixed(1))).toEqual(["62.5", "105.7", "158.5"]);
    expect(1000 / 16).toBe(62.5); // 1,000 bit in 16 ms
  });

  it("carries datagrams up to its largest packet", () => {
    expect(datagramCarrier(cellularCarrier({ name: "nbiot" })).maxDatagramBytes).toBe(1330);
    expect(datagramCarrier(cellularCarrier({ name: "nbiot" }), 6).headerBytes).toBe(48);
  });

  it("refuses categories, repetitions and times it does not have", () => {
    expect(() => cellularCarrier({ name: "nbiot", category: "nb3" as "nb1" })).toThrow(optionFault);
    expect(() => cellularCarrier({ name: "nbiot", repetitions: 3 })).toThrow(optionFault);
    expect(() => cellularCarrier({ name: "ltem", tailSecond: -1 })).toThrow(optionFault);
    expect(() => cellularCarrier({ name: "ltem", accessSecond: Number.NaN })).toThrow(optionFault);
  });
});

describe("LTE-M", () => {
  it("sends at 375 kbit/s half duplex", () => {
    expect((8000 / cellularCarrier({ name: "ltem" }).cost("up", 995).airUs) * 1000).toBeCloseTo(375, 9);
    expect(cellularCarrier({ name: "ltem" }).accessUs).toBe(10_000);
  });
});
