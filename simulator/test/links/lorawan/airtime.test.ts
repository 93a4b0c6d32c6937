import { describe, expect, it } from "vitest";
import {
  loraAirtimesUs,
  loraAirtimeUs,
  payloadSymbols,
  rawBitRate,
  symbolUs,
} from "../../../src/links/lorawan/airtime.ts";
import { mostAnHour, offTimeUs } from "../../../src/links/lorawan/duty-cycle.ts";

const factors = [7, 8, 9, 10, 11, 12];

/** PHY payload in bytes → time on air in µs for SF7 … SF12 at 125 kHz, 4/5, CRC, explicit header. */
const table: Readonly<Record<number, readonly number[]>> = {
  23: [61_696, 113_152, 205_824, 370_688, 823_296, 1_482_752],
  64: [118_016, 215_552, 390_144, 698_368, 1_560_576, 2_793_472],
  235: [368_896, 655_872],
  10: [41_216, 72_192, 144_384, 288_768, 577_536, 991_232],
  51: [102_656, 184_832, 328_704, 616_448, 1_314_816, 2_465_792],
  222: [348_416, 614_912, 1_106_944, 2_009_088, 4_427_776, 8_036_352],
};

describe("LoRa time on air", () => {
  it.each(Object.entries(table))("of %s B by spreading factor", (phyBytes, times) => {
    const got = times.map((_, at) => loraAirtimeUs({ spreadingFactor: 7 + at, phyBytes: Number(phyBytes) }));
    expect(got).toEqual(times);
    for (const [at, time] of times.entries())
      expect(loraAirtimesUs({ spreadingFactor: 7 + at }, 5, Number(phyBytes)).at(-1)).toBe(time);
  });

  it("of the longest frame at SF9", () => {
    expect(loraAirtimeUs({ spreadingFactor: 9, phyBytes: 115 + 13 })).toBe(676_864);
  });

  it("is that of the 15 cases of ns-3's test, which change one parameter at a time", () => {
    const first = { spreadingFactor: 7, phyBytes: 10, lowDataRate: false };
    const steps = [
      [{}, 41_216],
      [{ spreadingFactor: 8 }, 72_192],
      [{ explicitHeader: false }, 72_192],
      [{ codingRate: 2 }, 78_336],
      [{ preambleSymbols: 10 }, 82_432],
      [{ lowDataRate: true }, 82_432],
      [{ spreadingFactor: 10 }, 280_576],
      [{ bandwidthHz: 250_000 }, 140_288],
      [{ bandwidthHz: 500_000 }, 70_144],
      [{ explicitHeader: true }, 82_432],
      [{ preambleSymbols: 8 }, 78_336],
      [{ spreadingFactor: 12 }, 264_192],
      [{ phyBytes: 50 }, 657_408],
      [{ bandwidthHz: 125_000 }, 2_629_632],
      [{ codingRate: 1 }, 2_301_952],
    ] as const;
    let packet = first;
    for (const [change, airtimeUs] of steps) {
      packet = { ...packet, ...change };
      expect(loraAirtimeUs(packet), JSON.stringify(packet)).toBe(airtimeUs);
    }
  });

  it("is that of an independent calculator's tests", () => {
    const cases = [
      [7, 125_000, 1, [46_336, 46_336, 51_456, 61_696]],
      [7, 250_000, 1, [23_168, 23_168, 25_728, 30_848]],
      [7, 125_000, 4, [61_696, 61_696, 69_888, 86_272]],
      [7, 250_000, 4, [30_848, 30_848, 34_944, 43_136]],
      [8, 125_000, 1, [82_432, 92_672, 92_672, 113_152]],
      [11, 125_000, 1, [659_456, 659_456, 659_456, 823_296]],
    ] as const;
    for (const [spreadingFactor, bandwidthHz, codingRate, times] of cases) {
      const got = [14, 15, 16, 25].map((phyBytes) =>
        loraAirtimeUs({ spreadingFactor, bandwidthHz, codingRate, phyBytes }),
      );
      expect(got).toEqual(times);
    }
  });

  it("is made of the symbols that brocaar/lorawan and lora-modulation count", () => {
    const packet = { spreadingFactor: 12, phyBytes: 13, lowDataRate: false };
    expect(loraAirtimeUs(packet)).toBe(1_155_072);
    expect(payloadSymbols(packet)).toBe(23);
    expect(payloadSymbols({ ...packet, codingRate: 2 })).toBe(26);
    expect(payloadSymbols({ ...packet, explicitHeader: false })).toBe(18);
    expect(payloadSymbols({ ...packet, phyBytes: 50, lowDataRate: true })).toBe(58);
    expect(loraAirtimeUs({ spreadingFactor: 9, phyBytes: 12 })).toBe(144_384);
    expect([symbolUs(12), symbolUs(9), symbolUs(9, 500_000)]).toEqual([32_768, 4096, 1024]);
  });

  it("goes up in steps: one and two bytes of payload cost the same", () => {
    const airtimes = [14, 15, 16].map((phyBytes) => loraAirtimeUs({ spreadingFactor: 7, phyBytes }));
    expect(airtimes).toEqual([46_336, 46_336, 51_456]);
  });

  it("is a whole number for every packet, never falls with length, and without CRC never exceeds that with", () => {
    const wrong: string[] = [];
    for (const spreadingFactor of factors)
      for (const bandwidthHz of [125_000, 250_000, 500_000])
        for (let phyBytes = 0, before = 0; phyBytes <= 255; phyBytes++) {
          const packet = { spreadingFactor, bandwidthHz, phyBytes };
          const airtimeUs = loraAirtimeUs(packet);
          const isSound = Number.isInteger(airtimeUs) && airtimeUs >= before;
          if (!isSound || loraAirtimeUs({ ...packet, crc: false }) > airtimeUs) wrong.push(JSON.stringify(packet));
          before = airtimeUs;
        }
    expect(wrong).toEqual([]);
  });

  it("gives so many uplinks an hour at 1 %, and the off-time of ns-3", () => {
    const airtimes = (phyBytes: number) => (table[phyBytes] ?? []).map((airtimeUs) => mostAnHour(airtimeUs, 0.01));
    expect(airtimes(23)).toEqual([583, 318, 174, 97, 43, 24]);
    expect(airtimes(64)).toEqual([305, 167, 92, 51, 23, 12]);
    expect(airtimes(235)).toEqual([97, 54]);
    const offSeconds = [7, 12].map((spreadingFactor) =>
      (offTimeUs(loraAirtimeUs({ spreadingFactor, phyBytes: 64 }), 0.01) / 1e6).toFixed(3),
    );
    expect(offSeconds).toEqual(["11.684", "276.554"]);
  });

  it("has the raw bit rates of DR0 to DR5", () => {
    const rates = [12, 11, 10, 9, 8, 7].map((factor) => rawBitRate(factor).toFixed(2));
    expect(rates).toEqual(["292.97", "537.11", "976.56", "1757.81", "3125.00", "5468.75"]);
  });

  it("is refused outside what is modelled", () => {
    const code = (call: () => unknown) => {
      try {
        return call();
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };
    expect(code(() => loraAirtimeUs({ spreadingFactor: 6, phyBytes: 10 }))).toBe("option");
    expect(code(() => loraAirtimeUs({ spreadingFactor: 7, phyBytes: 10, bandwidthHz: 62_500 }))).toBe("option");
    expect(code(() => loraAirtimeUs({ spreadingFactor: 7, phyBytes: 10, codingRate: 0 }))).toBe("option");
    expect(code(() => loraAirtimeUs({ spreadingFactor: 7, phyBytes: 256 }))).toBe("payload");
    expect(code(() => loraAirtimeUs({ spreadingFactor: 7, phyBytes: 1.5 }))).toBe("size");
  });
});

/** Full frames: bits a value, values in a frame, airtime per value in ms, and for two of them values a day at 1 %. */
const perValue = [
  [
    7,
    235,
    [
      [1776, "0.208"],
      [444, "0.831"],
      [222, "1.662"],
      [111, "3.323"],
      [55, "6.707"],
    ],
  ],
  [
    12,
    64,
    [
      [408, "6.847"],
      [102, "27.39"],
      [51, "54.77"],
      [25, "111.7"],
      [12, "232.8"],
    ],
  ],
] as const;

describe("airtime of a value in full frames", () => {
  it.each(perValue)("SF%i", (spreadingFactor, phyBytes, rows) => {
    const airtimeUs = loraAirtimeUs({ spreadingFactor, phyBytes });
    for (const [values, want] of rows) {
      const digits = want.length - want.indexOf(".") - 1;
      expect((airtimeUs / 1000 / values).toFixed(digits)).toBe(want);
    }
  });

  it("gives so many values a day under 1 %", () => {
    const aDay = (spreadingFactor: number, phyBytes: number, values: number) =>
      ((864e6 / loraAirtimeUs({ spreadingFactor, phyBytes })) * values) / 1000;
    expect((aDay(7, 235, 1776) / 1000).toFixed(2)).toBe("4.16");
    expect(Math.round(aDay(7, 235, 55))).toBe(129);
    expect(Math.round(aDay(12, 64, 408))).toBe(126);
    expect(aDay(12, 64, 12).toFixed(1)).toBe("3.7");
  });
});
