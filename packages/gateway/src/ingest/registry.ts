import type { Birth, Health, Reported } from "@zipml/protocol";
import type { SequenceStart } from "./sequence-set.ts";
import { createSession, type SessionRecord } from "./session.ts";

/** Bounds of what a gateway keeps about devices, so that no sender can make it grow without end. */
export interface RegistryLimits {
  /** Most devices of the group. Frames of others are not receipted. Default 10,000. */
  readonly devices: number;
  /** Most sessions of a device whose frames can be decoded at once, the newest; default 64. */
  readonly sessions: number;
  /** Most older sessions of a device of which only the stored sequences are kept; default 1,024. */
  readonly retired: number;
  /** Most grids of a session. Default 256. */
  readonly grids: number;
  /** Most ranges above a session's floor, at most the 256 that a receipt carries. Default 256. */
  readonly ranges: number;
  /** Most frames of a device that wait for a birth or grid. Default 64. */
  readonly parked: number;
  /** Most bytes of all frames that wait so. Default 67,108,864. */
  readonly parkedBytes: number;
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
  /** Oldest first. */
  readonly sessions: Map<number, SessionRecord>;
  /** Sessions that gave way to newer ones: what is stored of them is known, so that nothing is stored twice. */
  readonly retired: Map<number, SessionRecord>;
  /** Frames that wait for a birth or grid. */
  readonly parked: Uint8Array[];
}

/** The devices of a group. */
export interface Registry {
  get(id: string): DeviceRecord | undefined;
  /** The device's record, made if need be; undefined when there are as many devices as allowed. */
  open(id: string): DeviceRecord | undefined;
  /** The session's record, also a retired one. */
  session(device: DeviceRecord, session: number): SessionRecord | undefined;
  /** The session's record, made if need be or brought back; the oldest session retires. */
  openSession(device: DeviceRecord, session: number, startedAt: number): SessionRecord;
  /** The session's record as the log tells of it, beyond the bounds: {@link Registry.trim} ends that. */
  restore(device: DeviceRecord, session: number, startedAt: number, start?: SequenceStart): SessionRecord;
  /** Retires what is beyond the bounds. */
  trim(): void;
  all(): IterableIterator<DeviceRecord>;
  readonly size: number;
}

function createDevice(id: string): DeviceRecord {
  return {
    id,
    birth: undefined,
    health: undefined,
    reported: undefined,
    online: false,
    dead: undefined,
    askedAt: Number.NEGATIVE_INFINITY,
    unusable: undefined,
    sessions: new Map(),
    retired: new Map(),
    parked: [],
  };
}

function removeOldest(sessions: Map<number, SessionRecord>): SessionRecord | undefined {
  const [oldest] = sessions.values();
  if (oldest !== undefined) sessions.delete(oldest.session);
  return oldest;
}

/**
 * @param limits Bounds.
 * @param forgotten Told of a retired session that gave way in its turn: a frame of it that came again would be stored
 * again.
 */
export function createRegistry(
  limits: RegistryLimits,
  forgotten: (device: DeviceRecord, session: SessionRecord) => void = () => undefined,
): Registry {
  const devices = new Map<string, DeviceRecord>();
  const bound = (device: DeviceRecord): void => {
    while (device.sessions.size > limits.sessions) {
      const oldest = removeOldest(device.sessions);
      if (oldest === undefined) return;
      oldest.decoders.clear();
      // Nothing of it is stored, or about to be: there is nothing to know.
      if (oldest.sequences.end > 0 || oldest.pending.size > 0) device.retired.set(oldest.session, oldest);
    }
    while (device.retired.size > limits.retired) {
      const oldest = removeOldest(device.retired);
      if (oldest !== undefined) forgotten(device, oldest);
    }
  };
  const restore: Registry["restore"] = (device, session, startedAt, start) => {
    const known = device.sessions.get(session);
    if (known !== undefined) return known;
    const record = device.retired.get(session) ?? createSession(session, startedAt, limits.ranges, start);
    device.retired.delete(session);
    device.sessions.set(session, record);
    return record;
  };
  return {
    get: (id) => devices.get(id),
    open: (id) => {
      const known = devices.get(id);
      if (known !== undefined || devices.size >= limits.devices) return known;
      const made = createDevice(id);
      devices.set(id, made);
      return made;
    },
    session: (device, session) => device.sessions.get(session) ?? device.retired.get(session),
    openSession: (device, session, startedAt) => {
      const record = restore(device, session, startedAt);
      bound(device);
      return record;
    },
    restore,
    trim: () => {
      for (const device of devices.values()) bound(device);
    },
    all: () => devices.values(),
    get size() {
      return devices.size;
    },
  };
}
