import type { RegistryLimits } from "../../src/ingest/registry.ts";

/** Small bounds, with some changed. */
export function limitsOf(bounds: Partial<RegistryLimits> = {}): RegistryLimits {
  return {
    devices: 3,
    sessions: 2,
    retired: 2,
    grids: 4,
    ranges: 2,
    parked: 2,
    parkedBytes: 10_000,
    deviceBytes: 1_000_000,
    gridBytes: 10_000_000,
    controlRate: 1000,
    controlBurst: 10_000,
    ...bounds,
  };
}
