import {
  createQuantizer,
  DecodeError,
  decodeFrame,
  type Frame,
  type Grid,
  type Schema,
  unpackCodes,
} from "@zipml/codec";
import type { Birth, Clock, Command } from "@zipml/protocol";
import type { StoredFrame } from "../sample-store.ts";
import type { Task } from "../train/index.ts";
import { type Mismatch, type Projection, projectionOf, type TaskChoice, taskOf } from "./columns.ts";
import type { Decoder, DeviceRecord, Registry, RegistryLimits, SessionRecord } from "./registry.ts";

/** Counts of what came in. Frames unless said. */
export interface IngestCounts {
  /** Data messages. */
  readonly received: number;
  /** Frames stored: each once. */
  readonly stored: number;
  /** Rows in them. */
  readonly rows: number;
  /** Frames that were stored before: receipted again, not stored again. */
  readonly duplicates: number;
  /** Frames that did not decode. */
  readonly bad: number;
  /** Frames whose session or grid epoch was not known when they came. */
  readonly unknownGrid: number;
  /** Frames not taken, and not receipted, for want of room: the device sends them again. */
  readonly deferred: number;
  /** Frames of devices whose readings can't be trained on. */
  readonly unusable: number;
}

/** What ingest needs from the gateway. */
export interface IngestPorts {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly limits: RegistryLimits;
  readonly choice: TaskChoice;
  store(frame: StoredFrame): void;
  /** The session has more in store than the last receipt said. */
  receipt(device: DeviceRecord, session: SessionRecord): void;
  command(device: string, command: Command): void;
  /** A frame was refused. */
  refused(device: string, error: DecodeError): void;
  unusable(device: string, reason: string): void;
  task(task: Task): void;
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
  /** What the group trains, once a birth has shown it. */
  readonly task: Task | undefined;
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
  readonly #projections = new Map<string, Projection | Mismatch>();
  readonly #counts = {
    received: 0,
    stored: 0,
    rows: 0,
    duplicates: 0,
    bad: 0,
    unknownGrid: 0,
    deferred: 0,
    unusable: 0,
  };
  #task: Task | undefined;

  constructor(ports: IngestPorts) {
    this.#ports = ports;
  }

  get task(): Task | undefined {
    return this.#task;
  }

  counts(): IngestCounts {
    return { ...this.#counts };
  }

  birth(id: string, message: Birth, retained: boolean): void {
    const { registry } = this.#ports;
    const device = registry.open(id);
    if (device === undefined) return;
    device.birth = message;
    device.online = !(retained && device.dead === message.session);
    if (!retained) device.dead = undefined;
    device.unusable = undefined;
    for (const part of [...(message.earlier ?? []), message]) {
      const { session: number, startedAt, grids, schema = message.schema } = part;
      const session = registry.openSession(device, number, startedAt);
      if (session.startedAt === startedAt) this.#learn(device, session, schema, grids);
      // Its sequences would be taken for those of the first and receipted without being stored.
      else
        this.#refuse(
          device,
          `session ${number} began at ${session.startedAt} and again at ${startedAt}: a run needs a number of its own`,
        );
    }
    for (const payload of device.parked.splice(0)) this.#take(device, payload, true);
  }

  data(id: string, payload: Uint8Array): void {
    this.#counts.received += 1;
    const device = this.#ports.registry.open(id);
    if (device === undefined) this.#counts.deferred += 1;
    else this.#take(device, payload, false);
  }

  #learn(device: DeviceRecord, session: SessionRecord, schema: Schema, grids: readonly Grid[]): void {
    for (const grid of grids) {
      if (session.decoders.has(grid.epoch)) continue; // an epoch never changes its meaning within a session
      const projection = this.#projection(schema, grid);
      if ("reason" in projection) {
        this.#refuse(device, projection.reason);
        return;
      }
      const quantizer = createQuantizer(grid);
      const decoder: Decoder = {
        channels: grid.channels.length,
        projection,
        decode: (body, rows) => projection.project(unpackCodes(body, rows, quantizer), rows),
      };
      session.decoders.set(grid.epoch, decoder);
    }
  }

  #refuse(device: DeviceRecord, reason: string): void {
    if (device.unusable === undefined) this.#ports.unusable(device.id, reason);
    device.unusable = reason;
  }

  /** One projection, and so one quantizer, for all devices with the same channels and grid. */
  #projection(schema: Schema, grid: Grid): Projection | Mismatch {
    if (this.#task === undefined) {
      const task = taskOf(schema, this.#ports.choice);
      if ("reason" in task) return task;
      this.#task = task;
      this.#ports.task(task);
    }
    const key = JSON.stringify([schema, { ...grid, epoch: 0 }]);
    const known = this.#projections.get(key);
    if (known !== undefined) return known;
    const made = projectionOf(schema, grid, this.#task, this.#ports.choice.estimator);
    this.#projections.set(key, made);
    return made;
  }

  #take(device: DeviceRecord, payload: Uint8Array, again: boolean): void {
    try {
      const frame = decodeFrame(payload);
      const session = device.sessions.get(frame.session);
      const decoder = session?.decoders.get(frame.grid);
      if (session === undefined || decoder === undefined) this.#wait(device, payload, again);
      else this.#store(device, session, decoder, frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#counts.bad += 1;
      this.#ports.refused(device.id, error);
    }
  }

  #store(device: DeviceRecord, session: SessionRecord, decoder: Decoder, frame: Frame): void {
    const { sequence, rows, start, body } = frame;
    if (session.sequences.has(sequence)) {
      this.#counts.duplicates += 1;
      this.#ports.receipt(device, session); // the receipt for it may have been lost
      return;
    }
    const codes = decoder.decode(body, rows);
    if (!session.sequences.add(sequence)) {
      this.#counts.deferred += 1;
      return;
    }
    const { quantizer } = decoder.projection;
    const time = session.startedAt + start;
    this.#ports.store({ device: device.id, session: session.session, sequence, time, rows, quantizer, codes });
    this.#counts.stored += 1;
    this.#counts.rows += rows;
    this.#ports.receipt(device, session);
  }

  #wait(device: DeviceRecord, payload: Uint8Array, again: boolean): void {
    const { clock, limits, command } = this.#ports;
    if (device.unusable !== undefined) {
      this.#counts.unusable += 1;
      return;
    }
    if (!again) this.#counts.unknownGrid += 1;
    if (device.parked.length < limits.parked) device.parked.push(payload);
    else this.#counts.deferred += 1;
    if (clock.now() - device.askedAt < askEvery) return;
    device.askedAt = clock.now();
    command(device.id, { name: "birth" });
  }
}
