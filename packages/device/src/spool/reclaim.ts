import { join } from "node:path";
import { writeCursor } from "./cursor.ts";
import { syncFolder } from "./files.ts";
import type { SpoolRecord } from "./record.ts";
import { segmentHead, segmentName } from "./segment.ts";
import type { SegmentInfo, SegmentTable } from "./segment-table.ts";
import type { FrameEntry, SpoolIndex } from "./spool-index.ts";
import type { ResolvedSpoolOptions } from "./spool-options.ts";
import type { Place, RecordStream } from "./stream.ts";

/** What is needed of a spool to give disk space back. */
export interface Reclaimed {
  readonly options: ResolvedSpoolOptions;
  readonly table: SegmentTable;
  readonly index: SpoolIndex;
  readonly rows: RecordStream;
  readonly frames: RecordStream;
  /** Adds records to the stream of frames; resolves with their places. */
  writeFrames(records: readonly SpoolRecord[], durable: boolean): Promise<readonly Place[]>;
  /** The record of a frame, or undefined for one that is no longer kept. */
  readFrame(entry: FrameEntry): Promise<SpoolRecord | undefined>;
}

/** What a moved frame may cost when room is short: a segment is moved for an eighth of it, else for a half. */
const shortShare = 7 / 8;
const usualShare = 1 / 2;

function isOpen({ rows, frames }: Reclaimed, { number }: SegmentInfo): boolean {
  return number === rows.active || number === frames.active;
}

/** A segment that holds nothing, and that no other one needs to be read right. */
function isDead(store: Reclaimed, info: SegmentInfo): boolean {
  const { segments } = store.table;
  return info.live === 0 && !isOpen(store, info) && !info.cuts.some((cut) => segments.has(cut));
}

async function retireIdle(store: Reclaimed): Promise<void> {
  for (const stream of [store.rows, store.frames]) {
    const info = stream.active === undefined ? undefined : store.table.segments.get(stream.active);
    if (info !== undefined && info.live === 0 && info.length > segmentHead) await stream.retire();
  }
}

/** Writes the kept frames of a segment anew, at the end of the stream. */
async function moveFrames(store: Reclaimed, { number }: SegmentInfo): Promise<void> {
  const entries = [...store.index.framesFrom(0)].filter(({ place }) => place.segment === number);
  const kept: { readonly entry: FrameEntry; readonly record: SpoolRecord }[] = [];
  for (const entry of entries) {
    const record = await store.readFrame(entry);
    if (record !== undefined) kept.push({ entry, record });
  }
  if (kept.length === 0) return;
  const places = await store.writeFrames(
    kept.map(({ record }) => record),
    true,
  );
  for (const [i, { entry }] of kept.entries()) {
    const place = places[i];
    if (place !== undefined) store.index.moveFrame(entry, place);
  }
}

/** Moves frames out of segments that hold little else than garbage, the emptiest first, while it is wanted. */
async function compact(store: Reclaimed, share: number, isWanted: () => boolean): Promise<void> {
  const worth = [...store.table.segments.values()]
    .filter((info) => info.kind === "frames" && info.live > 0 && !isOpen(store, info))
    .filter(({ liveBytes, length }) => liveBytes < share * length)
    .sort((a, b) => a.liveBytes / a.length - b.liveBytes / b.length);
  for (const info of worth) {
    if (!isWanted()) return;
    await moveFrames(store, info);
  }
}

async function deleteDead(store: Reclaimed): Promise<void> {
  const { files, directory: folder } = store.options;
  const dead = [...store.table.segments.values()].filter((info) => isDead(store, info));
  if (dead.length === 0) return;
  await writeCursor(files, folder, store.index.cursor());
  for (const { number } of dead) {
    await files.unlink(join(folder, segmentName(number)));
    store.table.remove(number);
  }
  await syncFolder(files, folder);
}

/**
 * Gives disk space back: deletes segments in which nothing is kept, after the cursor says so, and moves the few kept
 * frames out of others.
 *
 * @param store The records.
 * @param bytes Room that is needed.
 * @param limit Bytes that the segments may take with it; while that is exceeded, more is moved for less.
 * @throws `SpoolError` with code `disk`, or the disk's own; nothing that is kept is lost.
 */
export async function reclaim(store: Reclaimed, bytes: number, limit: number): Promise<void> {
  const isShort = () => store.table.bytes() + bytes > limit;
  if (isShort()) await retireIdle(store);
  await deleteDead(store);
  if (isShort()) {
    // Segment after segment, as long as that helps: what is moved takes room itself before it frees some.
    for (let before = Number.POSITIVE_INFINITY; isShort() && store.table.bytes() < before; ) {
      before = store.table.bytes();
      await compact(
        store,
        shortShare,
        () => isShort() && ![...store.table.segments.values()].some((one) => isDead(store, one)),
      );
      await deleteDead(store);
    }
    return;
  }
  const { segmentBytes } = store.options;
  const garbage = () => {
    let sum = 0;
    for (const info of store.table.segments.values())
      if (info.kind === "frames" && info.live > 0 && !isOpen(store, info)) sum += info.length - info.liveBytes;
    return sum;
  };
  const isWasteful = () => garbage() > Math.max(2 * segmentBytes, store.index.frameBytes);
  if (!isWasteful()) return;
  await compact(store, usualShare, isWasteful);
  await deleteDead(store);
}
