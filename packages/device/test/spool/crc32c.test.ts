import { crc32c } from "@zipml/codec";
import { describe, expect, it } from "vitest";

const ascii = (text: string) => new TextEncoder().encode(text);

describe("CRC-32C", () => {
  it("has the published check value, and those of RFC 3720 appendix B.4", () => {
    expect(crc32c(ascii("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  it("goes on from the CRC of what came before", () => {
    expect(crc32c(ascii("456789"), crc32c(ascii("123")))).toBe(0xe3069283);
  });
});
