import { join } from "node:path";
import { readCursor } from "./cursor.ts";
import { diskError, systemCode } from "./errors.ts";
import { readWhole, type SpoolFiles, syncFolder, withFile } from "./files.ts";
import { firstIndex, inRanges, mergeRanges, type Range, rangesOf } from "./ranges.ts";
import type { CursorState, FrameNumber, SpoolRecord } from "./record.ts";
import { type Damage, type ScannedSegment, scanSegment, segmentName, segmentNumber } from "./segment.ts";
import type { SegmentInfo, SegmentTable } from "./segment-table.ts";
import { type FrameEntry, type RowEntry, SpoolIndex } from "./spool-index.ts";
import type { Place } from "./stream.ts";

/** What destroyed records cost: those that were accepted and can be neither kept nor found gone. */
export interface Lost {
  /** Rows not sealed; at most, as rows that were never accepted may be among them. */
  readonly rows: number;
  readonly frames: number;
}

/** A spool's content as it was found. */
export interface Recovered {
  readonly index: SpoolIndex;
  readonly damage: readonly Damage[];
  readonly lost: Lost;
  /** Segments that records may be added to. */
  readonly open: readonly SegmentInfo[];
  /** Whether ids of lost frames were found that no record on disk declares yet. */
  readonly hasNewMissing: boolean;
}

interface Found {
  readonly number: number;
  readonly bytes: number;
  readonly scan: ScannedSegment;
}

type FrameFound = Omit<FrameEntry, "isKept"> & { readonly from: number; readonly through: number };

/** Everything that all segments and the cursor say, in whatever order it was written. */
interface Evidence {
  readonly rows: Map<number, RowEntry>;
  readonly frames: Map<number, FrameFound>;
  /** Frames by ordinal whose identity is known, be they found or only named. */
  readonly named: Map<number, FrameNumber>;
  readonly goneFrames: Range[];
  readonly goneRows: Range[];
  settled: number;
}

async function readSegments(files: SpoolFiles, folder: string): Promise<readonly Found[]> {
  const numbers = (await files.readdir(folder)).flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b);
  const found: Found[] = [];
  for (const number of numbers) {
    const bytes = await readWhole(files, join(folder, segmentName(number)));
    found.push({ number, bytes: bytes.length, scan: scanSegment(bytes, number) });
  }
  return found;
}

function collect(evidence: Evidence, index: SpoolIndex, record: SpoolRecord, place: Place): void {
  if (record.type === "row") evidence.rows.set(record.ordinal, { ordinal: record.ordinal, row: record.row, place });
  else if (record.type === "frame") {
    const { ordinal, from, through, frame } = record;
    const { session, sequence, rows } = frame;
    evidence.frames.set(ordinal, { ordinal, session, sequence, rows, place, from, through });
    evidence.goneRows.push([from, through - 1]);
    evidence.named.set(ordinal, { ordinal, session, sequence });
    index.sawFrame(ordinal, session, sequence);
  } else if (record.type === "note") index.addNote(record.ordinal, record.note);
  else if (record.type === "gone") evidence.goneFrames.push(...record.frames);
  else if (record.type === "settled") {
    const { ordinal, session, sequence } = record.last;
    evidence.settled = Math.max(evidence.settled, record.below);
    evidence.named.set(ordinal, record.last);
    index.sawFrame(ordinal, session, sequence);
  } else if (record.type === "drop") {
    evidence.goneFrames.push(...record.frames);
    evidence.goneRows.push(...record.rows);
    index.raiseDropped(record.totals);
    for (const { session, ranges } of record.missing) index.declareMissing(session, ranges);
  }
}

/** Of the ordinals below `next`, those that merged ranges do not hold. */
function complement(next: number, kept: readonly Range[]): readonly Range[] {
  const gone: Range[] = [];
  let from = 0;
  for (const [first, last] of kept) {
    gone.push([from, first - 1]);
    from = last + 1;
  }
  gone.push([from, next - 1]);
  return gone.filter(([first, last]) => first <= last);
}

/** Ids of lost frames, where a record names them or the frames on both sides tell them. */
function identify(lost: readonly number[], names: Iterable<FrameNumber>, index: SpoolIndex): boolean {
  const frames = [...names].sort((a, b) => a.ordinal - b.ordinal);
  let found = false;
  for (const ordinal of lost) {
    const at = firstIndex(frames.length, (i) => (frames[i]?.ordinal ?? 0) >= ordinal);
    const above = frames[at];
    const below = above?.ordinal === ordinal ? above : frames[at - 1];
    if (above === undefined || below === undefined || above.session !== below.session) continue;
    if (above.sequence - below.sequence !== above.ordinal - below.ordinal) continue;
    const sequence = below.sequence + ordinal - below.ordinal;
    index.declareMissing(below.session, [[sequence, sequence]]);
    found = true;
  }
  return found;
}

function holes(next: number, gone: readonly Range[], present: readonly number[]): readonly number[] {
  const known = mergeRanges([...gone, ...rangesOf(present)]);
  return complement(next, known).flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
}

/** What is kept, by all the evidence. */
function settle(evidence: Evidence, cursor: CursorState | undefined, index: SpoolIndex) {
  const goneRows = mergeRanges([
    ...evidence.goneRows.filter(([from, to]) => from <= to),
    ...(cursor === undefined ? [] : complement(cursor.next.row, cursor.rows)),
    ...(evidence.settled > 0 ? [[0, evidence.settled - 1] as const] : []),
  ]);
  const goneFrames = mergeRanges([
    ...evidence.goneFrames,
    ...(cursor === undefined ? [] : complement(cursor.next.frame, cursor.frames)),
  ]);
  const rows = [...evidence.rows.values()].sort((a, b) => a.ordinal - b.ordinal);
  const frames = [...evidence.frames.values()].sort((a, b) => a.ordinal - b.ordinal);
  for (const row of rows) if (!inRanges(goneRows, row.ordinal)) index.addRow(row);
  for (const { from: _from, through: _through, ...frame } of frames)
    if (!inRanges(goneFrames, frame.ordinal)) index.addFrame(frame);
  // A row number that was given out is not given out again, whatever became of the row.
  index.next.row = Math.max(index.next.row, ...goneRows.map(([, to]) => to + 1), (rows.at(-1)?.ordinal ?? -1) + 1);
  index.next.frame = Math.max(index.next.frame, (goneFrames.at(-1)?.[1] ?? -1) + 1);
  const lostRows = holes(index.next.row, goneRows, [...evidence.rows.keys()]);
  const lostFrames = holes(index.next.frame, goneFrames, [...evidence.frames.keys()]);
  const hasNewMissing = identify(lostFrames, evidence.named.values(), index);
  return { lost: { rows: lostRows.length, frames: lostFrames.length }, hasNewMissing };
}

/** Cuts off what follows the last whole record, or what a later segment says was refused. */
async function cutTails(
  files: SpoolFiles,
  folder: string,
  found: readonly Found[],
  table: SegmentTable,
): Promise<void> {
  for (const { number, bytes, scan } of found) {
    const info = table.segments.get(number);
    if (info === undefined || info.length >= bytes) continue;
    const path = join(folder, segmentName(number));
    await withFile(files, path, "r+", async (file) => {
      await file.truncate(info.length);
      await file.sync();
    });
    if (scan.kind === undefined && info.length === 0) {
      await files.unlink(path);
      table.remove(number);
    }
  }
}

/**
 * Makes durable what is about to be believed: after a crash of the process alone, the system may show records that never
 * reached the disk, and a frame that is shown to a gateway must not be gone after the next power loss.
 */
async function syncTails(files: SpoolFiles, folder: string, table: SegmentTable): Promise<void> {
  for (const kind of ["rows", "frames", undefined]) {
    const last = [...table.segments.values()].findLast((info) => info.kind === kind);
    if (last !== undefined) await withFile(files, join(folder, segmentName(last.number)), "r+", (file) => file.sync());
  }
  await syncFolder(files, folder);
}

/** The last segment of each kind, if nothing in it is damaged: records may go on there. */
function openSegments(found: readonly Found[], table: SegmentTable, cut: ReadonlyMap<number, number>) {
  return (["rows", "frames"] as const).flatMap((kind) => {
    const last = found.findLast(({ scan }) => scan.kind === kind);
    if (last === undefined || cut.has(last.number)) return [];
    if (last.scan.damage.some(({ reason }) => reason !== "torn")) return [];
    return table.segments.get(last.number) ?? [];
  });
}

/**
 * Reads a spool's folder.
 *
 * @param files The file system.
 * @param folder The folder, which exists.
 * @param table Empty; gets the segments.
 * @throws `SpoolError` with code `version`, before anything was changed, or `disk`.
 */
export async function recover(files: SpoolFiles, folder: string, table: SegmentTable): Promise<Recovered> {
  try {
    const { state, damage } = await readCursor(files, folder);
    const found = await readSegments(files, folder);
    const cut = new Map<number, number>();
    const tellers = new Map<number, number[]>();
    for (const { number, scan } of found)
      for (const { record } of scan.records)
        if (record.type === "cut")
          for (const [segment, end] of record.ends) {
            cut.set(segment, Math.min(end, cut.get(segment) ?? end));
            tellers.set(number, [...(tellers.get(number) ?? []), segment]);
          }
    const index = new SpoolIndex(table);
    const evidence: Evidence = {
      rows: new Map(),
      frames: new Map(),
      named: new Map(),
      goneFrames: [],
      goneRows: [],
      settled: 0,
    };
    for (const { number, scan } of found) {
      const length = Math.min(scan.end, cut.get(number) ?? scan.end);
      table.add({ number, kind: scan.kind, length, cuts: tellers.get(number) ?? [] });
      for (const { record, offset, size } of scan.records)
        if (offset < length) collect(evidence, index, record, { segment: number, offset, size });
    }
    if (state !== undefined) index.restore(state);
    const settled = settle(evidence, state, index);
    const counted = found.flatMap(({ number, scan }) =>
      scan.damage.filter(({ offset }) => offset < (cut.get(number) ?? Number.POSITIVE_INFINITY)),
    );
    await cutTails(files, folder, found, table);
    await syncTails(files, folder, table);
    return { index, damage: [...damage, ...counted], ...settled, open: openSegments(found, table, cut) };
  } catch (error) {
    if (systemCode(error) === undefined && error instanceof Error && error.name !== "SpoolError") throw error;
    throw diskError("reading", folder, error);
  }
}
