import { crc32c } from "@zipml/codec";
import { describe, expect, it } from "vitest";

describe("crc32c", () => {
  it("gives the published check value, also in parts", () => {
    const bytes = new TextEncoder().encode("123456789");
    expect(crc32c(bytes).toString(16)).toBe("e3069283");
    expect(crc32c(bytes.subarray(4), crc32c(bytes.subarray(0, 4)))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32)).toString(16)).toBe("8a9136aa");
  });
});
