import { defineSchema, type Schema, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createGroupTask } from "../../src/ingest/group-task.ts";
import { createRegistry, type RegistryLimits } from "../../src/ingest/registry.ts";
import type { Decoder } from "../../src/ingest/session.ts";
import { limitsOf } from "./limits.ts";

const schemaOf = (high = 1): Schema =>
  defineSchema([
    { name: "x", unit: "V", range: [0, high], role: "feature" },
    { name: "y", unit: "W", range: [0, 1], role: "target" },
  ]);

function setUp(bounds: Partial<RegistryLimits>) {
  const registry = createRegistry(limitsOf({ sessions: 8, ...bounds }));
  const task = createGroupTask({}, () => undefined);
  const decoderOf = (epoch: number, high = 1): Decoder => {
    const made = task.decoder(schemaOf(high), uniformGrid(schemaOf(high), { epoch }));
    if ("reason" in made) throw new Error(made.reason);
    return made;
  };
  const opened = (id: string) => {
    const device = registry.open(id);
    if (device === undefined) throw new Error("no room");
    return device;
  };
  return { registry, decoderOf, opened };
}

const { bytes } = (() => {
  const { decoderOf } = setUp({});
  return decoderOf(0).shared;
})();

describe("bytes of schemas and grids", () => {
  it("of one device are bounded: its oldest sessions give theirs up first, the one that asks never", () => {
    const { registry, decoderOf, opened } = setUp({ deviceBytes: 3 * bytes });
    const device = opened("a");
    const sessions = [1, 2, 3, 4].map((session) => registry.openSession(device, session, 0));
    for (const session of sessions) expect(registry.learn(device, session, decoderOf(0))).toBeUndefined();
    expect(sessions.map(({ decoders }) => decoders.size)).toEqual([0, 1, 1, 1]);
    expect(device.gridBytes).toBe(3 * bytes);
    const [, , , last] = sessions;
    if (last === undefined) throw new Error("no session");
    const answers = [1, 2, 3].map((epoch) => registry.learn(device, last, decoderOf(epoch)));
    expect(answers).toEqual([undefined, undefined, "deviceBytes"]);
    expect(sessions.map(({ decoders }) => decoders.size)).toEqual([0, 0, 0, 3]);
    expect(device.gridBytes).toBe(3 * bytes);
  });

  it("of all devices are bounded, equal ones counted once, and free again when they are given up", () => {
    const { registry, decoderOf, opened } = setUp({ gridBytes: 2 * bytes, sessions: 1 });
    const learn = (id: string, session: number, high: number) => {
      const device = opened(id);
      return registry.learn(device, registry.openSession(device, session, 0), decoderOf(0, high));
    };
    expect([learn("a", 1, 1), learn("b", 1, 1), learn("c", 1, 1)]).toEqual([undefined, undefined, undefined]);
    expect(learn("a", 2, 2)).toBeUndefined(); // its own in place of the one it had
    expect(learn("b", 2, 3)).toBe("gridBytes"); // c still uses the first
    expect(learn("c", 2, 2)).toBeUndefined();
    expect(learn("b", 2, 3)).toBeUndefined();
  });

  it("are kept as the log tells of them, and brought within the bound afterwards", () => {
    const { registry, decoderOf, opened } = setUp({ deviceBytes: bytes });
    const device = opened("a");
    const sessions = [1, 2, 3].map((session) => registry.restore(device, session, 0));
    for (const session of sessions) registry.learn(device, session, decoderOf(0), true);
    expect(device.gridBytes).toBe(3 * bytes);
    registry.trim();
    expect(sessions.map(({ decoders }) => decoders.size)).toEqual([0, 0, 1]);
    expect(device.gridBytes).toBe(bytes);
  });

  it("grow with channels, the length of names, and levels", () => {
    const { decoderOf } = setUp({});
    expect(decoderOf(0).shared).toBe(decoderOf(7).shared); // the epoch is a session's own
    expect([decoderOf(0).grid.epoch, decoderOf(7).grid.epoch]).toEqual([0, 7]);
    expect(decoderOf(0, 2).shared).not.toBe(decoderOf(0).shared);
    expect(bytes).toBeGreaterThan(2 * 4096);
  });
});
