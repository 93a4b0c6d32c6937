import { setImmediate } from "node:timers/promises";
import { ditherPlace, type Quantizer } from "@zipml/codec";
import { createKeptSums } from "./kept-sums.ts";
import type { RowPlace } from "./refetch/exact-store.ts";
import { blockRows, strideOf } from "./row-spread.ts";
import { placesOf } from "./stored-places.ts";
import {
  createLagged,
  type KeptMoments,
  type LagLayout,
  type MakeLagged,
  rowsWithHistory,
  type SampleBlock,
  type SampleSource,
} from "./train/index.ts";

/** The rows of one frame, projected onto the task's columns. */
export interface StoredFrame {
  readonly device: string;
  readonly session: number;
  readonly sequence: number;
  /** Time of its first row, milliseconds since 1970: what the window goes by. */
  readonly time: number;
  readonly rows: number;
  /** Shared by all frames of a grid. */
  readonly quantizer: Quantizer;
  /** rows × columns codes. */
  readonly codes: Uint16Array;
}

/** A frame as it is held: of the oldest some rows may have left. */
interface HeldFrame extends StoredFrame {
  /** Number within the frame of the first row held: its dither goes by that. */
  readonly first: number;
}

/** Where a frame stands in time, and among others of the same time. */
export type FramePlace = Pick<StoredFrame, "device" | "session" | "sequence" | "time">;

/** What is held, as training reads it. */
export interface StoredRows extends SampleSource {
  /** Rows left out because they lack history; 0 without lags. */
  readonly short: number;
  /** The frames held, also those whose rows are not read. */
  readonly frames: readonly FramePlace[];
  /** Where a row stands, by its number in the source; undefined with lags, where a row is made of several. */
  readonly placeOf?: (row: number) => RowPlace;
}

/** The codes that are trained on: the newest rows of a group, bounded by a window. */
export interface SampleStore {
  /** Rows held. */
  readonly rows: number;
  /** Rows ever stored, also those that the window has left behind. */
  readonly stored: number;
  add(frame: StoredFrame): void;
  /** Whether a frame of that time and place is older than all that a full window holds: it will never be held again. */
  isPast(frame: FramePlace): boolean;
  /**
   * What is held now, as training reads it. The order is made from device, session, sequence and row alone, never from
   * arrival, so that the same frames give the same model to the bit. Later frames do not change it.
   *
   * @param columns Columns of a stored row.
   * @param layout Lags that each row gets. They reach back over the frames of one session that follow each other without
   * a gap, under one grid; a row that lacks some of them is left out. Lagged rows are made when they are read: what is
   * held meanwhile are the rows themselves.
   * @param isRead Frames whose rows are read; the others serve as history alone. Default all.
   */
  source(columns: number, layout?: LagLayout, isRead?: (frame: FramePlace) => boolean): StoredRows;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const byPlace = (a: FramePlace, b: FramePlace): number =>
  compareText(a.device, b.device) || a.session - b.session || a.sequence - b.sequence;

/** Order of frames in time; a number below 0 where `a` comes first. */
export const byTime = (a: FramePlace, b: FramePlace): number => a.time - b.time || byPlace(a, b);

/** Index at which a frame keeps the list in order of time; new frames mostly go to the end. */
function placeInTime(frames: readonly HeldFrame[], frame: StoredFrame): number {
  let low = 0;
  let high = frames.length;
  const last = frames.at(-1);
  if (last === undefined || byTime(last, frame) < 0) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = frames[middle];
    if (other !== undefined && byTime(other, frame) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function newestRows(frame: HeldFrame, rows: number): HeldFrame {
  const columns = frame.codes.length / frame.rows;
  const left = frame.rows - rows;
  return { ...frame, rows, first: frame.first + left, codes: frame.codes.subarray(left * columns) };
}

function oldestRows(frame: HeldFrame, rows: number): HeldFrame {
  const columns = frame.codes.length / frame.rows;
  return { ...frame, rows, codes: frame.codes.subarray(0, rows * columns) };
}

type IsRead = (frame: FramePlace) => boolean;

/** Frames of one grid, in order of place. */
interface Segment {
  readonly quantizer: Quantizer;
  readonly frames: HeldFrame[];
}

function segmentsOf(ordered: readonly HeldFrame[]): Segment[] {
  const segments = new Map<Quantizer, Segment>();
  for (const frame of ordered) {
    const segment = segments.get(frame.quantizer);
    if (segment === undefined) segments.set(frame.quantizer, { quantizer: frame.quantizer, frames: [frame] });
    else segment.frames.push(frame);
  }
  return [...segments.values()];
}

function rowsOf(frames: readonly HeldFrame[]): number {
  return frames.reduce((sum, frame) => sum + frame.rows, 0);
}

function codesOf(frames: readonly HeldFrame[], columns: number): Uint16Array {
  const all = new Uint16Array(rowsOf(frames) * columns);
  let at = 0;
  for (const { codes } of frames) {
    all.set(codes, at);
    at += codes.length;
  }
  return all;
}

/** Dithered codes are kept as they came, and decoded where they are wanted: a quarter of the room. */
function meansOf(frames: readonly HeldFrame[], columns: number): Float64Array {
  const all = new Float64Array(rowsOf(frames) * columns);
  let at = 0;
  for (const { quantizer, codes, first, ...frame } of frames) {
    const place = ditherPlace(quantizer.grid, frame);
    const means = all.subarray(at, at + codes.length);
    quantizer.meansInto(codes, means, ...(place === undefined ? [] : [{ ...place, row: first }]));
    at += codes.length;
  }
  return all;
}

/** All rows of a grid in one block, in order of place. */
function wholeOf({ quantizer, frames }: Segment, columns: number): SampleBlock {
  const rows = rowsOf(frames);
  return quantizer.grid.scheme === "dither"
    ? { kind: "decoded", rows, quantizer, means: meansOf(frames, columns) }
    : { kind: "codes", rows, quantizer, codes: codesOf(frames, columns) };
}

/** Lengths of the runs of rows that came right after each other: frames of one session without a gap. */
function runsOf(frames: readonly HeldFrame[]): number[] {
  const runs: number[] = [];
  let next: FramePlace | undefined;
  for (const { device, session, sequence, time, rows, first } of frames) {
    const follows = next?.device === device && next.session === session && next.sequence === sequence && first === 0;
    runs.push(rows + (follows ? (runs.pop() ?? 0) : 0));
    next = { device, session, sequence: sequence + 1, time };
  }
  return runs;
}

/** A block, made when it is read. */
type LateBlock = () => SampleBlock;

/** The rows of frames that are read and that have their history. */
function laggedRows(frames: readonly HeldFrame[], lags: number, isRead: IsRead | undefined): Uint32Array {
  const rows = rowsWithHistory(runsOf(frames), lags);
  if (isRead === undefined) return rows;
  const read = new Uint8Array(rowsOf(frames));
  let at = 0;
  for (const frame of frames) {
    if (isRead(frame)) read.fill(1, at, at + frame.rows);
    at += frame.rows;
  }
  return rows.filter((row) => read[row] === 1);
}

/** Rows with history, spread as all rows are. */
function* laggedOf(segment: Segment, columns: number, rows: Uint32Array, lag: MakeLagged): Generator<LateBlock> {
  const total = rows.length;
  if (total === 0) return;
  const stride = strideOf(total);
  const whole = wholeOf(segment, columns);
  for (let start = 0, at = 0; start < total; start += blockRows) {
    const part = new Uint32Array(Math.min(blockRows, total - start));
    for (let r = 0; r < part.length; r++) {
      part[r] = rows[at] as number;
      at = (at + stride) % total;
    }
    yield () => lag(whole, part);
  }
}

/**
 * The rows of all blocks, spread by a fixed stride: readings of one device and hour are much alike, and mini-batches of
 * them would pull the model to and fro.
 */
function* spread<T extends Uint16Array | Float64Array>(all: T, columns: number): Generator<{ rows: number; part: T }> {
  const total = all.length / columns;
  const stride = strideOf(total);
  for (let start = 0, row = 0; start < total; start += blockRows) {
    const rows = Math.min(blockRows, total - start);
    const part = all.slice(0, rows * columns) as T;
    for (let r = 0; r < rows; r++) {
      part.set(all.subarray(row * columns, (row + 1) * columns), r * columns);
      row = (row + stride) % total;
    }
    yield { rows, part };
  }
}

function* blocksOf({ quantizer, frames }: Segment, columns: number): Generator<LateBlock> {
  if (quantizer.grid.scheme === "dither")
    for (const { rows, part } of spread(meansOf(frames, columns), columns))
      yield () => ({ kind: "decoded", rows, quantizer, means: part });
  else
    for (const { rows, part } of spread(codesOf(frames, columns), columns))
      yield () => ({ kind: "codes", rows, quantizer, codes: part });
}

/** One block of each segment in turn, so that no grid comes last as a whole. */
function interleave(parts: Generator<LateBlock>[]): LateBlock[] {
  const blocks: LateBlock[] = [];
  let open = parts;
  while (open.length > 0)
    open = open.filter((part) => {
      const { done, value } = part.next();
      if (!done) blocks.push(value);
      return !done;
    });
  return blocks;
}

async function* paced(blocks: readonly LateBlock[]): AsyncGenerator<SampleBlock> {
  for (const block of blocks) {
    await setImmediate(); // messages that came meanwhile get their turn
    yield block();
  }
}

/** What is held, in order of place, as training reads it. */
function sourceOf(
  ordered: readonly HeldFrame[],
  columns: number,
  layout: LagLayout | undefined,
  isRead: IsRead | undefined,
  moments: (quantizers: readonly Quantizer[]) => readonly KeptMoments[] | undefined,
): StoredRows {
  const wanted = isRead === undefined ? ordered : ordered.filter(isRead);
  const segments = segmentsOf(layout === undefined ? wanted : ordered);
  const held = rowsOf(wanted);
  if (layout === undefined) {
    const blocks = interleave(segments.map((segment) => blocksOf(segment, columns)));
    const kept = isRead === undefined ? moments(segments.map(({ quantizer }) => quantizer)) : undefined;
    const placeOf = placesOf(segments.map((segment) => segment.frames));
    return { rows: held, short: 0, columns, frames: ordered, placeOf, kept, blocks: () => paced(blocks) };
  }
  const { lags } = layout;
  const lag = createLagged(layout);
  const lists = segments.map(({ frames }) => laggedRows(frames, lags, isRead));
  const rows = lists.reduce((sum, list) => sum + list.length, 0);
  const blocks = interleave(segments.map((segment, s) => laggedOf(segment, columns, lists[s] as Uint32Array, lag)));
  return { rows, short: held - rows, columns: layout.columns.length, frames: ordered, blocks: () => paced(blocks) };
}

/**
 * An empty store.
 *
 * @param window Most rows held. Beyond it the oldest leave, frames in the order of their first rows, so that what is
 * held depends on the frames alone and not on their order of arrival.
 * @param before Rows stored before that are not handed in again, because the window has left them behind.
 */
export function createSampleStore(window: number, before = 0): SampleStore {
  const frames: HeldFrame[] = []; // in order of time
  const sums = createKeptSums(window);
  let rows = 0;
  let stored = before;
  return {
    get rows() {
      return rows;
    },
    get stored() {
      return stored;
    },
    add: (frame) => {
      stored += frame.rows;
      frames.splice(placeInTime(frames, frame), 0, { ...frame, first: 0 });
      sums.add(frame);
      rows += frame.rows;
      while (rows > window) {
        const oldest = frames.shift();
        if (oldest === undefined) return;
        const kept = Math.max(0, oldest.rows - (rows - window));
        if (kept > 0) frames.unshift(newestRows(oldest, kept));
        sums.remove(oldestRows(oldest, oldest.rows - kept));
        rows -= oldest.rows - kept;
      }
    },
    isPast: (frame) => {
      const [oldest] = frames;
      return oldest !== undefined && rows >= window && byTime(frame, oldest) < 0;
    },
    source: (columns, layout, isRead) => sourceOf([...frames].sort(byPlace), columns, layout, isRead, sums.of),
  };
}
