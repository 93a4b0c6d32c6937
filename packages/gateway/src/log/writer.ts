import { join } from "node:path";
import type { Clock, RandomSource } from "@zipml/protocol";
import { textOf } from "./errors.ts";
import { type LogFile, type LogFiles, writeAll } from "./files.ts";
import { createRecordWriter, encodeSegmentHead, type RecordWriter, segmentHead, segmentName } from "./segment.ts";

/** Place of a record in the log. */
export interface Place {
  readonly segment: number;
  /** First byte after the record. */
  readonly end: number;
}

/** Bounds of the log. */
export interface LogOptions {
  /** Bytes after which a segment is closed and the next begun. */
  readonly segmentBytes: number;
  /** Bytes that may wait for the disk; beyond them nothing more is taken. */
  readonly pendingBytes: number;
}

/** What the writer needs. */
export interface WriterPorts {
  readonly files: LogFiles;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly folder: string;
  /** Number of the first segment that it may make. */
  readonly next: number;
  /** A segment was closed for good. */
  sealed(segment: number): void;
  /** Why the disk takes nothing, or undefined once it does again. Told at every change. */
  failing(reason: string | undefined): void;
}

/** Appends records, all that wait in one write and one fsync. */
export interface LogWriter {
  /**
   * @param payload Goes to the disk as it is; not copied.
   * @param settled Told once: where the record lies now that it is durable, or undefined where it was given up. Records
   * settle in the order of their appending, and after a failure all that waited are given up.
   * @returns False when there is no room, or the disk has just failed: nothing was taken.
   */
  append(payload: Uint8Array, settled: (place: Place | undefined) => void): boolean;
  /** Where the last durable record of this run ends. */
  readonly position: Place | undefined;
  /** The segment that is written to. */
  readonly active: number | undefined;
  status(): WriterStatus;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
  /** Writes what waits, and closes. Nothing is taken afterwards. Idempotent. */
  close(): Promise<void>;
}

/** Counts of a writer. */
export interface WriterStatus {
  /** Records and bytes that wait for the disk. */
  readonly pending: { readonly records: number; readonly bytes: number };
  /** Calls of fsync. */
  readonly syncs: number;
  /** Failures of the disk. */
  readonly failures: number;
  readonly failing: string | undefined;
}

interface Waiting {
  readonly payload: Uint8Array;
  readonly settled: (place: Place | undefined) => void;
}

interface OpenSegment {
  readonly number: number;
  readonly file: LogFile;
  readonly records: RecordWriter;
  /** Where the last durable record ends. */
  end: number;
}

/** Most bytes of one write. */
const batchBytes = 4 << 20;

/** Milliseconds after a failure in which nothing is taken. */
const retryAfter = 1000;

/**
 * @param ports What it works on.
 * @param options Bounds.
 */
export function createLogWriter(ports: WriterPorts, options: LogOptions): LogWriter {
  return new SegmentWriter(ports, options);
}

class SegmentWriter implements LogWriter {
  readonly #ports: WriterPorts;
  readonly #options: LogOptions;
  #queue: Waiting[] = [];
  #bytes = 0;
  #records = 0;
  #syncs = 0;
  #failures = 0;
  #failing: string | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  #next: number;
  #segment: OpenSegment | undefined;
  #position: Place | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(ports: WriterPorts, options: LogOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#next = ports.next;
  }

  get position(): Place | undefined {
    return this.#position;
  }

  get active(): number | undefined {
    return this.#segment?.number;
  }

  append(payload: Uint8Array, settled: (place: Place | undefined) => void): boolean {
    const { clock } = this.#ports;
    if (this.#closed || this.#bytes >= this.#options.pendingBytes || clock.now() < this.#retryAt) return false;
    this.#queue.push({ payload, settled });
    this.#bytes += payload.length;
    this.#records += 1;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return true;
  }

  status(): WriterStatus {
    return {
      pending: { records: this.#records, bytes: this.#bytes },
      syncs: this.#syncs,
      failures: this.#failures,
      failing: this.#failing,
    };
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.idle();
    const segment = this.#segment;
    this.#segment = undefined;
    await segment?.file.close();
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what comes within the same turn shares the write
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      try {
        const end = await this.#write(batch);
        this.#settle(batch, end);
      } catch (error) {
        await this.#fail(batch, error);
      }
    }
  }

  #nextBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { payload } of this.#queue) {
      if (count > 0 && bytes + payload.length > batchBytes) break;
      bytes += payload.length;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #write(batch: readonly Waiting[]): Promise<Place> {
    const full = this.#segment;
    if (full !== undefined && full.end >= this.#options.segmentBytes) {
      this.#segment = undefined;
      await full.file.close();
      this.#ports.sealed(full.number);
    }
    this.#segment ??= await this.#begin();
    const { file, records, end, number } = this.#segment;
    const bytes = records.encode(
      batch.map(({ payload }) => payload),
      end,
    );
    await writeAll(file, bytes, end);
    this.#syncs += 1;
    await file.datasync();
    return { segment: number, end: end + bytes.length };
  }

  async #begin(): Promise<OpenSegment> {
    const { files, folder, random } = this.#ports;
    const number = this.#next;
    this.#next += 1; // a number is never used again: what is left of a failed one may lie there
    const path = join(folder, segmentName(number));
    const file = await files.create(path);
    try {
      const head = encodeSegmentHead(number, [random(), random()]);
      await writeAll(file, head, 0);
      await files.syncFolder(folder);
      return { number, file, records: createRecordWriter(head), end: segmentHead };
    } catch (error) {
      await this.#attempt(() => file.close());
      await this.#attempt(() => files.unlink(path));
      throw error;
    }
  }

  #settle(batch: readonly Waiting[], place: Place): void {
    if (this.#segment !== undefined) this.#segment.end = place.end;
    this.#position = place;
    this.#retryAt = Number.NEGATIVE_INFINITY;
    if (this.#failing !== undefined) {
      this.#failing = undefined;
      this.#ports.failing(undefined);
    }
    for (const waiting of batch) this.#release(waiting, place);
  }

  #release({ payload, settled }: Waiting, place: Place | undefined): void {
    this.#bytes -= payload.length;
    this.#records -= 1;
    settled(place);
  }

  /**
   * Gives up what waits, and the segment: after a failed fsync nobody knows which of its pages are on the disk, and a
   * second fsync would not say.
   */
  async #fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    const { files, folder, clock, sealed, failing } = this.#ports;
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment !== undefined) {
      const path = join(folder, segmentName(segment.number));
      await this.#attempt(() => segment.file.truncate(segment.end));
      await this.#attempt(() => segment.file.close());
      if (segment.end === segmentHead) await this.#attempt(() => files.unlink(path));
      else sealed(segment.number);
    }
    this.#failures += 1;
    this.#retryAt = clock.now() + retryAfter;
    const changed = this.#failing === undefined;
    this.#failing = textOf(error);
    if (changed) failing(this.#failing);
    for (const waiting of [...batch, ...this.#queue.splice(0)]) this.#release(waiting, undefined);
  }

  /** Tidying up on a disk that has failed may fail as well; the failure itself is told. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    await action().catch(() => undefined);
  }
}
