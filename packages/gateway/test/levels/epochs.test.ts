import { describe, expect, it } from "vitest";
import { createRegistry, type DeviceRecord } from "../../src/ingest/registry.ts";
import { nextEpoch } from "../../src/levels/epochs.ts";
import { limitsOf } from "../ingest/limits.ts";

/** A device with a session that has used epochs: known, refused, or told of by the log. */
function deviceWith(epochs: { decoders?: number[]; refused?: number[]; noted?: number[] }): DeviceRecord {
  const registry = createRegistry(limitsOf());
  const device = registry.open("a");
  if (device === undefined) throw new Error("no room");
  const session = registry.openSession(device, 1, 0);
  for (const epoch of epochs.decoders ?? []) session.decoders.set(epoch, {} as never);
  for (const epoch of epochs.refused ?? []) session.refused.add(epoch);
  for (const epoch of epochs.noted ?? []) session.noted.add(epoch);
  return device;
}

describe("the next epoch", () => {
  it("is above all that were used, those reserved for a full outbox aside", () => {
    expect(nextEpoch(0, [], [])).toBe(1);
    expect(nextEpoch(3, [deviceWith({ decoders: [0, 5, 65_535] })], [7, 65_534])).toBe(8);
    expect(nextEpoch(3, [deviceWith({ refused: [9] }), deviceWith({ noted: [11] })], [])).toBe(12);
  });

  it("is the lowest free one above the present where the highest is used up, and none at the end", () => {
    expect(nextEpoch(3, [deviceWith({ decoders: [4, 0xfeff] })], [])).toBe(5);
    expect(nextEpoch(0xfeff, [], [])).toBeUndefined();
  });
});
