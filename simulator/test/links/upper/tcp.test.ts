import { describe, expect, it } from "vitest";
import { ethernetBytes } from "../../../src/links/ethernet.ts";
import { publishBytes } from "../../../src/links/upper/mqtt.ts";
import { createTcp, type Flight, type PacketRun } from "../../../src/links/upper/tcp.ts";
import { tlsHandshake, tlsOverheadBytes } from "../../../src/links/upper/tls.ts";

const tcp = createTcp();

function onEthernet(runs: readonly PacketRun[]): number {
  return runs.reduce((sum, { ipBytes, count }) => sum + count * ethernetBytes(ipBytes), 0);
}

describe("TCP", () => {
  it("has the segment sizes of the reference", () => {
    expect(tcp.segmentBytes).toBe(1448);
    expect(createTcp({ timestamps: false }).segmentBytes).toBe(1460);
    expect(createTcp({ ip: 6 }).headerBytes).toBe(72);
    expect(tcp.opening.map(({ ipBytes }) => ipBytes)).toEqual([60, 60, 52]);
  });

  it("acknowledges every second full segment, the rest with the answer, the last flight by itself", () => {
    const runs = tcp.exchange([
      { direction: "up", bytes: 5 * 1448 + 100 },
      { direction: "down", bytes: 26 },
    ]);
    expect(runs).toEqual([
      { direction: "up", ipBytes: 1500, count: 5, isControl: false },
      { direction: "up", ipBytes: 152, count: 1, isControl: false },
      { direction: "down", ipBytes: 52, count: 2, isControl: true },
      { direction: "down", ipBytes: 78, count: 1, isControl: false },
      { direction: "up", ipBytes: 52, count: 1, isControl: true },
    ]);
  });

  it("does not acknowledge twice what full segments have had acknowledged", () => {
    const acknowledgements = (bytes: number) =>
      tcp
        .exchange([{ direction: "up", bytes }])
        .filter(({ isControl }) => isControl)
        .reduce((sum, { count }) => sum + count, 0);
    expect([1, 1448, 2 * 1448, 2 * 1448 + 1, 3 * 1448, 4 * 1448].map(acknowledgements)).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it("carries every byte once", () => {
    for (const bytes of [1, 1447, 1448, 1449, 14_480, 100_000]) {
      const runs = tcp.exchange([{ direction: "up", bytes }]);
      const carried = runs.reduce((sum, { ipBytes, count }) => sum + count * (ipBytes - tcp.headerBytes), 0);
      expect(carried).toBe(bytes);
    }
  });

  it("refuses other versions and packet sizes", () => {
    const optionFault = expect.objectContaining({ code: "option" });
    expect(() => createTcp({ mtuBytes: 500 })).toThrow(optionFault);
    expect(() => createTcp({ ip: 5 as 4 })).toThrow(optionFault);
  });
});

describe("TLS", () => {
  it("adds to a write what loopback showed", () => {
    const writes = [1, 77, 1400, 16_384, 16_385];
    expect(writes.map((bytes) => tlsOverheadBytes("1.3", bytes))).toEqual([22, 22, 22, 22, 44]);
    expect(writes.map((bytes) => tlsOverheadBytes("1.2", bytes))).toEqual([29, 29, 29, 29, 58]);
    expect(tlsOverheadBytes("none", 100)).toBe(0);
    expect(tlsOverheadBytes("1.3", 0)).toBe(0);
  });

  it("opens with so many bytes", () => {
    const bytes = (flights: readonly Flight[], way: string) =>
      flights.filter(({ direction }) => direction === way).reduce((sum, flight) => sum + flight.bytes, 0);
    const full = (["1.3", "1.2"] as const).map((version) => tlsHandshake(version, false));
    expect(full.map((flights) => [bytes(flights, "up"), bytes(flights, "down")])).toEqual([
      [305, 1331],
      [337, 857],
    ]);
    expect(bytes(tlsHandshake("1.3", false, 2000), "down")).toBe(3331);
    expect(bytes(tlsHandshake("1.3", true, 2000), "down")).toBe(241);
    expect(tlsHandshake("none", false)).toEqual([]);
  });
});

/** Wire bytes a value: QoS 1, topic 20, MQTT 3.1.1, TLS 1.3, Ethernet, acknowledged by PUBACK and one pure acknowledgement. */
const perValue: Readonly<Record<number, readonly string[]>> = {
  1: ["345.00", "21.63", "2.81", "0.46", "0.17"],
  4: ["345.00", "22.00", "3.19", "0.84", "0.56"],
  8: ["345.00", "22.50", "3.70", "1.34", "1.10"],
  16: ["346.00", "23.50", "4.70", "2.42", "2.17"],
  32: ["348.00", "25.50", "6.70", "4.51", "4.29"],
  64: ["352.00", "29.56", "10.70", "8.78", "8.55"],
};

describe("wire bytes of a value over Ethernet", () => {
  const sparse = createTcp({ acknowledgeEvery: 0 });
  const wire = (payloadBytes: number) => {
    const flights = [publishBytes({ version: "3.1.1", qos: 1, topicBytes: 20, payloadBytes }), 4].map((bytes, at) => ({
      direction: at === 0 ? ("up" as const) : ("down" as const),
      bytes: bytes + tlsOverheadBytes("1.3", bytes),
    }));
    return onEthernet(sparse.exchange(flights));
  };

  it.each(Object.entries(perValue))("at %s bits", (bits, figures) => {
    const got = [1, 16, 128, 1024, 8192].map((n) => (wire(Math.ceil((n * Number(bits)) / 8)) / n).toFixed(2));
    expect(got).toEqual(figures);
  });

  it("of a reading of 60 B in JSON", () => {
    expect(wire(60)).toBe(404);
  });

  it("of each packet of one message of 51 B", () => {
    const sizes = [77, 4].map((bytes) => ethernetBytes(bytes + tlsOverheadBytes("1.3", bytes) + tcp.headerBytes));
    expect([...sizes, ethernetBytes(tcp.headerBytes)]).toEqual([189, 116, 90]);
  });
});
