import type { Birth, Health, Reported } from "@zipml/protocol";
import type { Projection } from "./columns.ts";
import { createSequenceSet, type SequenceSet } from "./sequence-set.ts";

/** Bounds of what a gateway keeps about devices, so that no sender can make it grow without end. */
export interface RegistryLimits {
  /** Most devices. Default 10,000. */
  readonly devices: number;
  /** Most sessions of a device, the newest; default 64. */
  readonly sessions: number;
  /** Most ranges above a session's floor, at most the 256 that a receipt carries. Default 256. */
  readonly ranges: number;
  /** Most frames of a device that wait for a birth or grid. Default 64. */
  readonly parked: number;
}

/** What decodes the frames of one grid epoch. */
export interface Decoder {
  /** Encoder of the whole row, as the device has it. */
  readonly channels: number;
  readonly projection: Projection;
  decode(body: Uint8Array, rows: number): Uint16Array;
}

/** One session of a device. */
export interface SessionRecord {
  readonly session: number;
  /** Wall clock at its start, ms. */
  readonly startedAt: number;
  /** By grid epoch. */
  readonly decoders: Map<number, Decoder>;
  readonly sequences: SequenceSet;
}

/** One device of the group. */
export interface DeviceRecord {
  readonly id: string;
  birth: Birth | undefined;
  health: Health | undefined;
  reported: Reported | undefined;
  online: boolean;
  /** Session whose death came last, as long as nothing has come from it since. */
  dead: number | undefined;
  /** When its birth was last asked for, ms on the clock. */
  askedAt: number;
  /** Why its readings can't be used, where they can't. */
  unusable: string | undefined;
  readonly sessions: Map<number, SessionRecord>;
  /** Frames that wait for a birth or grid. */
  readonly parked: Uint8Array[];
}

/** The devices of a group. */
export interface Registry {
  get(id: string): DeviceRecord | undefined;
  /** The device's record, made if need be; undefined when there are as many devices as allowed. */
  open(id: string): DeviceRecord | undefined;
  /** The session's record, made if need be; the oldest session gives way. */
  openSession(device: DeviceRecord, session: number, startedAt: number): SessionRecord;
  all(): IterableIterator<DeviceRecord>;
  readonly size: number;
}

/**
 * @param limits Bounds.
 */
export function createRegistry(limits: RegistryLimits): Registry {
  const devices = new Map<string, DeviceRecord>();
  const open = (id: string): DeviceRecord | undefined => {
    const known = devices.get(id);
    if (known !== undefined || devices.size >= limits.devices) return known;
    const made: DeviceRecord = {
      id,
      birth: undefined,
      health: undefined,
      reported: undefined,
      online: false,
      dead: undefined,
      askedAt: Number.NEGATIVE_INFINITY,
      unusable: undefined,
      sessions: new Map(),
      parked: [],
    };
    devices.set(id, made);
    return made;
  };
  return {
    get: (id) => devices.get(id),
    open,
    openSession: (device, session, startedAt) => {
      const known = device.sessions.get(session);
      if (known !== undefined) return known;
      const [oldest] = device.sessions.keys();
      if (device.sessions.size >= limits.sessions && oldest !== undefined) device.sessions.delete(oldest);
      const made: SessionRecord = {
        session,
        startedAt,
        decoders: new Map(),
        sequences: createSequenceSet(limits.ranges),
      };
      device.sessions.set(session, made);
      return made;
    },
    all: () => devices.values(),
    get size() {
      return devices.size;
    },
  };
}
