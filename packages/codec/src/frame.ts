import { type Coding, codings } from "./coding/coding.ts";
import { DecodeError } from "./errors.ts";
import { maxStart, negative, type ReadItem, readTime, tellTime, unsigned } from "./frame-time.ts";
import { maxGridEpoch } from "./grid.ts";
import { createReader, type Reader } from "./wire/reader.ts";
import { createWriter, headSize, type Writer } from "./wire/writer.ts";

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
const fields = 8;
const maxWord = 0xffffffff;
const maxFrameRows = 0xffff;
/** The first field is the version times this, plus the coding. */
const codingsReserved = 8;
const array = 4;

/** Bytes of t0 and dt. */
function timeSize({ sequence, rows, start, interval }: Omit<Frame, "body" | "coding">): number {
  if (typeof interval !== "number")
    return interval.reduce((sum, delta) => sum + headSize(delta), headSize(start) + headSize(interval.length));
  const { t0, dt } = tellTime({ sequence, rows, start, interval });
  return headSize(t0.argument) + headSize(dt.argument);
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
  const { session, sequence, grid, rows } = frame;
  const small = 2; // array head, version with coding
  const integers = headSize(session) + headSize(sequence) + headSize(grid) + headSize(rows - 1);
  return small + integers + timeSize(frame) + headSize(bodyBytes) + bodyBytes;
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
 * Writes a frame: the CBOR array [version and coding, session, sequence, grid, t0, dt, rows − 1, body], every integer in
 * its shortest form. The same frame always gives the same bytes.
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
  writer.head(unsigned, codingsReserved * frameVersion + codings.indexOf(frame.coding));
  writer.head(unsigned, frame.session);
  writer.head(unsigned, frame.sequence);
  writer.head(unsigned, frame.grid);
  writeTime(writer, frame);
  writer.head(unsigned, frame.rows - 1);
  writer.bytes(frame.body);
  return writer.finish();
}

function writeTime(writer: Writer, { sequence, rows, start, interval }: Frame): void {
  if (typeof interval === "number") {
    const { t0, dt } = tellTime({ sequence, rows, start, interval });
    writer.head(t0.major, t0.argument);
    writer.head(dt.major, dt.argument);
    return;
  }
  writer.head(unsigned, start);
  writer.head(array, interval.length);
  for (const delta of interval) writer.head(unsigned, delta);
}

/** A number of either sign, as far as its type and form go. */
function readNumber(reader: Reader, what: string, most: number): ReadItem {
  const { offset } = reader;
  const major = reader.peekMajor() === negative ? negative : unsigned;
  return { major, argument: reader.head(major, what, most), offset };
}

function readIntervals(reader: Reader, maxRows: number): ReadItem | readonly number[] {
  if (reader.peekMajor() !== array) return readNumber(reader, "dt", maxWord);
  const count = reader.items("dt", maxRows - 1);
  return Array.from({ length: count }, () => reader.head(unsigned, "dt", maxWord));
}

const isArray = (interval: ReadItem | readonly number[]): interval is readonly number[] => Array.isArray(interval);

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
  const kindAt = reader.offset;
  const kind = reader.head(unsigned, "version");
  const version = Math.floor(kind / codingsReserved);
  if (version !== frameVersion)
    throw new DecodeError("version", `frame version ${version}; this decoder knows ${frameVersion}`, kindAt);
  // Only now: another version may well have another number of fields.
  if (items !== fields) throw new DecodeError("length", `${items} fields; a frame has ${fields}`, 0);
  const coding = codings[kind % codingsReserved];
  if (coding === undefined) throw new DecodeError("coding", `coding ${kind % codingsReserved} is not known`, kindAt);
  const session = reader.head(unsigned, "session", maxWord);
  const sequence = reader.head(unsigned, "sequence", maxWord);
  const grid = reader.head(unsigned, "grid", maxGridEpoch);
  const t0 = readNumber(reader, "t0", maxStart);
  const intervalAt = reader.offset;
  const dt = readIntervals(reader, maxRows);
  const rows = 1 + reader.head(unsigned, "last row", maxRows - 1);
  if (isArray(dt) && dt.length !== rows - 1)
    throw new DecodeError("length", `${dt.length} intervals for ${rows} rows`, intervalAt);
  if (isArray(dt) && t0.major !== unsigned)
    throw new DecodeError("form", "t0 counts from the session's start where intervals differ", t0.offset);
  const { start, interval } = isArray(dt) ? { start: t0.argument, interval: dt } : readTime(t0, dt, { sequence, rows });
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
