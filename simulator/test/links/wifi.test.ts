import { describe, expect, it } from "vitest";
import { ethernetBytes, ethernetCarrier } from "../../src/links/ethernet.ts";
import { wifiCarrier, wifiExchange, wifiExchangeUs } from "../../src/links/wifi.ts";

const timeUs = (standard: "11a" | "11b" | "11n", rateMbps: number, msduBytes: number) =>
  wifiExchangeUs(wifiExchange({ standard, rateMbps }, msduBytes));

describe("Wi-Fi", () => {
  it("takes the theoretical time of a frame", () => {
    expect(timeUs("11b", 11, 1500).toFixed(1)).toBe("1981.6");
    expect((12_000 / timeUs("11b", 11, 1500)).toFixed(3)).toBe("6.056");
    expect(timeUs("11a", 54, 1500)).toBe(393.5);
    expect((12_000 / timeUs("11a", 54, 1500)).toFixed(2)).toBe("30.50");
    expect(timeUs("11b", 11, 100).toFixed(1)).toBe("963.5");
    expect(timeUs("11a", 54, 100)).toBe(189.5);
  });

  it("is no faster for a short frame at 11n: its preamble is longer", () => {
    expect(timeUs("11n", 65, 100)).toBeGreaterThan(timeUs("11a", 54, 100));
    expect(timeUs("11n", 65, 1500)).toBeLessThan(timeUs("11a", 54, 1500));
  });

  it("carries an IP packet with LLC, MAC and acknowledgement", () => {
    const cost = wifiCarrier({ name: "wifi", standard: "11b" }).cost("up", 1492);
    expect(cost).toMatchObject({ linkBytes: 42, backBytes: 14, backAirUs: 304, listenUs: 370 });
    expect(cost.airUs + cost.backAirUs + cost.listenUs).toBeCloseTo(timeUs("11b", 11, 1500), 9);
  });

  it("refuses rates that a standard does not have", () => {
    const optionFault = expect.objectContaining({ code: "option" });
    expect(() => wifiCarrier({ name: "wifi", standard: "11b", rateMbps: 54 })).toThrow(optionFault);
    expect(() => wifiCarrier({ name: "wifi", standard: "11n", rateMbps: 54 })).toThrow(optionFault);
    expect(() => wifiCarrier({ name: "wifi", standard: "11ax" as "11n" })).toThrow(optionFault);
  });
});

describe("Ethernet", () => {
  it("takes so many bytes, and so many packets a second", () => {
    expect([40, 46, 1500].map(ethernetBytes)).toEqual([84, 84, 1538]);
    const { cost } = ethernetCarrier({ name: "ethernet" });
    expect([40, 1500].map((ipBytes) => Math.round(1e6 / cost("up", ipBytes).airUs))).toEqual([148_810, 8127]);
    expect(() => ethernetBytes(1501)).toThrow(expect.objectContaining({ code: "payload", allowed: 1500 }));
    expect(() => ethernetCarrier({ name: "ethernet", rateMbps: 55 })).toThrow(
      expect.objectContaining({ code: "option" }),
    );
  });
});
