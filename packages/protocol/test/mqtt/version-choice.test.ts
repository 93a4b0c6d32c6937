import { expect, it } from "vitest";
import { connectionFailure } from "../../src/mqtt/failure.ts";
import { createVersionChoice } from "../../src/mqtt/version-choice.ts";

const coded = (code: number | string, message = "") => Object.assign(new Error(message), { code });

it("changes the version when it is refused, at once only from 5 to 3.1.1", () => {
  const choice = createVersionChoice("auto");
  expect(choice.next()).toBe(5);
  expect(choice.failed(5, connectionFailure(coded(132), false))).toBe(true);
  expect(choice.next()).toBe(4);
  expect(choice.failed(4, connectionFailure(undefined, true))).toBe(false);
  expect(choice.next()).toBe(4);
  expect(choice.failed(4, connectionFailure(coded(1), false))).toBe(false);
  expect(choice.next()).toBe(5);
});

it("takes turns with a broker that hangs up, and stays with the version for any other failure", () => {
  const choice = createVersionChoice("auto");
  choice.failed(5, connectionFailure(coded("ECONNREFUSED"), false));
  choice.failed(5, connectionFailure(coded(135), false));
  expect(choice.next()).toBe(5);
  choice.failed(5, connectionFailure(undefined, false));
  expect(choice.next()).toBe(4);
  choice.failed(4, connectionFailure(coded("ECONNRESET"), false));
  expect(choice.next()).toBe(5);
});

it("does what it is told", () => {
  for (const [protocol, version] of [
    ["5", 5],
    ["3.1.1", 4],
  ] as const) {
    const choice = createVersionChoice(protocol);
    expect(choice.failed(version, connectionFailure(coded(1), false))).toBe(false);
    expect(choice.next()).toBe(version);
  }
});
