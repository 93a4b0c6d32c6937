import { type Coding, codings } from "./coding/coding.ts";
import { DecodeError } from "./errors.ts";
import { maxGridEpoch } from "./grid.ts";
import { createReader, type Reader } from "./wire/reader.ts";
import { createWriter, headSize } from "./wire/writer.ts";

/** A batch of rows of codes, with what is needed to decode it. */
export interface Frame {
  /** Session of the device, 0 … 2³² − 1. */
  readonly session: number;
  /** Place of the frame in its session, from 0, 0 … 2³² − 1. */
  readonly sequence: number;
  /** Epoch of the grid that the codes belong to, 0 … 65,535. */
  readonly grid: number;
  /** How the body is coded. */
  readonly coding: Coding;
  /** Time of the first row, whole milliseconds from the session's start, 0 … 2⁵² − 1. */
  readonly start: number;
  /** Milliseconds from each row to the next: one number, or rows − 1 of them where they differ; each 0 … 2³² − 1. */
  readonly interval: number | readonly number[];
  /** Number of rows, 1 … 65,535. */
  readonly rows: number;
  /** The codes, as the coding lays them out. */
  readonly body: Uint8Array;
}

/** The frame layout that this version writes. */
export const frameVersion = 1;

/** Limits that are checked before anything is allocated. */
export interface FrameLimits {
  /** Largest frame, in bytes. Default 65,536. */
  readonly maxBytes: number;
  /** Most rows. Default 4,096; never more than 65,535. */
  readonly maxRows: number;
}

const defaultLimits: FrameLimits = Object.freeze({ maxBytes: 65_536, maxRows: 4096 });
const fields = 9;
const maxWord = 0xffffffff;
const maxFrameRows = 0xffff;
/** 2⁵² − 1: with 65,534 intervals of 2³² − 1 on top, every row time is still a whole number that a double holds. */
const maxStart = 0xfffffffffffff;
const unsigned = 0;
const array = 4;

function intervalSize(interval: number | readonly number[]): number {
  if (typeof interval === "number") return headSize(interval);
  return interval.reduce((sum, delta) => sum + headSize(delta), headSize(interval.length));
}

/**
 * Size of a frame in bytes, without making it.
 *
 * @param frame The frame's fields; of the body only the length is needed.
 */
export function frameSize(frame: Omit<Frame, "body" | "coding"> & { readonly bodyBytes: number }): number {
  return sizeWith(frame, frame.bodyBytes);
}

function sizeWith(frame: Omit<Frame, "body" | "coding">, bodyBytes: number): number {
  const { session, sequence, grid, start, interval, rows } = frame;
  const small = 3; // array head, version, coding
  const integers = headSize(session) + headSize(sequence) + headSize(grid) + headSize(start) + headSize(rows);
  return small + integers + intervalSize(interval) + headSize(bodyBytes) + bodyBytes;
}

function checkField(name: string, value: number, most: number, least = 0): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`frame ${name} must be a whole number from ${least} to ${most}, not ${value}`);
}

function checkFrame(frame: Frame): void {
  checkField("session", frame.session, maxWord);
  checkField("sequence", frame.sequence, maxWord);
  checkField("grid", frame.grid, maxGridEpoch);
  checkField("start", frame.start, maxStart);
  checkField("rows", frame.rows, maxFrameRows, 1);
  if (!codings.includes(frame.coding))
    throw new RangeError(`frame coding ${JSON.stringify(frame.coding)} is not known`);
  const { interval } = frame;
  if (typeof interval === "number") checkField("interval", interval, maxWord);
  else {
    if (interval.length !== frame.rows - 1)
      throw new RangeError(`${interval.length} intervals for ${frame.rows} rows: there must be one less than rows`);
    for (const delta of interval) checkField("interval", delta, maxWord);
  }
}

/**
 * Writes a frame: the CBOR array [version, session, sequence, grid, coding, t0, dt, rows, body], every integer in its
 * shortest form. The same frame always gives the same bytes.
 *
 * @example
 * ```ts
 * const { coding, body } = encodeBody({ codes }, quantizer, quantizer.grid.coding);
 * const bytes = encodeFrame({ session, sequence, grid: 0, coding, start: 0, interval: 1000, rows: 1, body });
 * ```
 *
 * @param frame The frame.
 * @returns The bytes; a new array.
 * @throws RangeError for a field outside its range.
 */
export function encodeFrame(frame: Frame): Uint8Array {
  checkFrame(frame);
  const writer = createWriter(sizeWith(frame, frame.body.length));
  writer.head(array, fields);
  writer.head(unsigned, frameVersion);
  writer.head(unsigned, frame.session);
  writer.head(unsigned, frame.sequence);
  writer.head(unsigned, frame.grid);
  writer.head(unsigned, codings.indexOf(frame.coding));
  writer.head(unsigned, frame.start);
  if (typeof frame.interval === "number") writer.head(unsigned, frame.interval);
  else {
    writer.head(array, frame.interval.length);
    for (const delta of frame.interval) writer.head(unsigned, delta);
  }
  writer.head(unsigned, frame.rows);
  writer.bytes(frame.body);
  return writer.finish();
}

function readIntervals(reader: Reader, maxRows: number): number | readonly number[] {
  if (reader.peekMajor() === unsigned) return reader.head(unsigned, "dt", maxWord);
  const count = reader.items("dt", maxRows - 1);
  return Array.from({ length: count }, () => reader.head(unsigned, "dt", maxWord));
}

/**
 * Reads a frame. Only the envelope is read: the body's codes need the grid of the frame's epoch (`decodeBody`).
 *
 * @example
 * ```ts
 * const frame = decodeFrame(bytes);
 * const decoded = decodeBody(frame, quantizer); // of the grid that frame.grid names
 * ```
 *
 * @param bytes What a device sent; not kept.
 * @param limits Limits checked before allocation.
 * @returns The frame; its body is a copy.
 * @throws {@link DecodeError}, and nothing else, for bytes that are no frame of a known version and coding.
 */
export function decodeFrame(bytes: Uint8Array, limits: Partial<FrameLimits> = {}): Frame {
  const maxBytes = limits.maxBytes ?? defaultLimits.maxBytes;
  const maxRows = Math.min(limits.maxRows ?? defaultLimits.maxRows, maxFrameRows);
  if (bytes.length > maxBytes)
    throw new DecodeError("size", `${bytes.length} bytes, more than the ${maxBytes} allowed`, 0);
  const reader = createReader(bytes);
  const items = reader.head(array, "frame");
  const versionAt = reader.offset;
  const version = reader.head(unsigned, "version");
  if (version !== frameVersion)
    throw new DecodeError("version", `frame version ${version}; this decoder knows ${frameVersion}`, versionAt);
  // Only now: another version may well have another number of fields.
  if (items !== fields) throw new DecodeError("length", `${items} fields; a frame has ${fields}`, 0);
  const session = reader.head(unsigned, "session", maxWord);
  const sequence = reader.head(unsigned, "sequence", maxWord);
  const grid = reader.head(unsigned, "grid", maxGridEpoch);
  const codingAt = reader.offset;
  const codingNumber = reader.head(unsigned, "coding");
  const coding = codings[codingNumber];
  if (coding === undefined) throw new DecodeError("coding", `coding ${codingNumber} is not known`, codingAt);
  const start = reader.head(unsigned, "t0", maxStart);
  const intervalAt = reader.offset;
  const interval = readIntervals(reader, maxRows);
  const rowsAt = reader.offset;
  const rows = reader.head(unsigned, "rows", maxRows);
  if (rows < 1) throw new DecodeError("range", "a frame has at least one row", rowsAt);
  if (typeof interval !== "number" && interval.length !== rows - 1)
    throw new DecodeError("length", `${interval.length} intervals for ${rows} rows`, intervalAt);
  const body = reader.bytes("body");
  reader.end();
  return { session, sequence, grid, coding, start, interval, rows, body };
}

/**
 * Times of a frame's rows.
 *
 * @param frame The frame.
 * @returns One number a row, milliseconds from the session's start.
 */
export function rowTimes(frame: Pick<Frame, "start" | "interval" | "rows">): Float64Array {
  const times = new Float64Array(frame.rows);
  let time = frame.start;
  for (let row = 0; row < frame.rows; row++) {
    times[row] = time;
    time += typeof frame.interval === "number" ? frame.interval : (frame.interval[row] ?? 0);
  }
  return times;
}
