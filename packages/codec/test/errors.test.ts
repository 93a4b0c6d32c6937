import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { DecodeError, RefusalError } from "../src/errors.ts";
import { decodeFrame } from "../src/frame.ts";

function refusal(): unknown {
  try {
    return decodeFrame(Uint8Array.of(0xff));
  } catch (error) {
    return error;
  }
}

describe("a refusal of bytes", () => {
  it("is an error in every way", () => {
    const error = refusal();
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(RefusalError);
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ name: "DecodeError", code: "type", offset: 0 });
    expect(String(error)).toMatch(/^DecodeError: .*\(at byte 0\)$/);
    expect(inspect(error)).toContain("DecodeError: ");
    expect(JSON.parse(JSON.stringify(error))).toEqual({ code: "type", offset: 0 });
    expect(() => decodeFrame(new Uint8Array())).toThrow(DecodeError);
    expect(() => decodeFrame(new Uint8Array())).toThrow(/at byte 0/);
  });

  it("takes no trace of calls: its stack is what it says, whatever the limit of traces", () => {
    const error = refusal() as DecodeError;
    expect(error.stack).toBe(`DecodeError: ${error.message}`);
    expect(Object.hasOwn(error, "stack")).toBe(false);
    expect(new Error("control").stack).toContain("errors.test.ts");
  });
});
