import { describe, expect, it } from "vitest";
import {
  dataRateOf,
  dataRateOfSpreadingFactor,
  mandatoryChannelsHz,
  subBandOf,
  usualChannelsHz,
} from "../../../src/links/lorawan/eu868.ts";
import { GatewayRadio } from "../../../src/links/lorawan/gateway-radio.ts";
import { fastestSpreadingFactor, pathLossDb, sensitivityDbm } from "../../../src/links/lorawan/radio.ts";

const optionFault = expect.objectContaining({ code: "option" });

describe("EU868", () => {
  it("has data rates with their spreading factors and payloads", () => {
    const rates = [0, 1, 2, 3, 4, 5, 6].map((dataRate) => dataRateOf(dataRate));
    expect(rates.map(({ spreadingFactor }) => spreadingFactor)).toEqual([12, 11, 10, 9, 8, 7, 7]);
    expect(rates.map(({ maxPayloadBytes }) => maxPayloadBytes)).toEqual([51, 51, 51, 115, 222, 222, 222]);
    expect(rates[6]?.bandwidthHz).toBe(250_000);
    expect(dataRateOf(5, false).maxPayloadBytes).toBe(242);
    expect([7, 12].map(dataRateOfSpreadingFactor)).toEqual([5, 0]);
    expect(() => dataRateOf(7)).toThrow(optionFault);
    expect(() => dataRateOfSpreadingFactor(6)).toThrow(optionFault);
    expect(() => dataRateOfSpreadingFactor(7.5)).toThrow(optionFault);
  });

  it("puts the mandatory channels under one budget of 1 %, and the second window under 10 %", () => {
    expect(new Set(mandatoryChannelsHz.map(subBandOf)).size).toBe(1);
    expect(subBandOf(868_100_000).dutyCycle).toBe(0.01);
    expect(new Set(usualChannelsHz.map(subBandOf)).size).toBe(2);
    expect(subBandOf(869_525_000).dutyCycle).toBe(0.1);
    expect(() => subBandOf(868_650_000)).toThrow(optionFault);
  });
});

describe("propagation", () => {
  it("follows the log-distance law", () => {
    expect(pathLossDb(40)).toBeCloseTo(127.41, 12);
    expect(pathLossDb(400)).toBeCloseTo(127.41 + 20.8, 12);
    expect(pathLossDb(0)).toBe(pathLossDb(1));
  });

  it("chooses the fastest spreading factor that is heard", () => {
    expect(fastestSpreadingFactor(-100)).toBe(7);
    expect(fastestSpreadingFactor(sensitivityDbm(7))).toBe(7);
    expect(fastestSpreadingFactor(-124.01)).toBe(8);
    expect(fastestSpreadingFactor(-136.9)).toBe(12);
    expect(fastestSpreadingFactor(-137.1)).toBeUndefined();
    expect(fastestSpreadingFactor(-120, 10)).toBe(9);
  });
});

describe("a gateway's receiver", () => {
  it("takes eight signals and has a demodulator free when one ends, to the microsecond", () => {
    const radio = new GatewayRadio();
    for (let at = 0; at < 8; at++) expect(radio.receive(at, 1000 + at)).toBeUndefined();
    expect(radio.receive(999, 2000)).toBe("no-demodulator");
    expect(radio.receive(1000, 2000)).toBeUndefined();
    expect(radio.receive(1000, 2000)).toBe("no-demodulator");
  });

  it("is deaf while it sends, and cuts off what it was receiving", () => {
    const radio = new GatewayRadio(2);
    expect(radio.receive(0, 100)).toBeUndefined();
    expect(radio.send(50, 80)).toBe(true);
    expect(radio.completed(0)).toBe(false);
    expect(radio.receive(60, 70)).toBe("sending");
    expect(radio.send(70, 90)).toBe(false);
    expect(radio.receive(80, 120)).toBeUndefined();
    expect(radio.completed(80)).toBe(true);
    expect(radio.downlinks).toBe(1);
    expect(() => new GatewayRadio(0)).toThrow(optionFault);
  });
});
