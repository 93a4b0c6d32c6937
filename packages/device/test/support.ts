import { defineSchema, type Schema } from "@zipml/codec";
import { createMemoryBroker, createVirtualClock, type VirtualClock } from "@zipml/protocol/memory";
import { type DeviceOptions, type ResolvedOptions, resolveOptions } from "../src/options.ts";
import type { SealedFrame } from "../src/outbox.ts";

/** Two features and a target: 4 + 4 + 8 = 16 bits a row. */
export const schema: Schema = defineSchema([
  { name: "x", unit: "V", range: [0, 1], role: "feature" },
  { name: "z", unit: "V", range: [0, 1], role: "feature" },
  { name: "y", unit: "W", range: [0, 10], role: "target" },
]);

export const row = { x: 0.25, z: 0.5, y: 5 };

/** Resolved options on a virtual clock, with a fixed session and secret. */
export function resolved(options: Partial<DeviceOptions> = {}): ResolvedOptions & { readonly clock: VirtualClock } {
  const clock = createVirtualClock(1_000_000);
  const transport = createMemoryBroker({ clock }).connector();
  const base = { id: "d", group: "g", schema, transport, clock, session: 9, random: () => 7 };
  return { ...resolveOptions({ ...base, ...options }), clock };
}

/** A frame of so many bytes; what is in them does not matter. */
export const sealed = (session: number, sequence: number, rows = 1, bytes = 10): SealedFrame => ({
  session,
  sequence,
  rows,
  bytes: new Uint8Array(bytes),
});
