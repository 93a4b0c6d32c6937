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

/** The codes that are trained on: the newest rows of a group, bounded by a window. */
export interface SampleStore {
  /** Rows held. */
  readonly rows: number;
  /** Rows ever stored, also those that the window has left behind. */
  readonly stored: number;
  add(frame: StoredFrame): void;
  /**
   * What is held now, as training reads it: rows ordered by device, session, sequence and row, whatever the order of
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

const byPlace = (a: StoredFrame, b: StoredFrame): number =>
  compareText(a.device, b.device) || a.session - b.session || a.sequence - b.sequence;

const byTime = (a: StoredFrame, b: StoredFrame): number => a.time - b.time || byPlace(a, b);

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

function* blocksOf(frames: readonly StoredFrame[], columns: number): Generator<SampleBlock> {
  let start = 0;
  while (start < frames.length) {
    const quantizer = frames[start]?.quantizer;
    let rows = 0;
    let end = start;
    for (let frame = frames[end]; frame !== undefined; frame = frames[++end]) {
      if (frame.quantizer !== quantizer || (rows > 0 && rows + frame.rows > blockRows)) break;
      rows += frame.rows;
    }
    const codes = new Uint16Array(rows * columns);
    let at = 0;
    for (const frame of frames.slice(start, end)) {
      codes.set(frame.codes, at);
      at += frame.codes.length;
    }
    if (quantizer !== undefined) yield { kind: "codes", rows, quantizer, codes };
    start = end;
  }
}

async function* paced(blocks: Iterable<SampleBlock>): AsyncGenerator<SampleBlock> {
  for (const block of blocks) {
    await setImmediate(); // messages that came meanwhile get their turn
    yield block;
  }
}

/**
 * An empty store.
 *
 * @param window Most rows held. Beyond it the frames with the oldest first rows leave, so that what is held depends on
 * the frames alone and not on their order of arrival.
 */
export function createSampleStore(window: number): SampleStore {
  const frames: StoredFrame[] = []; // in order of time
  let horizon: StoredFrame | undefined; // the newest frame that has left
  let rows = 0;
  let stored = 0;
  return {
    get rows() {
      return rows;
    },
    get stored() {
      return stored;
    },
    add: (frame) => {
      stored += frame.rows;
      if (horizon !== undefined && byTime(frame, horizon) < 0) return;
      frames.splice(placeInTime(frames, frame), 0, frame);
      rows += frame.rows;
      while (rows > window) {
        horizon = frames.shift();
        rows -= horizon?.rows ?? rows;
      }
    },
    source: (columns) => {
      const ordered = [...frames].sort(byPlace);
      return {
        rows: ordered.reduce((sum, frame) => sum + frame.rows, 0),
        columns,
        blocks: () => paced(blocksOf(ordered, columns)),
      };
    },
  };
}
