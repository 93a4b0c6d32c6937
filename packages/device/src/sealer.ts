import { createStream, ditherPlace, encodeBody, encodeFrame, type Quantizer, type StreamKey } from "@zipml/codec";
import type { AcceptedRow, SealedFrame } from "./outbox.ts";

/** When rows become a frame: as soon as one of the three is reached. */
export interface BatchOptions {
  /** Most rows in a frame, 1 to 4,096. */
  readonly rows: number;
  /** Longest time that a row waits for others, in milliseconds. */
  readonly milliseconds: number;
  /** Most bytes of a frame's body, 1 to 45,000; a frame always has at least one row. */
  readonly bytes: number;
}

/** What {@link sealRows} made, and what it could not carry as it was. */
export interface Sealed {
  readonly frame: SealedFrame;
  /** Values out of range, per channel. */
  readonly clipped: Uint32Array;
}

/**
 * Rows that one frame holds under a grid.
 *
 * @param batch The bounds.
 * @param quantizer Gives the width of a row.
 */
export function rowsPerFrame(batch: BatchOptions, quantizer: Quantizer): number {
  return Math.max(1, Math.min(batch.rows, Math.floor((batch.bytes * 8) / quantizer.rowBits)));
}

/** Longest time from one row to the next that a frame can say, ms. */
const longestInterval = 0xffffffff;

/**
 * The rows that one frame can hold together: those before the first of another session, and before the first step in
 * time that a frame can't say: one back, or one too long.
 *
 * @param rows In the order of acceptance.
 * @returns `rows` itself, or a shorter copy with at least one row.
 */
export function withinOneFrame(rows: readonly AcceptedRow[]): readonly AcceptedRow[] {
  const cut = rows.findIndex((row, i) => {
    const before = rows[i - 1];
    if (before === undefined) return false;
    const step = row.time - before.time; // below 0 where a row waited for room and one after it did not
    return row.session !== before.session || step < 0 || step > longestInterval;
  });
  return cut < 0 ? rows : rows.slice(0, cut);
}

/** @param kept What the device keeps to: a frame of one row says it too, as its own time is shorter to tell by it. */
function intervalsOf(rows: readonly AcceptedRow[], kept: number): number | readonly number[] {
  const deltas = rows.slice(1).map((row, i) => row.time - (rows[i]?.time ?? 0));
  const isOnTime = Number.isInteger(kept) && kept > 0 && (rows[0]?.time ?? 0) % kept === 0;
  const [first = isOnTime ? kept : 0] = deltas;
  return deltas.every((delta) => delta === first) ? first : deltas;
}

/** What the codes of a session's rows are made with. */
export interface SealKeys {
  /** Id of the device: what the dither goes by beside session, sequence and the grid's seed. */
  readonly device: string;
  /** Key of the session's draws. */
  readonly drawKey: StreamKey;
  /** Time between rows that the device keeps to, ms; 0 or left out where it keeps to none. */
  readonly interval?: number;
}

/**
 * Quantizes rows and seals them into a frame. The draws are those of sub-stream `sequence` of the draws' key, the dither
 * that of the frame's place, so that the same rows under the same sequence give the same bytes.
 *
 * @param rows At least one row, all of one session, times ascending.
 * @param sequence The frame's place in its session.
 * @param quantizer Encoder of the grid in force.
 * @param keys Of the rows' session.
 */
export function sealRows(
  rows: readonly AcceptedRow[],
  sequence: number,
  quantizer: Quantizer,
  { device, drawKey, interval = 0 }: SealKeys,
): Sealed {
  const width = quantizer.channels.length;
  const values = new Float64Array(rows.length * width);
  for (const [r, row] of rows.entries()) values.set(row.values, r * width);
  const codes = new Uint16Array(values.length);
  const clipped = new Uint32Array(width);
  const session = rows[0]?.session ?? 0;
  const place = ditherPlace(quantizer.grid, { device, session, sequence });
  quantizer.encodeInto(values, codes, place ?? createStream(drawKey, sequence), clipped);
  const { coding, body } = encodeBody({ codes, place, values }, quantizer, quantizer.grid.coding);
  const bytes = encodeFrame({
    session,
    sequence,
    grid: quantizer.grid.epoch,
    coding,
    start: rows[0]?.time ?? 0,
    interval: intervalsOf(rows, interval),
    rows: rows.length,
    body,
  });
  return { frame: { session, sequence, rows: rows.length, bytes }, clipped };
}
