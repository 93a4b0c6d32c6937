import { expect, it } from "vitest";
import { connectionFailure, operationError } from "../../src/mqtt/failure.ts";

const coded = (code: number | string | undefined, message = "m") => Object.assign(new Error(message), { code });

it.each([
  [5, "auth"],
  [134, "auth"],
  [3, "refused"],
  [137, "refused"],
  ["ECONNREFUSED", "offline"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "tls"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
  ["CERT_HAS_EXPIRED", "tls"],
  ["ETIMEDOUT", "timeout"],
] as const)("sorts connection failure %s as %s", (code, kind) => {
  const cause = coded(code);
  const { error } = connectionFailure(cause, false);
  expect(error).toMatchObject({ code: kind, cause, reasonCode: typeof code === "number" ? code : undefined });
});

it("sorts what has no code by its words, and says something of an error without a message", () => {
  expect(connectionFailure(coded(undefined, "connack timeout"), false).error.code).toBe("timeout");
  expect(connectionFailure(coded("ECONNREFUSED", ""), false).error.message).toBe("ECONNREFUSED");
  expect(connectionFailure(undefined, true)).toMatchObject({ silent: true, established: true });
});

it("tells the broker's answer to an operation from the end of the connection", () => {
  expect(operationError("publish", coded(135))).toMatchObject({ code: "auth", reasonCode: 135 });
  expect(operationError("publish", coded(151))).toMatchObject({ code: "refused", reasonCode: 151 });
  expect(operationError("publish", coded(undefined))).toMatchObject({ code: "offline" });
  const suback = Object.assign(new Error("m"), { packet: { granted: [1, 143] } });
  expect(operationError("subscribe", suback)).toMatchObject({ code: "refused", reasonCode: 143 });
});
