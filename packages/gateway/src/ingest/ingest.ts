import {
  DecodeError,
  decodeExactAnswer,
  decodeFrame,
  type ExactAnswer,
  type Frame,
  type Grid,
  isExactAnswer,
  type Schema,
} from "@zipml/codec";
import type { Birth, Clock, Command, Health } from "@zipml/protocol";
import { GatewayError } from "../errors.ts";
import type { Added, FrameLog } from "../log/frame-log.ts";
import type { StoredFrame } from "../sample-store.ts";
import { coverDeclared, hasRoom } from "./declared.ts";
import { type AnsweredRows, answeredRows } from "./exact-answers.ts";
import type { GroupTask } from "./group-task.ts";
import { emptyCounts, type IngestCounts } from "./ingest-counts.ts";
import type { DeviceRecord, Registry, RegistryLimits } from "./registry.ts";
import { type Decoder, followGap, isDecoderOf, retake, type SessionRecord } from "./session.ts";

/** What ingest needs from the gateway. */
export interface IngestPorts {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly limits: RegistryLimits;
  readonly task: GroupTask;
  readonly log: FrameLog;
  store(frame: StoredFrame): void;
  /** Exact rows that were asked for are stored. */
  answered(rows: AnsweredRows): void;
  /** The session has more in store than the last receipt said. */
  receipt(device: DeviceRecord, session: SessionRecord): void;
  command(device: string, command: Command): void;
  /** A frame was refused; the first of each grid that gave way to newer ones. */
  refused(device: string, error: DecodeError | GatewayError): void;
  unusable(device: string, reason: string): void;
}

/** From data messages to stored frames, each exactly once by (device, session, sequence). */
export interface Ingest {
  /**
   * Takes a birth, and the frames that waited for it.
   *
   * @param retained The broker had kept it: it may be of a device that has died since.
   */
  birth(device: string, message: Birth, retained: boolean): void;
  data(device: string, payload: Uint8Array): void;
  /** Closes the gaps that the device declares. */
  health(device: string, message: Health): void;
  counts(): IngestCounts;
}

/** Shortest time between two requests for a device's birth, ms. */
const askEvery = 5000;

/**
 * @param ports What it works on.
 */
export function createIngest(ports: IngestPorts): Ingest {
  return new GroupIngest(ports);
}

class GroupIngest implements Ingest {
  readonly #ports: IngestPorts;
  readonly #counts = emptyCounts();
  #parkedBytes = 0;
  #taskNoted = false;

  constructor(ports: IngestPorts) {
    this.#ports = ports;
  }

  counts(): IngestCounts {
    return { ...this.#counts };
  }

  birth(id: string, message: Birth, retained: boolean): void {
    const { registry, receipt } = this.#ports;
    const device = registry.open(id);
    if (device === undefined) return;
    device.birth = { session: message.session };
    device.online = !(retained && device.dead === message.session);
    if (!retained) device.dead = undefined;
    device.unusable = undefined;
    for (const part of [...(message.earlier ?? []), message]) {
      const { session: number, startedAt, grids, schema = message.schema } = part;
      const session = registry.openSession(device, number, startedAt);
      session.contested = session.startedAt !== startedAt;
      if (!session.contested) this.#learn(device, session, schema, grids);
      // Its sequences would be taken for those of the first and receipted without being stored.
      else
        this.#refuse(
          device,
          `session ${number} began at ${session.startedAt} and again at ${startedAt}: a run needs a number of its own`,
        );
      if (session.sequences.end > 0 && !session.contested) receipt(device, session); // the last one may have been lost, or was not sent
    }
    if (device.health !== undefined) this.#declare(device, device.health.undeclared);
    for (const payload of device.parked.splice(0)) {
      this.#parkedBytes -= payload.length;
      this.#take(device, payload, true);
    }
  }

  data(id: string, payload: Uint8Array): void {
    this.#counts.received += 1;
    const device = this.#ports.registry.open(id);
    if (device === undefined) this.#counts.deferred += 1;
    else this.#take(device, payload, false);
  }

  health(id: string, message: Health): void {
    const device = this.#ports.registry.open(id);
    if (device === undefined) return;
    const { clipped, refused, dropped } = message;
    const frames = dropped.frames ?? [];
    device.health = {
      clipped: Object.values(clipped).reduce((total, count) => total + count, 0),
      refused: refused.total,
      // A birth may make them known.
      undeclared: frames.filter(({ session }) => this.#ports.registry.session(device, session) === undefined),
    };
    this.#declare(device, frames);
  }

  #learn(device: DeviceRecord, session: SessionRecord, schema: Schema, grids: readonly Grid[]): void {
    const { limits } = this.#ports;
    const newest = grids.slice(-limits.grids);
    for (const { epoch } of grids.slice(0, -limits.grids)) this.#pass(device, session, epoch);
    const named = new Set(newest.map(({ epoch }) => epoch));
    for (const grid of newest) {
      if (session.passed.has(grid.epoch)) continue;
      const known = session.decoders.get(grid.epoch);
      if (known !== undefined) {
        session.decoders.delete(grid.epoch); // it stands behind those that are not named any more
        session.decoders.set(grid.epoch, known);
      }
      const fault =
        known === undefined
          ? this.#gridFault(device, session, schema, grid, named)
          : againFault(known, session, schema, grid);
      if (fault === undefined) {
        device.unusable = undefined; // the last grid is the one in force: what it says holds
        session.refused.delete(grid.epoch);
        continue;
      }
      this.#counts.refusedGrids += 1;
      if (fault.forGood && session.refused.size < limits.grids) session.refused.add(grid.epoch);
      this.#refuse(device, fault.reason);
    }
  }

  /** Gives up the oldest grid of a session that its birth does not name any more. @returns Whether there was one. */
  #giveWay(device: DeviceRecord, session: SessionRecord, named: ReadonlySet<number>): boolean {
    for (const epoch of session.decoders.keys()) {
      if (named.has(epoch)) continue;
      this.#pass(device, session, epoch);
      return true;
    }
    return false;
  }

  #pass(device: DeviceRecord, session: SessionRecord, epoch: number): void {
    if (!session.passed.has(epoch)) this.#counts.refusedGrids += 1;
    this.#ports.registry.pass(device, session, epoch);
  }

  /** Keeps the decoder of a grid. @returns Why it is not kept, and whether it never will be. */
  #gridFault(device: DeviceRecord, session: SessionRecord, schema: Schema, grid: Grid, named: ReadonlySet<number>) {
    const { task, limits, registry } = this.#ports;
    const decoder = task.decoder(schema, grid);
    if ("reason" in decoder) return { reason: decoder.reason, forGood: true };
    while (session.decoders.size >= limits.grids && this.#giveWay(device, session, named));
    let bound = registry.learn(device, session, decoder);
    while (bound === "deviceBytes" && this.#giveWay(device, session, named))
      bound = registry.learn(device, session, decoder);
    if (bound === undefined) return undefined;
    const { bytes } = decoder.shared;
    return {
      reason: `grid ${grid.epoch} of session ${session.session} takes ${bytes} bytes, which would pass limits.${bound} (${limits[bound]})`,
      forGood: bound === "deviceBytes",
    };
  }

  #refuse(device: DeviceRecord, reason: string): void {
    if (device.unusable === undefined) this.#ports.unusable(device.id, reason);
    device.unusable = reason;
  }

  #take(device: DeviceRecord, payload: Uint8Array, again: boolean): void {
    try {
      const frame = isExactAnswer(payload) ? decodeExactAnswer(payload) : decodeFrame(payload);
      const session = this.#ports.registry.session(device, frame.session);
      const decoder = session?.decoders.get(frame.grid);
      if (session?.contested || session?.refused.has(frame.grid)) {
        this.#counts.unusable += 1;
        return;
      }
      if (session !== undefined && this.#known(device, session, frame.sequence)) return;
      if (session !== undefined && decoder === undefined && this.#isPassed(device, session, frame)) return;
      if (session === undefined || decoder === undefined) this.#wait(device, payload, again);
      else if ("of" in frame) this.#storeAnswer(device, session, decoder, frame, payload);
      else this.#store(device, session, decoder, frame, payload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#counts.bad += 1;
      this.#ports.refused(device.id, error);
    }
  }

  /** Whether the frame's grid gave way to newer ones, which is told with the first frame of each. */
  #isPassed({ id }: DeviceRecord, session: SessionRecord, { grid, sequence }: Frame | ExactAnswer): boolean {
    const told = session.passed.get(grid);
    if (told === undefined) return false;
    const place = `frame ${sequence} of session ${session.session}`;
    const why = `the newest ${this.#ports.limits.grids} of a session are kept (limits.grids)`;
    session.passed.set(grid, true);
    this.#counts.unusable += 1;
    if (!told)
      this.#ports.refused(id, new GatewayError("limit", `${place} is under grid ${grid}, which gave way: ${why}`));
    return true;
  }

  /** Whether the frame is stored, or about to be. */
  #known(device: DeviceRecord, session: SessionRecord, sequence: number): boolean {
    const stored = session.sequences.has(sequence);
    if (!stored && !session.pending.has(sequence)) return false;
    this.#counts.duplicates += 1;
    if (stored) this.#ports.receipt(device, session); // the receipt for it may have been lost
    return true;
  }

  #store(device: DeviceRecord, session: SessionRecord, decoder: Decoder, frame: Frame, payload: Uint8Array): void {
    const { sequence, rows, start } = frame;
    const codes = decoder.decode(frame, device.id);
    const { quantizer } = decoder.projection;
    const time = session.startedAt + start;
    const stored = { device: device.id, session: session.session, sequence, time, rows, quantizer, codes };
    this.#append(device, session, decoder, { sequence, payload }, () => {
      this.#ports.store(stored);
      this.#counts.rows += rows;
      return stored;
    });
  }

  #storeAnswer(
    device: DeviceRecord,
    session: SessionRecord,
    decoder: Decoder,
    answer: ExactAnswer,
    payload: Uint8Array,
  ): void {
    const { sequence } = answer;
    const rows = answeredRows(answer, device.id, decoder, payload.length);
    this.#append(device, session, decoder, { sequence, payload }, (at) => {
      this.#ports.answered(rows);
      // As late as it came, so that it stays in the log while the rows that it tells of are in the window.
      return { device: device.id, session: session.session, sequence, time: at, rows: 0 };
    });
  }

  /** Hands a message to the log. @param settle Takes it once it is durable, with the time at which it came. */
  #append(
    device: DeviceRecord,
    session: SessionRecord,
    decoder: Decoder,
    { sequence, payload }: { readonly sequence: number; readonly payload: Uint8Array },
    settle: (at: number) => Omit<Added, "ranges" | "declared">,
  ): void {
    const { clock, limits, log } = this.#ports;
    if (session.stale) retake(session, limits.ranges);
    if (!session.taken.add(sequence)) {
      this.#counts.deferred += 1;
      return;
    }
    session.pending.add(sequence);
    this.#counts.pending += 1;
    const at = clock.now();
    const entry = { type: "frame", device: device.id, session: session.session, at, payload } as const;
    const settled = (durable: boolean): Added | undefined =>
      this.#settle(device, session, sequence, durable ? () => settle(at) : undefined);
    if (this.#note(device, session, decoder) && log.append(entry, settled)) return;
    this.#release(session, sequence);
    this.#counts.deferred += 1;
    session.stale = true;
  }

  #release(session: SessionRecord, sequence: number): void {
    session.pending.delete(sequence);
    this.#counts.pending -= 1;
  }

  /** @param settle Undefined where the message is not durable. */
  #settle(
    device: DeviceRecord,
    session: SessionRecord,
    sequence: number,
    settle: (() => Omit<Added, "ranges" | "declared">) | undefined,
  ): Added | undefined {
    this.#release(session, sequence);
    if (settle === undefined) {
      this.#counts.deferred += 1;
      session.stale = true;
      return undefined;
    }
    const { floor } = session.sequences;
    session.sequences.add(sequence);
    followGap(session, floor, this.#ports.clock.now());
    const added = settle();
    this.#counts.stored += 1;
    this.#ports.receipt(device, session);
    return { ...added, ranges: [[sequence, sequence]], declared: 0 };
  }

  /** Has the log know what the frame means, and what the group trains, before the frame itself. */
  #note(device: DeviceRecord, session: SessionRecord, { schema, grid }: Decoder): boolean {
    const { log, task } = this.#ports;
    if (!this.#taskNoted && task.task !== undefined) {
      this.#taskNoted = log.append({ type: "task", choice: task.choice, task: task.task }, (durable) => {
        this.#taskNoted = durable;
        return undefined;
      });
      if (!this.#taskNoted) return false;
    }
    if (session.noted.has(grid.epoch)) return true;
    session.noted.add(grid.epoch);
    const { startedAt } = session;
    const entry = { type: "note", device: device.id, session: session.session, startedAt, schema, grid } as const;
    const appended = log.append(entry, (durable) => {
      if (!durable) session.noted.delete(grid.epoch);
      return undefined;
    });
    if (!appended) session.noted.delete(grid.epoch);
    return appended;
  }

  #declare(device: DeviceRecord, frames: NonNullable<Health["dropped"]["frames"]>): void {
    for (const { session: number, ranges } of frames) {
      const session = this.#ports.registry.session(device, number);
      // Of a session that has no birth yet: the birth brings it here again.
      if (session === undefined) continue;
      const lacking = ranges.filter(([from, to]) => session.sequences.lacking(from, to).length > 0);
      const taken = lacking.filter(([from, to]) => hasRoom(session, from, to));
      this.#counts.refusedRanges += lacking.length - taken.length;
      if (taken.length === 0) continue;
      const { startedAt } = session;
      const entry = { type: "declared", device: device.id, session: number, startedAt, ranges: taken } as const;
      this.#ports.log.append(entry, (durable) => (durable ? this.#cover(device, session, taken) : undefined));
    }
  }

  #cover(device: DeviceRecord, session: SessionRecord, ranges: Added["ranges"]): Added {
    const { clock, receipt } = this.#ports;
    const added = coverDeclared(session, ranges);
    followGap(session, added.floor, clock.now());
    this.#counts.declared += added.declared;
    receipt(device, session);
    const { session: number } = session;
    return { device: device.id, session: number, rows: 0, time: Number.NEGATIVE_INFINITY, sequence: 0, ...added };
  }

  #wait(device: DeviceRecord, payload: Uint8Array, again: boolean): void {
    const { clock, limits, command } = this.#ports;
    if (!again) this.#counts.unknownGrid += 1;
    if (device.parked.length < limits.parked && this.#parkedBytes + payload.length <= limits.parkedBytes) {
      device.parked.push(payload);
      this.#parkedBytes += payload.length;
    } else this.#counts.deferred += 1;
    if (clock.now() - device.askedAt < askEvery) return;
    device.askedAt = clock.now();
    command(device.id, { name: "birth" });
  }
}

/** An epoch never changes its meaning within a session. @returns Why what is said of it now does not hold. */
function againFault(known: Decoder, { session }: SessionRecord, schema: Schema, grid: Grid) {
  if (isDecoderOf(known, schema, grid)) return undefined;
  const reason = `grid ${grid.epoch} of session ${session} was another grid before, and stays that one`;
  return { reason, forGood: false };
}
