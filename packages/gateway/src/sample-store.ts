import { setImmediate } from "node:timers/promises";
import type { Quantizer } from "@zipml/codec";
import type { SampleBlock, SampleSource } from "./train/index.ts";

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

/** Where a frame stands in time, and among others of the same time. */
export type FramePlace = Pick<StoredFrame, "device" | "session" | "sequence" | "time">;

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
   */
  source(columns: number): SampleSource;
}

/** Rows of a block handed to the trainer. */
const blockRows = 4096;

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const byPlace = (a: FramePlace, b: FramePlace): number =>
  compareText(a.device, b.device) || a.session - b.session || a.sequence - b.sequence;

/** Order of frames in time; a number below 0 where `a` comes first. */
export const byTime = (a: FramePlace, b: FramePlace): number => a.time - b.time || byPlace(a, b);

/** Index at which a frame keeps the list in order of time; new frames mostly go to the end. */
function placeInTime(frames: readonly StoredFrame[], frame: StoredFrame): number {
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

function newestRows(frame: StoredFrame, rows: number): StoredFrame {
  const columns = frame.codes.length / frame.rows;
  return { ...frame, rows, codes: frame.codes.subarray((frame.rows - rows) * columns) };
}

/** Frames of one grid, in order of place. */
interface Segment {
  readonly quantizer: Quantizer;
  readonly frames: StoredFrame[];
}

function segmentsOf(ordered: readonly StoredFrame[]): Segment[] {
  const segments = new Map<Quantizer, Segment>();
  for (const frame of ordered) {
    const segment = segments.get(frame.quantizer);
    if (segment === undefined) segments.set(frame.quantizer, { quantizer: frame.quantizer, frames: [frame] });
    else segment.frames.push(frame);
  }
  return [...segments.values()];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** A stride near the golden section of n that visits every row once. */
function strideOf(n: number): number {
  let stride = Math.max(1, Math.round(n * 0.6180339887498949));
  while (greatestCommonDivisor(stride, n) !== 1) stride += 1;
  return stride;
}

/**
 * Blocks of a segment, its rows spread by a fixed stride: readings of one device and hour are much alike, and
 * mini-batches of them would pull the model to and fro.
 */
function* blocksOf({ quantizer, frames }: Segment, columns: number): Generator<SampleBlock> {
  const total = frames.reduce((sum, frame) => sum + frame.rows, 0);
  const all = new Uint16Array(total * columns);
  let at = 0;
  for (const { codes } of frames) {
    all.set(codes, at);
    at += codes.length;
  }
  const stride = strideOf(total);
  for (let start = 0, row = 0; start < total; start += blockRows) {
    const rows = Math.min(blockRows, total - start);
    const codes = new Uint16Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      codes.set(all.subarray(row * columns, (row + 1) * columns), r * columns);
      row = (row + stride) % total;
    }
    yield { kind: "codes", rows, quantizer, codes };
  }
}

/** One block of each segment in turn, so that no grid comes last as a whole. */
function interleave(parts: Generator<SampleBlock>[]): SampleBlock[] {
  const blocks: SampleBlock[] = [];
  let open = parts;
  while (open.length > 0)
    open = open.filter((part) => {
      const { done, value } = part.next();
      if (!done) blocks.push(value);
      return !done;
    });
  return blocks;
}

async function* paced(blocks: readonly SampleBlock[]): AsyncGenerator<SampleBlock> {
  for (const block of blocks) {
    await setImmediate(); // messages that came meanwhile get their turn
    yield block;
  }
}

/**
 * An empty store.
 *
 * @param window Most rows held. Beyond it the oldest leave, frames in the order of their first rows, so that what is
 * held depends on the frames alone and not on their order of arrival.
 * @param before Rows stored before that are not handed in again, because the window has left them behind.
 */
export function createSampleStore(window: number, before = 0): SampleStore {
  const frames: StoredFrame[] = []; // in order of time
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
      frames.splice(placeInTime(frames, frame), 0, frame);
      rows += frame.rows;
      while (rows > window) {
        const oldest = frames.shift();
        if (oldest === undefined) return;
        const kept = Math.max(0, oldest.rows - (rows - window));
        if (kept > 0) frames.unshift(newestRows(oldest, kept));
        rows -= oldest.rows - kept;
      }
    },
    isPast: (frame) => {
      const [oldest] = frames;
      return oldest !== undefined && rows >= window && byTime(frame, oldest) < 0;
    },
    source: (columns) => {
      const ordered = [...frames].sort(byPlace);
      const blocks = interleave(segmentsOf(ordered).map((segment) => blocksOf(segment, columns)));
      return {
        rows: ordered.reduce((sum, frame) => sum + frame.rows, 0),
        columns,
        blocks: () => paced(blocks),
      };
    },
  };
}
