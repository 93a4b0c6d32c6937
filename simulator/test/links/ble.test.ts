import { describe, expect, it } from "vitest";
import { blePacketUs, blePairUs, pairsPerEvent } from "../../src/links/ble.ts";
import { createBleLink } from "../../src/links/ble-link.ts";
import { wireBytes } from "../../src/links/link.ts";

/** Application bytes a pair carries over its time, kbit/s. */
const rate = (bytes: number, us: number) => ((bytes * 8000) / us).toFixed(1);

describe("BLE packets", () => {
  it("take so long", () => {
    expect([blePacketUs("1M", 27), blePacketUs("1M", 0), blePairUs("1M", 27)]).toEqual([296, 80, 676]);
    expect([blePairUs("1M", 251), blePairUs("1M", 255)]).toEqual([2468, 2500]);
    expect([blePairUs("2M", 251), blePairUs("2M", 255)]).toEqual([1392, 1408]);
  });

  it("reach the published throughput", () => {
    expect([rate(20, 676), rate(244, 2468), rate(244, 2500)]).toEqual(["236.7", "790.9", "780.8"]);
    expect([rate(244, 1392), rate(244, 1408)]).toEqual(["1402.3", "1386.4"]);
    const inEvents = (intervalUs: number) => rate(244 * pairsPerEvent(intervalUs, 1392), intervalUs);
    expect([pairsPerEvent(7500, 1392), pairsPerEvent(30_000, 1392)]).toEqual([5, 21]);
    expect([inEvents(7500), inEvents(30_000)]).toEqual(["1301.3", "1366.4"]);
  });

  it("take longer coded: an empty packet at 125 kbit/s about 0.7 ms", () => {
    expect(blePacketUs("coded-s8", 0)).toBe(80 + 296 + 43 * 8);
    expect(blePacketUs("coded-s2", 0)).toBe(80 + 296 + 43 * 2);
  });
});

const data = (bytes: number) => ({ kind: "data", bytes, topicBytes: 0 }) as const;

describe("a BLE link", () => {
  it("sends a message that fits bare, and waits half an interval", () => {
    const transfer = createBleLink({ name: "ble" }).send(data(244));
    expect(transfer.up).toEqual({ payload: 244, messaging: 0, tls: 0, transport: 0, link: 17 });
    expect(wireBytes(transfer.up) * 8).toBe(transfer.airtimeUpUs);
    expect(wireBytes(transfer.down) * 8).toBe(transfer.airtimeDownUs);
    expect(transfer.durationUs).toBe(15_000 + 2468);
    expect(transfer.states).toEqual({ transmitUs: 2088, receiveUs: 380, idleUs: 0 });
  });

  it("sends a longer one in chunks with a byte each, further events where one is full", () => {
    const link = createBleLink({ name: "ble", intervalMillisecond: 7.5 });
    const transfer = link.send(data(1000));
    expect(transfer.framesUp).toBe(5);
    expect(transfer.up.messaging).toBe(5);
    expect(transfer.durationUs).toBe(3750 + 7500 + transfer.airtimeUpUs + transfer.airtimeDownUs + 5 * 300);
    expect(link.maxPayload("data")).toBe(128 * 243);
    expect(() => link.send(data(128 * 243 + 1))).toThrow(expect.objectContaining({ code: "payload", allowed: 31_104 }));
    expect(link.send(data(128 * 243)).framesUp).toBe(128);
  });

  it("takes two intervals for a message that is answered", () => {
    const link = createBleLink({ name: "ble", withResponse: true });
    const plain = createBleLink({ name: "ble" });
    expect(link.send(data(10)).durationUs - plain.send(data(10)).durationUs).toBe(30_000 + blePairUs("1M", 5));
  });

  it("keeps the connection with an empty event every interval, fewer with latency", () => {
    const link = createBleLink({ name: "ble", peripheralLatency: 9 });
    expect(link.keepAliveIntervalUs).toBe(300_000);
    expect(link.keepAlive()).toMatchObject({ airtimeUpUs: 80, airtimeDownUs: 80 });
    expect(link.connect({ clientIdBytes: 5 }).durationUs).toBe(0);
  });

  it("refuses intervals that BLE does not have", () => {
    const optionFault = expect.objectContaining({ code: "option" });
    for (const intervalMillisecond of [7, 8, 4001, Number.NaN])
      expect(() => createBleLink({ name: "ble", intervalMillisecond })).toThrow(optionFault);
    expect(() => createBleLink({ name: "ble", phy: "coded-s8", intervalMillisecond: 7.5 })).toThrow(optionFault);
  });
});
