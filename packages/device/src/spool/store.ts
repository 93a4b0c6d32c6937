import { join } from "node:path";
import { DeviceError } from "../errors.ts";
import type { AcceptedRow, FrameId, Receipted, SealedFrame, SessionNote } from "../outbox.ts";
import { diskError, SpoolError } from "./errors.ts";
import { readUpTo, withFile } from "./files.ts";
import { rangesOf } from "./ranges.ts";
import { type Reclaimed, reclaim } from "./reclaim.ts";
import { checkNote, decodeRecord, frameSize, holds, recordSize, type SpoolRecord } from "./record.ts";
import type { Lost, Recovered } from "./recovery.ts";
import { type Damage, segmentName } from "./segment.ts";
import type { SegmentTable } from "./segment-table.ts";
import type { FrameEntry, SpoolIndex } from "./spool-index.ts";
import type { ResolvedSpoolOptions } from "./spool-options.ts";
import { createRecordStream, type Place, type RecordStream } from "./stream.ts";

/** A row that waits for its sync. */
export interface WaitingRow {
  readonly row: AcceptedRow;
  resolve(): void;
  reject(error: unknown): void;
}

type FrameRecord = SpoolRecord & { readonly type: "frame" };

/** Segments that rows leave free, so that they can be sealed when the spool is full; frames leave one, to move others. */
const reserveForSealing = 3;
const largestWord = 0xffffffff;

/** Writes and reads a spool's records, and makes room. One writing call at a time; reads and releases may overlap. */
export class RecordStore implements Reclaimed {
  readonly options: ResolvedSpoolOptions;
  readonly table: SegmentTable;
  readonly index: SpoolIndex;
  readonly rows: RecordStream;
  readonly frames: RecordStream;
  readonly damage: Damage[];
  lost: Lost;
  /** Rows that were read to be sealed: drop-oldest leaves them alone, as a frame of them may be on its way. */
  #handedOut = 0;
  /** Released and dropped since the last record that says so. */
  #gone: number[] = [];
  #droppedFrames: number[] = [];
  #droppedRows: number[] = [];
  #hasDrops: boolean;
  /** What the last settled record said. */
  #settled = { below: 0, frame: -1 };

  constructor(options: ResolvedSpoolOptions, table: SegmentTable, recovered: Recovered) {
    const { directory: folder, files, segmentBytes } = options;
    this.options = options;
    this.table = table;
    this.index = recovered.index;
    this.rows = createRecordStream("rows", folder, files, table, segmentBytes);
    this.frames = createRecordStream("frames", folder, files, table, segmentBytes);
    this.damage = [...recovered.damage];
    this.lost = recovered.lost;
    this.#hasDrops = recovered.hasNewMissing;
  }

  /** Writes rows by one sync and settles each. Never rejects. */
  async appendRows(waiting: readonly WaitingRow[]): Promise<void> {
    const taken: (WaitingRow & { readonly record: SpoolRecord })[] = [];
    let bytes = 0;
    for (const one of waiting) {
      const record = { type: "row", ordinal: this.index.next.row + taken.length, row: one.row } as const;
      const size = recordSize(record);
      try {
        if (await this.#admits(bytes + size)) {
          taken.push({ ...one, record });
          bytes += size;
        } else one.resolve();
      } catch (error) {
        one.reject(error);
      }
    }
    if (taken.length === 0) return;
    const news = this.#settledNews();
    try {
      const places = await this.rows.write([...news, ...taken.map(({ record }) => record)], true);
      this.#tookSettled(news);
      for (const [i, { row, resolve }] of taken.entries()) {
        const place = places[i + news.length];
        if (place !== undefined) this.index.addRow({ ordinal: this.index.next.row, row, place });
        resolve();
      }
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
    await this.tidy();
  }

  /** Rows to be sealed, oldest first. */
  handOut(limit: number): readonly AcceptedRow[] {
    const rows = this.index.rows.slice(0, limit).map(({ row }) => row);
    this.#handedOut = Math.max(this.#handedOut, rows.length);
    return rows;
  }

  /** Replaces the oldest rows by a frame. */
  async seal(frame: SealedFrame): Promise<void> {
    const { session, sequence, rows } = frame;
    const least = this.index.nextSequence(session);
    if (!(session <= largestWord && Number.isSafeInteger(sequence) && sequence >= least && rows <= largestWord))
      throw new SpoolError("options", `frame ${sequence} of session ${session}: the next one is ${least} or above`);
    this.#handedOut = Math.max(this.#handedOut, Math.min(rows, this.index.rows.length));
    await this.#makeRoom(frameSize(frame), this.options.segmentBytes);
    const replaced = this.index.rows.slice(0, rows);
    const from = this.index.settled;
    const through = (replaced.at(-1)?.ordinal ?? from - 1) + 1;
    const record: FrameRecord = { type: "frame", ordinal: this.index.next.frame, from, through, frame };
    const place = (await this.writeFrames([record], true)).at(-1);
    this.index.removeRows(0, replaced.length);
    this.#handedOut = Math.max(0, this.#handedOut - replaced.length);
    if (place !== undefined) this.index.addFrame({ ordinal: record.ordinal, session, sequence, rows, place });
    await this.tidy();
  }

  /** Puts a frame in the place of a kept one; false where that has left. The newer record of an ordinal counts. */
  async replace(frame: SealedFrame): Promise<boolean> {
    const entry = this.index.frame(frame);
    if (entry === undefined) return false;
    await this.#makeRoom(frameSize(frame), this.options.segmentBytes);
    const old = await this.readFrame(entry);
    if (old === undefined) return false;
    const [place] = await this.writeFrames([{ ...old, frame }], true);
    if (place !== undefined) this.index.moveFrame(entry, place);
    await this.tidy();
    return entry.isKept;
  }

  /** Writes down what a session's frames mean. */
  async note(given: SessionNote): Promise<void> {
    if (!Number.isInteger(given.session) || given.session < 0 || given.session > largestWord)
      throw new SpoolError("options", `a session is a whole number from 0 to ${largestWord}, not ${given.session}`);
    const record = { type: "note", ordinal: this.index.next.note, note: checkNote(given) } as const;
    await this.#makeRoom(recordSize(record), this.options.segmentBytes);
    await this.writeFrames([record], true);
    this.index.addNote(record.ordinal, record.note);
    await this.tidy();
  }

  /** Adds records to the stream of frames, behind one that says what is gone. */
  async writeFrames(records: readonly SpoolRecord[], durable: boolean): Promise<readonly Place[]> {
    const gone = this.#gone.splice(0);
    const frames = this.#droppedFrames.splice(0);
    const rows = this.#droppedRows.splice(0);
    const hasDrops = this.#hasDrops;
    const settled = this.#settledNews();
    const news: SpoolRecord[] = [...settled];
    if (gone.length > 0) news.push({ type: "gone", frames: rangesOf(gone) });
    if (hasDrops) {
      const missing = this.index.missing();
      news.push({ type: "drop", frames: rangesOf(frames), rows: rangesOf(rows), missing, totals: this.index.dropped });
    }
    this.#hasDrops = false;
    const all = [...news, ...records];
    if (all.length === 0) return [];
    try {
      const places = await this.frames.write(all, durable);
      if (durable) this.#tookSettled(settled);
      return places.slice(news.length);
    } catch (error) {
      this.#gone.push(...gone);
      this.#droppedFrames.push(...frames);
      this.#droppedRows.push(...rows);
      this.#hasDrops ||= hasDrops;
      throw error;
    }
  }

  /** Writes what is gone, so that it stays gone; where that fails, it is tried again with the next frame. */
  async flushGone(): Promise<void> {
    await this.writeFrames([], false).catch(() => []); // after a crash these are sent again, which does no harm
    await this.tidy();
  }

  /** Forgets frames that a receipt covers; {@link flushGone} makes it last. */
  release(receipted: Receipted): number {
    const removed = this.index.release(receipted);
    for (const { ordinal } of removed) this.#gone.push(ordinal);
    return removed.length;
  }

  /** Reads frames in the order of sealing. */
  async readFrames(after: FrameId | undefined, limit: number): Promise<readonly SealedFrame[]> {
    const frames: SealedFrame[] = [];
    if (limit <= 0) return frames;
    for (const entry of this.index.framesFrom(after === undefined ? 0 : this.index.ordinalAfter(after))) {
      const record = await this.readFrame(entry);
      if (record !== undefined) frames.push(record.frame);
      if (frames.length >= limit) break;
    }
    return frames;
  }

  /**
   * Reads a frame's record. One that rotted since is told as damage and given up: undefined, as for one that was
   * released meanwhile.
   */
  async readFrame(entry: FrameEntry): Promise<FrameRecord | undefined> {
    const { directory: folder, files } = this.options;
    while (entry.isKept) {
      const { place } = entry;
      const { segment, offset, size } = place;
      const name = segmentName(segment);
      try {
        const bytes = await withFile(files, join(folder, name), "r", (file) => readUpTo(file, offset, size));
        const record = holds(bytes, offset, segment) ? decodeRecord(bytes) : undefined;
        if (record?.type === "frame" && record.ordinal === entry.ordinal) return record;
        if (entry.place === place) this.#giveUp(entry);
      } catch (error) {
        // moved or released while it was read: its file may be gone
        if (entry.isKept && entry.place === place) throw diskError("reading", name, error);
      }
    }
    return undefined;
  }

  /** Deletes and compacts where it pays. A disk that does not let it is met again by whoever needs the room. */
  async tidy(): Promise<void> {
    await reclaim(this, 0, Number.POSITIVE_INFINITY).catch(() => undefined);
  }

  /** Closes the files. */
  async close(): Promise<void> {
    await this.flushGone();
    await this.rows.retire();
    await this.frames.retire();
  }

  #settledNews(): readonly (SpoolRecord & { readonly type: "settled" })[] {
    const { settled: below, last } = this.index;
    if (last === undefined || (below <= this.#settled.below && last.ordinal <= this.#settled.frame)) return [];
    return [{ type: "settled", below, last }];
  }

  #tookSettled(news: readonly (SpoolRecord & { readonly type: "settled" })[]): void {
    for (const { below, last } of news) this.#settled = { below, frame: last.ordinal };
  }

  #giveUp(entry: FrameEntry): void {
    const { segment, offset, size } = entry.place;
    this.damage.push({ file: segmentName(segment), offset, bytes: size, reason: "damaged" });
    this.lost = { ...this.lost, frames: this.lost.frames + 1 };
    this.#forget(entry);
  }

  #forget(entry: FrameEntry): void {
    this.index.removeFrame(entry);
    this.index.declareMissing(entry.session, [[entry.sequence, entry.sequence]]);
    this.#droppedFrames.push(entry.ordinal);
    this.#hasDrops = true;
  }

  /** Whether a row may be written: false when the policy drops it. Rejects when it refuses it. */
  async #admits(bytes: number): Promise<boolean> {
    try {
      await this.#makeRoom(bytes, reserveForSealing * this.options.segmentBytes);
      return true;
    } catch (error) {
      if (!(error instanceof DeviceError) || this.options.policy !== "drop-newest") throw error;
      this.index.dropped = { ...this.index.dropped, rows: this.index.dropped.rows + 1 };
      this.#hasDrops = true;
      return false;
    }
  }

  async #makeRoom(bytes: number, reserve: number): Promise<void> {
    const { capacity, policy } = this.options;
    const limit = capacity - reserve;
    const fits = () => this.table.bytes() + bytes <= limit;
    if (fits()) return;
    await reclaim(this, bytes, limit);
    while (policy === "drop-oldest" && bytes <= limit && !fits()) {
      const emptied = this.#dropOldest();
      if (emptied === undefined) break;
      if (this.table.segments.get(emptied)?.live === 0) await reclaim(this, bytes, limit);
    }
    if (fits()) return;
    const held = this.table.bytes();
    throw new DeviceError("outbox-full", `the spool holds ${held} of ${capacity} bytes: ${bytes} more are refused`);
  }

  /** Drops one frame, or one row where there is no frame; returns the segment it lay in. */
  #dropOldest(): number | undefined {
    const { dropped } = this.index;
    for (const entry of this.index.framesFrom(0)) {
      this.#forget(entry);
      const frameRows = dropped.frameRows + entry.rows;
      this.index.dropped = { ...dropped, frames: dropped.frames + 1, frameRows };
      return entry.place.segment;
    }
    const [row] = this.index.removeRows(this.#handedOut, 1);
    if (row === undefined) return undefined;
    this.#droppedRows.push(row.ordinal);
    this.#hasDrops = true;
    this.index.dropped = { ...dropped, rows: dropped.rows + 1 };
    return row.place.segment;
  }
}
