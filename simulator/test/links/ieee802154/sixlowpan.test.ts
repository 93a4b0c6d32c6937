import { describe, expect, it } from "vitest";
import { cycleUs, frameAirtimeUs } from "../../../src/links/ieee802154/frames.ts";
import { datagramDelivery, fragmentSizes } from "../../../src/links/ieee802154/sixlowpan.ts";

describe("IEEE 802.15.4 frames", () => {
  it("take so long", () => {
    expect([5, 21, 49, 127].map(frameAirtimeUs)).toEqual([352, 864, 1760, 4256]);
    expect(() => frameAirtimeUs(128)).toThrow(expect.objectContaining({ code: "payload", allowed: 127 }));
  });

  it("reach the published throughput, which leaves carrier sense out", () => {
    const rate = (payloadBytes: number, acknowledged: boolean) =>
      (payloadBytes * 8000) / cycleUs(127, { acknowledged, carrierSense: false });
    expect(rate(122, false).toFixed(1)).toBe("162.2");
    expect(((rate(122, false) / 250) * 100).toFixed(1)).toBe("64.9");
    expect(rate(114, true).toFixed(1)).toBe("139.0");
    expect(cycleUs(127)).toBe(1120 + 128 + 192 + 4256 + 192 + 352 + 640);
    expect(cycleUs(18, { acknowledged: false, carrierSense: false })).toBe(1120 + 24 * 32 + 192);
  });
});

describe("6LoWPAN fragments", () => {
  it.each([
    [10, 116, [19]],
    [100, 116, [109]],
    [100, 104, [101, 17]],
    [100, 83, [77, 41]],
    [107, 116, [116]],
    [200, 116, [109, 109]],
    [200, 104, [101, 101, 21]],
    [200, 83, [77, 77, 69]],
  ])("of %i B in frames of %i B", (datagram, frame, sizes) => {
    expect(fragmentSizes(datagram, frame)).toEqual(sizes);
  });

  it("are so many for long datagrams", () => {
    const counts = (bytes: number) => [116, 104, 83].map((frame) => fragmentSizes(bytes, frame).length);
    expect(counts(512)).toEqual([5, 6, 8]);
    expect(counts(1232)).toEqual([12, 13, 18]);
  });

  it("of a header of 6 B", () => {
    expect(fragmentSizes(100, 104, 6)).toEqual([98, 17]);
    expect(fragmentSizes(200, 116, 6)).toEqual([114, 101]);
  });

  it("obey RFC 4944 for every size, and are as many as a closed form says", () => {
    const wrong: string[] = [];
    for (const header of [6, 9, 17, 26, 41])
      for (let frame = 60; frame <= 122; frame += 7)
        for (let datagram = 0; datagram <= 1232; datagram++) {
          const sizes = fragmentSizes(datagram, frame, header);
          const first = Math.floor((frame - header - 4) / 8) * 8;
          const next = Math.floor((frame - 5) / 8) * 8;
          const isWhole = datagram + header <= frame;
          const left = datagram - first - (frame - 5);
          const count = isWhole ? 1 : 2 + Math.max(0, Math.ceil(left / next));
          const carried = sizes.reduce((sum, size, at) => sum + size - (at === 0 ? header + 4 : 5), 0);
          const inUnits = sizes.slice(0, -1).every((size, at) => (size - (at === 0 ? header + 4 : 5)) % 8 === 0);
          const fits = sizes.every((size) => size <= frame);
          const isSound = sizes.length === count && (isWhole || carried === datagram) && inUnits && fits;
          if (!isSound) wrong.push(`${datagram} B, frame ${frame}, header ${header}`);
        }
    expect(wrong).toEqual([]);
  });

  it("are all needed", () => {
    expect(datagramDelivery(3, 0.1)).toBeCloseTo(0.729, 12);
    expect(datagramDelivery(1, 0)).toBe(1);
  });

  it("are refused above 1,232 bytes", () => {
    expect(() => fragmentSizes(1233, 104)).toThrow(expect.objectContaining({ code: "payload", allowed: 1232 }));
    expect(() => fragmentSizes(10, 16)).toThrow(expect.objectContaining({ code: "option" }));
  });
});
