import { describe, expect, it } from "vitest";
import {
  snConnectBytes,
  snPublishBytes,
  snRegisterBytes,
  snSubscribeBytes,
  snWillMessageBytes,
  snWillTopicBytes,
} from "../../../src/links/upper/mqtt-sn.ts";

describe("sizes of MQTT-SN packets", () => {
  it("are those of the reference", () => {
    expect([10, 51, 222, 1000].map(snPublishBytes)).toEqual([17, 58, 229, 1009]);
    expect(snConnectBytes(23)).toBe(29);
    expect(snRegisterBytes(20)).toBe(26);
    expect([snSubscribeBytes(20), snWillTopicBytes(20), snWillMessageBytes(20)]).toEqual([25, 23, 22]);
  });

  it("take three bytes of length from 256 on", () => {
    expect([248, 249].map(snPublishBytes)).toEqual([255, 258]);
  });

  it("are refused above 65,535 bytes", () => {
    expect(snPublishBytes(65_526)).toBe(65_535);
    expect(() => snPublishBytes(65_527)).toThrow(expect.objectContaining({ code: "payload", allowed: 65_535 }));
  });
});
