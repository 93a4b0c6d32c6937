import type { Birth, Health, Reported } from "@zipml/protocol";
import { createHoldings, type Holdings } from "./holdings.ts";
import type { SequenceStart } from "./sequence-set.ts";
import { createSession, type Decoder, type SessionRecord } from "./session.ts";

/** Bounds of what a gateway keeps about devices, so that no sender can make it grow without end. */
export interface RegistryLimits {
  /** Most devices of the group. Frames of others are not receipted. Default 10,000. */
  readonly devices: number;
  /** Most sessions of a device whose frames can be decoded at once, the newest; default 64. */
  readonly sessions: number;
  /** Most older sessions of a device of which only the stored sequences are kept; default 1,024. */
  readonly retired: number;
  /** Most grids of a session, the newest: frames of older ones are refused. Default 256. */
  readonly grids: number;
  /** Most ranges above a session's floor, at most the 256 that a receipt carries. Default 256. */
  readonly ranges: number;
  /** Most frames of a device that wait for a birth or grid. Default 64. */
  readonly parked: number;
  /** Most bytes of all frames that wait so. Default 67,108,864. */
  readonly parkedBytes: number;
  /**
   * Most bytes that the schemas and grids of one device may take in memory, as estimated (some 4 KiB a channel of a
   * grid): those of its oldest sessions are given up first. Default 67,108,864.
   */
  readonly deviceBytes: number;
  /** Most bytes that those of all devices may take, equal ones counted once. Default 536,870,912. */
  readonly gridBytes: number;
  /** Bytes a second of births, deaths, health and reported messages of one device that are read. Default 131,072. */
  readonly controlRate: number;
  /** Most bytes of them that are read at once. Default 4,194,304. */
  readonly controlBurst: number;
}

/** What is kept of a health message. */
export interface HealthRecord {
  /** Readings clipped, over all channels. */
  readonly clipped: number;
  /** Rows refused. */
  readonly refused: number;
  /** What it declares as dropped of sessions that are not known yet. */
  readonly undeclared: NonNullable<Health["dropped"]["frames"]>;
}

/** One device of the group. */
export interface DeviceRecord {
  readonly id: string;
  /** Of the newest birth: the rest of it went into the sessions. */
  birth: Pick<Birth, "session"> | undefined;
  /** Of the newest health message. */
  health: HealthRecord | undefined;
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
  /** Bytes that its schemas and grids take, as estimated, those that it shares with others too. */
  gridBytes: number;
}

/** A bound on what schemas and grids take: of one device, or of all. */
export type GridBound = "deviceBytes" | "gridBytes";

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
  /**
   * Keeps a decoder of a session; one that the log tells of (`restored`) beyond the bounds.
   *
   * @returns Which bound is in its way, where it was not kept.
   */
  learn(device: DeviceRecord, session: SessionRecord, decoder: Decoder, restored?: boolean): GridBound | undefined;
  /** Gives up the decoder of one grid for good: frames of it are refused from then on. */
  pass(device: DeviceRecord, session: SessionRecord, epoch: number): void;
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
    gridBytes: 0,
  };
}

function removeOldest(sessions: Map<number, SessionRecord>): SessionRecord | undefined {
  const [oldest] = sessions.values();
  if (oldest !== undefined) sessions.delete(oldest.session);
  return oldest;
}

/** Most epochs that are known to have given way, of each session. */
const mostPassed = 4096;

function pass(holdings: Holdings, device: DeviceRecord, { decoders, passed }: SessionRecord, epoch: number): void {
  const decoder = decoders.get(epoch);
  if (decoder !== undefined) release(holdings, device, decoder);
  decoders.delete(epoch);
  if (!passed.has(epoch)) passed.set(epoch, false);
  const [oldest] = passed.keys();
  if (passed.size > mostPassed && oldest !== undefined) passed.delete(oldest);
}

function release(holdings: Holdings, device: DeviceRecord, { shared }: Decoder): void {
  holdings.release(shared);
  device.gridBytes -= shared.bytes;
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
  const holdings = createHoldings();
  const giveUp = (device: DeviceRecord, session: SessionRecord): void => {
    for (const decoder of session.decoders.values()) release(holdings, device, decoder);
    session.decoders.clear();
  };
  /** Gives up the grids of older sessions than this one, oldest first, until so many bytes fit. */
  const makeRoom = (device: DeviceRecord, bytes: number, kept: SessionRecord): void => {
    for (const session of device.sessions.values()) {
      if (device.gridBytes + bytes <= limits.deviceBytes) return;
      if (session !== kept) giveUp(device, session);
    }
  };
  const learn: Registry["learn"] = (device, session, decoder, restored = false) => {
    const { shared, grid } = decoder;
    if (!restored) {
      makeRoom(device, shared.bytes, session);
      if (device.gridBytes + shared.bytes > limits.deviceBytes) return "deviceBytes";
      if (!holdings.has(shared) && holdings.total + shared.bytes > limits.gridBytes) return "gridBytes";
    }
    device.gridBytes += shared.bytes;
    holdings.hold(shared);
    session.decoders.set(grid.epoch, decoder);
    return undefined;
  };
  const bound = (device: DeviceRecord): void => {
    while (device.sessions.size > limits.sessions) {
      const oldest = removeOldest(device.sessions);
      if (oldest === undefined) return;
      giveUp(device, oldest);
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
    learn,
    pass: (device, session, epoch) => pass(holdings, device, session, epoch),
    trim: () => {
      for (const device of devices.values()) {
        bound(device);
        const newest = [...device.sessions.values()].at(-1);
        if (newest !== undefined) makeRoom(device, 0, newest);
      }
    },
    all: () => devices.values(),
    get size() {
      return devices.size;
    },
  };
}
