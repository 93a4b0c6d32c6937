import { createMemoryBroker } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { type GatewayOptions, resolveGatewayOptions } from "../../src/options.ts";

const training = { loss: "hinge", estimator: "refetch" } as const;
const resolve = (more: Partial<GatewayOptions>) =>
  resolveGatewayOptions({ group: "g", transport: createMemoryBroker().connector(), training, ...more });

describe("options of a gateway that refetches", () => {
  it("have a pace and a bound", () => {
    expect(resolve({}).refetch).toEqual({ seconds: 30, againSeconds: 5, bytes: 67_108_864 });
    const refetch = { seconds: 2, againSeconds: 0.5, bytes: 1_000_000 };
    expect(resolve({ training: { ...training, refetch } }).refetch).toEqual(refetch);
  });

  it.each([
    ["another loss", { training: { loss: "logistic", estimator: "refetch" } }, /hinge, not logistic/],
    ["lags", { training: { ...training, lags: 2 } }, /training\.lags/],
    ["a thin grid", { grid: { thin: { bits: 2 } } }, /scheme count/],
    ["no patience", { training: { ...training, refetch: { seconds: 0 } } }, /refetch\.seconds/],
    ["no room", { training: { ...training, refetch: { bytes: 10 } } }, /refetch\.bytes/],
  ] as const)("refuse %s", (_, more, message) => {
    expect(() => resolve(more)).toThrow(
      expect.objectContaining({ code: "options", message: expect.stringMatching(message) }),
    );
  });
});
