import { crc32c, defineGrid, defineSchema, type Grid, type Schema } from "@zipml/codec";
import type { AcceptedRow, SealedFrame, SessionNote, SessionRanges } from "../outbox.ts";
import type { Range } from "./ranges.ts";

/** What was dropped since the spool was made. */
export interface DropTotals {
  /** Rows that were not sealed. */
  readonly rows: number;
  readonly frames: number;
  /** Rows in those frames. */
  readonly frameRows: number;
}

/** A frame's ordinal and identity. */
export interface FrameNumber {
  readonly ordinal: number;
  readonly session: number;
  readonly sequence: number;
}

/** A session as the cursor keeps it. */
export interface SessionState {
  readonly session: number;
  /** One above the highest sequence ever sealed. */
  readonly nextSequence: number;
  readonly note?: {
    readonly ordinal: number;
    readonly startedAt: number;
    readonly schema: Schema;
    readonly grids: readonly Grid[];
    readonly thin?: number;
  };
}

/** What must outlive the segments that are deleted: see `cursor.ts`. */
export interface CursorState {
  /** Ordinal of the next row, frame, note. */
  readonly next: { readonly row: number; readonly frame: number; readonly note: number; readonly session: number };
  /** Ordinals below `next` of the rows and frames that are kept; all others are gone. */
  readonly rows: readonly Range[];
  readonly frames: readonly Range[];
  readonly sessions: readonly SessionState[];
  readonly dropped: DropTotals;
  /** Frames that will never come and that no receipt has passed yet. */
  readonly missing: readonly SessionRanges[];
}

/**
 * A record of a segment. Rows, frames and notes are numbered by ordinals, 0, 1, …, in the order they were taken in, so
 * that records mean the same wherever they lie and whatever lies damaged between them.
 */
export type SpoolRecord =
  | { readonly type: "row"; readonly ordinal: number; readonly row: AcceptedRow }
  /** Replaces the rows with ordinals `from` ≤ o < `through`. */
  | {
      readonly type: "frame";
      readonly ordinal: number;
      readonly from: number;
      readonly through: number;
      readonly frame: SealedFrame;
    }
  | { readonly type: "note"; readonly ordinal: number; readonly note: SessionNote }
  /** Frames that receipts covered. */
  | { readonly type: "gone"; readonly frames: readonly Range[] }
  | {
      readonly type: "drop";
      readonly frames: readonly Range[];
      readonly rows: readonly Range[];
      readonly missing: readonly SessionRanges[];
      readonly totals: DropTotals;
    }
  /**
   * Said after a frame is durable, by whatever is written next: every row below the ordinal is in a durable frame or was
   * dropped, and the last frame was this one. A frame that is destroyed later is known by it.
   */
  | { readonly type: "settled"; readonly below: number; readonly last: FrameNumber }
  /** Ends of earlier segments: what lies behind them was refused and does not count. */
  | { readonly type: "cut"; readonly ends: readonly (readonly [segment: number, end: number])[] }
  | { readonly type: "cursor"; readonly state: CursorState };

/** Bytes of a record beside its payload. */
export const recordOverhead = 9;

const typeCodes = { row: 1, frame: 2, note: 3, gone: 4, drop: 5, settled: 6, cut: 7, cursor: 8 } as const;
const rowHead = 20;
const frameHead = 40;

const setCount = (view: DataView, at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
const getCount = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function rowPayload(ordinal: number, { session, time, values }: AcceptedRow): Uint8Array {
  const bytes = new Uint8Array(rowHead + 8 * values.length);
  const view = viewOf(bytes);
  setCount(view, 0, ordinal);
  view.setUint32(8, session, true);
  view.setFloat64(12, time, true);
  for (const [c, value] of values.entries()) view.setFloat64(rowHead + 8 * c, value, true);
  return bytes;
}

function framePayload(record: SpoolRecord & { readonly type: "frame" }): Uint8Array {
  const { ordinal, from, through, frame } = record;
  const bytes = new Uint8Array(frameHead + frame.bytes.length);
  const view = viewOf(bytes);
  setCount(view, 0, ordinal);
  setCount(view, 8, from);
  setCount(view, 16, through);
  view.setUint32(24, frame.session, true);
  setCount(view, 28, frame.sequence);
  view.setUint32(36, frame.rows, true);
  bytes.set(frame.bytes, frameHead);
  return bytes;
}

function payloadOf(record: SpoolRecord): Uint8Array {
  if (record.type === "row") return rowPayload(record.ordinal, record.row);
  if (record.type === "frame") return framePayload(record);
  if (record.type === "settled") {
    const bytes = new Uint8Array(28);
    const view = viewOf(bytes);
    setCount(view, 0, record.below);
    setCount(view, 8, record.last.ordinal);
    view.setUint32(16, record.last.session, true);
    setCount(view, 20, record.last.sequence);
    return bytes;
  }
  const { type: _, ...body } = record;
  return new TextEncoder().encode(JSON.stringify(body));
}

/** Bytes that a frame's record takes on disk. */
export function frameSize(frame: SealedFrame): number {
  return recordOverhead + frameHead + frame.bytes.length;
}

/** Bytes that a record takes on disk. */
export function recordSize(record: SpoolRecord): number {
  if (record.type === "row") return recordOverhead + rowHead + 8 * record.row.values.length;
  if (record.type === "frame") return frameSize(record.frame);
  return recordOverhead + payloadOf(record).length;
}

/** CRC of a record whose bytes begin at `start`, as it counts in this place only. */
function placedCrc(bytes: Uint8Array, start: number, end: number, segment: number, offset: number): number {
  const place = new Uint8Array(8);
  viewOf(place).setUint32(0, segment, true);
  viewOf(place).setUint32(4, offset, true);
  const length = crc32c(bytes.subarray(start, start + 4), crc32c(place));
  return crc32c(bytes.subarray(start + 8, end), length);
}

/**
 * Writes a record as it lies on disk; all integers little endian:
 *
 * | bytes | what |
 * |---|---|
 * | 0 to 3 | length n of the payload, u32 |
 * | 4 to 7 | CRC-32C over: number of the segment u32, offset of the record in its file u32, bytes 0 to 3, bytes 8 to 8 + n |
 * | 8 | type: 1 row, 2 frame, 3 note, 4 gone, 5 drop, 6 settled, 7 cut, 8 cursor |
 * | 9 to 8 + n | payload |
 *
 * As the place is part of the CRC, bytes of a record inside another one, or left over from a deleted file, never count.
 *
 * | type | payload |
 * |---|---|
 * | row | ordinal u64, session u32, time f64 (ms from the session's start), one f64 a channel |
 * | frame | ordinal u64, first row u64, end of rows u64 (ordinals of the rows it replaces), session u32, sequence u64, rows u32, the encoded frame |
 * | settled | u64: rows below this ordinal are in durable frames or were dropped; the last frame: ordinal u64, session u32, sequence u64 |
 * | others | the fields of {@link SpoolRecord} as JSON in UTF-8 |
 *
 * @param record The record.
 * @param segment Number of the segment that it goes to.
 * @param offset Where in that file.
 */
export function encodeRecord(record: SpoolRecord, segment: number, offset: number): Uint8Array {
  const payload = payloadOf(record);
  const bytes = new Uint8Array(recordOverhead + payload.length);
  const view = viewOf(bytes);
  view.setUint32(0, payload.length, true);
  bytes[8] = typeCodes[record.type];
  bytes.set(payload, recordOverhead);
  view.setUint32(4, placedCrc(bytes, 0, bytes.length, segment, offset), true);
  return bytes;
}

/**
 * Size of the whole record that begins at a place, if one does.
 *
 * @param bytes A file, from its first byte on.
 * @param offset Where to look.
 * @param segment Number of the file's segment.
 * @returns undefined where no record with a CRC that holds begins.
 */
export function recordAt(bytes: Uint8Array, offset: number, segment: number): number | undefined {
  const type = bytes[offset + 8];
  if (type === undefined || type < 1 || type > 8) return undefined;
  const view = viewOf(bytes);
  const end = offset + recordOverhead + view.getUint32(offset, true);
  if (end > bytes.length) return undefined;
  return view.getUint32(offset + 4, true) === placedCrc(bytes, offset, end, segment, offset) ? end - offset : undefined;
}

/**
 * Whether the bytes read from a place are one whole record whose CRC holds there.
 *
 * @param record From its length on.
 * @param offset Where in the file they were read.
 * @param segment Number of the file's segment.
 */
export function holds(record: Uint8Array, offset: number, segment: number): boolean {
  if (record.length < recordOverhead) return false;
  const view = viewOf(record);
  if (view.getUint32(0, true) !== record.length - recordOverhead) return false;
  return view.getUint32(4, true) === placedCrc(record, 0, record.length, segment, offset);
}

function decodeBinary(type: number, payload: Uint8Array): SpoolRecord {
  const view = viewOf(payload);
  if (type === typeCodes.settled) {
    const last = { ordinal: getCount(view, 8), session: view.getUint32(16, true), sequence: getCount(view, 20) };
    return { type: "settled", below: getCount(view, 0), last };
  }
  const ordinal = getCount(view, 0);
  if (type === typeCodes.row) {
    const values = new Float64Array((payload.length - rowHead) / 8);
    for (let c = 0; c < values.length; c++) values[c] = view.getFloat64(rowHead + 8 * c, true);
    return { type: "row", ordinal, row: { session: view.getUint32(8, true), time: view.getFloat64(12, true), values } };
  }
  const frame = {
    session: view.getUint32(24, true),
    sequence: getCount(view, 28),
    rows: view.getUint32(36, true),
    bytes: payload.slice(frameHead),
  };
  return { type: "frame", ordinal, from: getCount(view, 8), through: getCount(view, 16), frame };
}

type Written<T extends SpoolRecord["type"]> = Omit<SpoolRecord & { readonly type: T }, "type">;

/**
 * Reads a record whose CRC was found to hold.
 *
 * @param record Its bytes, from the length on.
 * @returns The record; a copy.
 * @throws Error, RangeError or the codec's `GridError` where the content is not what its type says.
 */
export function decodeRecord(record: Uint8Array): SpoolRecord {
  const type = record[8] ?? 0;
  const payload = record.subarray(recordOverhead);
  if (type === typeCodes.row || type === typeCodes.frame || type === typeCodes.settled)
    return decodeBinary(type, payload);
  const body: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  // The CRC vouches that these are the bytes encodeRecord wrote; only schema and grids go on to other code unread.
  if (type === typeCodes.note) {
    const { ordinal, note } = body as Written<"note">;
    return { type: "note", ordinal, note: checkNote(note) };
  }
  if (type === typeCodes.gone) return { type: "gone", ...(body as Written<"gone">) };
  if (type === typeCodes.drop) return { type: "drop", ...(body as Written<"drop">) };
  if (type === typeCodes.cut) return { type: "cut", ...(body as Written<"cut">) };
  return { type: "cursor", ...(body as Written<"cursor">) };
}

/**
 * Checks a note and freezes it.
 *
 * @throws The codec's `GridError` where schema or grids are not sound.
 */
export function checkNote({ session, startedAt, schema, grids, thin }: SessionNote): SessionNote {
  const checked = defineSchema(schema.channels);
  return Object.freeze({
    session,
    startedAt,
    schema: checked,
    grids: Object.freeze(grids.map((grid) => defineGrid(checked, grid))),
    ...(grids.some(({ epoch }) => epoch === thin) && thin !== undefined ? { thin } : {}),
  });
}
