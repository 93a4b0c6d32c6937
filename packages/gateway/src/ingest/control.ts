import type { Clock } from "@zipml/protocol";
import { createTokenBucket, type TokenBucket } from "../broker/token-bucket.ts";
import type { DeviceRecord, Registry, RegistryLimits } from "./registry.ts";

/** Counts of births, deaths, health and reported messages. */
export interface ControlCounts {
  /** All that came. */
  readonly received: number;
  /** Refused: not the CBOR or not the shape that they should have; those under a gateway's topics too. */
  readonly malformed: number;
  /** Refused unread: the device had sent more bytes than its rate lets it. */
  readonly limited: number;
  /** Refused unread: there are as many devices as allowed. */
  readonly unknown: number;
}

/** What the gate needs. */
export interface ControlPorts {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly limits: Pick<RegistryLimits, "devices" | "controlRate" | "controlBurst">;
  /** A message was refused unread. Told once for each time that a device passes its rate. */
  refused(device: string, reason: string): void;
}

/** Stands before what reads control messages: reading costs time by the byte, and a device may send many. */
export interface ControlGate {
  /** Whether a message is to be read; counted, and told where not. */
  admits(device: string, bytes: number): boolean;
  /** A message that was read turned out not to be one. */
  malformed(): void;
  counts(): ControlCounts;
}

/** Counted for every message beside its bytes, so that small ones have their price too. */
const overhead = 64;

interface Meter {
  readonly bucket: TokenBucket;
  /** Whether its last message was refused. */
  limited: boolean;
}

/**
 * @param ports What it works on.
 */
export function createControlGate({ clock, registry, limits, refused }: ControlPorts): ControlGate {
  const counts = { received: 0, malformed: 0, limited: 0, unknown: 0 };
  const meters = new WeakMap<DeviceRecord, Meter>();
  const { devices, controlRate, controlBurst } = limits;
  let full = false;
  const meterOf = (device: DeviceRecord): Meter => {
    const known = meters.get(device);
    if (known !== undefined) return known;
    const made = { bucket: createTokenBucket(controlRate, controlBurst, clock), limited: false };
    meters.set(device, made);
    return made;
  };
  const refuseUnknown = (id: string): boolean => {
    counts.unknown += 1;
    if (!full) refused(id, `there are ${devices} devices, as many as limits.devices allows`);
    full = true;
    return false;
  };
  return {
    admits: (id, bytes) => {
      counts.received += 1;
      const device = registry.open(id);
      if (device === undefined) return refuseUnknown(id);
      const meter = meterOf(device);
      const admitted = meter.bucket.take(bytes + overhead);
      if (!admitted) {
        counts.limited += 1;
        if (!meter.limited)
          refused(id, `more than ${controlRate} bytes of control messages a second (limits.controlRate)`);
      }
      meter.limited = !admitted;
      return admitted;
    },
    malformed: () => {
      counts.malformed += 1;
    },
    counts: () => ({ ...counts }),
  };
}
