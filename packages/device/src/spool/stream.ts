import { join } from "node:path";
import { diskError } from "./errors.ts";
import { fileMode, type SpoolFile, type SpoolFiles, syncFolder, writeAll } from "./files.ts";
import { encodeRecord, type SpoolRecord } from "./record.ts";
import { encodeSegmentHead, type SegmentKind, segmentHead, segmentName } from "./segment.ts";
import type { SegmentInfo, SegmentTable } from "./segment-table.ts";

/** Where a record lies. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
  readonly size: number;
}

/** The end of a row of segments, where records are added. */
export interface RecordStream {
  /** Number of the segment that is written to, if one is open. */
  readonly active: number | undefined;
  /**
   * Adds records. When it rejects, none of them was taken, now or after a restart, and the next call goes on behind
   * what was taken before.
   *
   * @param records At least one.
   * @param durable Whether they must be on the disk when this resolves.
   * @returns Their places, in order.
   * @throws `SpoolError` with code `disk`.
   */
  write(records: readonly SpoolRecord[], durable: boolean): Promise<readonly Place[]>;
  /** Goes on in a segment that was written before and is on the disk. */
  resume(info: SegmentInfo): Promise<void>;
  /** Ends the open segment; the next record begins a new one. */
  retire(): Promise<void>;
}

interface Active {
  readonly info: SegmentInfo;
  readonly file: SpoolFile;
  /** Bytes known to be on the disk; 0 as long as not even the name is. */
  durable: number;
}

/**
 * @param kind What it holds.
 * @param folder The spool's folder.
 * @param files The file system.
 * @param table Where its segments are listed.
 * @param segmentBytes A segment that has so many bytes is ended.
 */
export function createRecordStream(
  kind: SegmentKind,
  folder: string,
  files: SpoolFiles,
  table: SegmentTable,
  segmentBytes: number,
): RecordStream {
  return new FileStream(kind, folder, files, table, segmentBytes);
}

class FileStream implements RecordStream {
  readonly #kind: SegmentKind;
  readonly #folder: string;
  readonly #files: SpoolFiles;
  readonly #table: SegmentTable;
  readonly #segmentBytes: number;
  #active: Active | undefined;
  /** Ends of given up segments that no later segment tells of yet. */
  #cuts: (readonly [segment: number, end: number])[] = [];

  constructor(kind: SegmentKind, folder: string, files: SpoolFiles, table: SegmentTable, segmentBytes: number) {
    this.#kind = kind;
    this.#folder = folder;
    this.#files = files;
    this.#table = table;
    this.#segmentBytes = segmentBytes;
  }

  get active(): number | undefined {
    return this.#active?.info.number;
  }

  async write(records: readonly SpoolRecord[], durable: boolean): Promise<readonly Place[]> {
    if (this.#active !== undefined && this.#active.info.length >= this.#segmentBytes) await this.retire();
    const active = this.#active ?? (await this.#start());
    const { info, file } = active;
    const chunks: Uint8Array[] = [];
    const places: Place[] = [];
    let end = info.length;
    for (const record of records) {
      const bytes = encodeRecord(record, info.number, end);
      chunks.push(bytes);
      places.push({ segment: info.number, offset: end, size: bytes.length });
      end += bytes.length;
    }
    let syncing = false;
    try {
      await writeAll(file, Buffer.concat(chunks), info.length);
      syncing = durable;
      if (durable) await this.#sync(active);
    } catch (error) {
      await this.#giveUp(active, syncing);
      throw diskError("writing", segmentName(info.number), error);
    }
    info.length = end;
    if (durable) {
      active.durable = end;
      this.#cuts = this.#cuts.filter(([segment]) => !info.cuts.includes(segment));
    }
    return places;
  }

  async resume(info: SegmentInfo): Promise<void> {
    const name = segmentName(info.number);
    try {
      const file = await this.#files.open(join(this.#folder, name), "r+", fileMode);
      this.#active = { info, file, durable: info.length };
    } catch (error) {
      throw diskError("opening", name, error);
    }
  }

  async retire(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await active?.file.close().catch(() => undefined); // whatever had to be on the disk was synced before
  }

  async #sync({ file, durable }: Active): Promise<void> {
    await file.sync();
    if (durable === 0) await syncFolder(this.#files, this.#folder);
  }

  async #start(): Promise<Active> {
    const number = this.#table.nextNumber();
    const name = segmentName(number);
    const path = join(this.#folder, name);
    let file: SpoolFile | undefined;
    try {
      file = await this.#files.open(path, "wx", fileMode);
      const cuts = this.#cuts;
      const head = [encodeSegmentHead(this.#kind, number)];
      if (cuts.length > 0) head.push(encodeRecord({ type: "cut", ends: cuts }, number, segmentHead));
      const bytes = Buffer.concat(head);
      await writeAll(file, bytes, 0);
      const info = this.#table.add({
        number,
        kind: this.#kind,
        length: bytes.length,
        cuts: cuts.map(([segment]) => segment),
      });
      this.#active = { info, file, durable: 0 };
      return this.#active;
    } catch (error) {
      await file?.close().catch(() => undefined);
      // A head without records means nothing; where it can't be deleted, the next opening does it.
      if (file !== undefined) await this.#files.unlink(path).catch(() => undefined);
      throw diskError("creating", name, error);
    }
  }

  /**
   * Takes back what was written and not taken. After a failed sync the system may show bytes that never reach the disk,
   * so that nothing may be added behind them: the segment is ended, and the next one tells where.
   */
  async #giveUp({ info, file, durable }: Active, syncing: boolean): Promise<void> {
    const end = syncing ? durable : info.length;
    const isCut = await file.truncate(end).then(
      () => true,
      () => false,
    );
    if (isCut && !syncing) return;
    info.length = Math.max(end, isCut ? 0 : info.length);
    this.#cuts.push([info.number, end]);
    await this.retire();
  }
}
