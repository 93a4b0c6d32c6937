import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacketScanner } from "../../src/broker/packet-scanner.ts";
import { connectPacket, lengthBytes, packet, publishPacket, subscribePacket } from "./raw.ts";

const connect = connectPacket({ clientId: "a" });
const anyLimit = 2 ** 28;

describe("packet scanner", () => {
  it("counts the same packets however the stream is cut", () => {
    const one = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((payload) => publishPacket("a/b", payload)),
      fc.uint8Array({ minLength: 16_384, maxLength: 17_000 }).map((payload) => publishPacket("a", payload, { id: 7 })),
      fc.constant(packet(0xc0)),
      fc.constant(subscribePacket(1, "a/#")),
    );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 6 }), fc.array(fc.nat(5000), { maxLength: 20 }), (packets, cuts) => {
        const stream = Buffer.concat([connect, ...packets]);
        const edges = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
        const scanner = createPacketScanner();
        let [begun, ended, last] = [0, 0, 0];
        for (const edge of edges) {
          const scan = scanner.scan(stream.subarray(last, edge), anyLimit, Number.POSITIVE_INFINITY);
          expect(scan).toMatchObject({ taken: edge - last, fault: undefined });
          begun += scan.begun;
          ended += scan.ended;
          last = edge;
        }
        expect([begun, ended]).toEqual([packets.length + 1, packets.length + 1]);
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it("stops after as many packets as it is asked for", () => {
    const stream = Buffer.concat([connect, publishPacket("a", Uint8Array.of(1))]);
    expect(createPacketScanner().scan(stream, anyLimit, 1)).toEqual({
      taken: connect.length,
      begun: 1,
      ended: 1,
      fault: undefined,
    });
  });

  it("refuses an announced length at its first byte too many, before any of the body", () => {
    const header = Buffer.concat([Buffer.of(0x10), lengthBytes(2 ** 28 - 1)]);
    expect(createPacketScanner().scan(header, 1024, 1)).toMatchObject({ ended: 0, fault: "oversized" });
    expect(createPacketScanner().scan(header.subarray(0, 2), 1024, 1)).toMatchObject({ fault: undefined });
    const exact = Buffer.concat([Buffer.of(0x10), lengthBytes(1024)]);
    expect(createPacketScanner().scan(exact, 1024, 1)).toMatchObject({ begun: 1, fault: undefined });
    const above = Buffer.concat([Buffer.of(0x10), lengthBytes(1025)]);
    expect(createPacketScanner().scan(above, 1024, 1)).toMatchObject({ fault: "oversized" });
  });

  it.each([
    ["another packet before CONNECT", Buffer.of(0xc0, 0)],
    ["CONNECT with flags", Buffer.of(0x11, 0)],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n")],
    ["a length of five bytes", Buffer.of(0x10, 0x80, 0x80, 0x80, 0x80, 1)],
    ["a second CONNECT", Buffer.concat([connect, connect])],
    ["PUBLISH at QoS 3", Buffer.concat([connect, Buffer.of(0x36, 0)])],
    ["SUBSCRIBE without its flag", Buffer.concat([connect, Buffer.of(0x80, 0)])],
    ["what only brokers send", Buffer.concat([connect, Buffer.of(0x20, 2, 0, 0)])],
    ["a reserved type", Buffer.concat([connect, Buffer.of(0, 0)])],
  ])("refuses %s", (_, bytes) => {
    expect(createPacketScanner().scan(bytes, anyLimit, Number.POSITIVE_INFINITY).fault).toBe("malformed");
  });
});
