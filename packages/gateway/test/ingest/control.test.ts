import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createControlGate } from "../../src/ingest/control.ts";
import { createRegistry } from "../../src/ingest/registry.ts";
import { limitsOf } from "./limits.ts";

function setUp() {
  const clock = createVirtualClock();
  const limits = limitsOf({ devices: 2, controlRate: 1000, controlBurst: 4000 });
  const told: string[] = [];
  const gate = createControlGate({
    clock,
    registry: createRegistry(limits),
    limits,
    refused: (device, reason) => told.push(`${device}: ${reason}`),
  });
  return { clock, gate, told };
}

describe("control gate", () => {
  it("lets in what a device's rate allows, refuses and counts the rest, and tells of it once", async () => {
    const { clock, gate, told } = setUp();
    const flood = (device: string): number =>
      Array.from({ length: 20 }, () => gate.admits(device, 936)).filter(Boolean).length;
    expect(flood("a")).toBe(4); // 936 and 64 of overhead: four thousand bytes at once
    expect(gate.admits("b", 936)).toBe(true); // one device's flood is not another's
    expect(told).toEqual([expect.stringContaining("a: more than 1000 bytes of control messages a second")]);
    await clock.advance(1000);
    expect(gate.admits("a", 936)).toBe(true);
    expect(gate.admits("a", 936)).toBe(false);
    expect(told).toHaveLength(2);
    expect(gate.counts()).toEqual({ received: 23, malformed: 0, limited: 17, unknown: 0 });
  });

  it("makes small messages pay too", () => {
    const { gate } = setUp();
    const admitted = Array.from({ length: 1000 }, () => gate.admits("a", 1)).filter(Boolean).length;
    expect(admitted).toBe(Math.floor(4000 / 65));
  });

  it("reads nothing of devices beyond the bound, and keeps nothing of them", () => {
    const { gate, told } = setUp();
    const admitted = Array.from({ length: 50 }, (_, i) => gate.admits(`d${i}`, 10)).filter(Boolean).length;
    expect(admitted).toBe(2);
    expect(gate.counts()).toMatchObject({ received: 50, unknown: 48 });
    expect(told).toHaveLength(1);
  });
});
