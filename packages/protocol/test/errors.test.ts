import { describe, expect, it } from "vitest";
import { decodeCbor } from "../src/cbor.ts";
import { ProtocolError } from "../src/errors.ts";
import { decodeMessage, encodeMessage } from "../src/messages.ts";
import { checkId } from "../src/topics.ts";

function thrown(task: () => unknown): ProtocolError {
  try {
    task();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
  }
  throw new Error("nothing was thrown");
}

describe("ProtocolError", () => {
  it("of what came in has no trace of calls: a sender would decide how often one is taken", () => {
    for (const error of [
      thrown(() => decodeCbor(Uint8Array.of(0xff))),
      thrown(() => decodeMessage("death", Uint8Array.of(0xa0))),
      thrown(() => decodeMessage("birth", new Uint8Array(300_000))),
    ])
      expect(error.stack).toBe(`ProtocolError: ${error.message}`);
  });

  it("of a caller's mistake has one", () => {
    for (const error of [
      thrown(() => checkId("device", "a b")),
      thrown(() => encodeMessage("death", { session: -1 })),
    ]) {
      expect(error).toBeInstanceOf(Error);
      expect(error.stack).toContain(`ProtocolError: ${error.message}`);
      expect(error.stack).toContain("errors.test.ts");
    }
  });

  it("keeps what lay underneath", () => {
    const cause = new Error("below");
    expect(new ProtocolError("cbor", "above", { cause })).toMatchObject({ name: "ProtocolError", cause });
    expect("cause" in new ProtocolError("cbor", "above")).toBe(false);
  });
});
