import { crc32c } from "@zipml/codec";
import { LogError } from "./errors.ts";

/** Version of the format that this code writes, and the only one it reads. */
export const segmentVersion = 1;

const magic = 0x474c505a; // "ZPLG"
const headCopy = 24;

/** Bytes of a segment before its first record: the head twice, so that a flipped bit in it does not cost the segment. */
export const segmentHead = 2 * headCopy;

/** Bytes of a record beside its payload. */
export const recordOverhead = 8;

/** Largest payload. The widest note, of 1,024 channels with the longest names, takes a quarter of it. */
export const maxPayload = 4 << 20;

/** A stretch of a segment that could not be read. */
export interface Damage {
  /** Name of the file in the log's folder. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /**
   * `torn`: it runs to the end of the file, as a write that was cut short does; it was cut off. `damaged`: records
   * follow it, or the head is spoilt. `content`: the CRC holds, but what it says is not sound. `no-birth`: a frame
   * whose session or grid nothing tells of.
   */
  readonly reason: "torn" | "damaged" | "content" | "no-birth";
}

/** A record and where it lies. */
export interface PlacedPayload {
  readonly offset: number;
  /** A view of the file. */
  readonly payload: Uint8Array;
}

/** What was found in a segment. */
export interface ScannedSegment {
  readonly records: readonly PlacedPayload[];
  readonly damage: readonly Damage[];
  /** Where the last whole record ends. */
  readonly end: number;
}

/** Name of a segment's file. */
export function segmentName(number: number): string {
  return `${String(number).padStart(10, "0")}.log`;
}

/** Number of the segment that a file name stands for, or undefined for any other file. */
export function segmentNumber(name: string): number | undefined {
  return /^\d{10}\.log$/.test(name) ? Number.parseInt(name, 10) : undefined;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * The head of a segment, twice: "ZPLG", version u16, 0 u16, number u32, salt u32 and u32, CRC-32C of these 20 bytes u32;
 * little endian. Records follow to the end of the file: length n of the payload u32, CRC-32C u32, payload of n bytes.
 *
 * A record's CRC covers salt, offset of the record in the file u32, length and payload. So bytes that a sender put into
 * a frame never pass for a record of the log, wherever reading has to find its place again.
 *
 * @param number The segment's number.
 * @param salt 64 bits that no sender knows.
 */
export function encodeSegmentHead(number: number, salt: readonly [number, number]): Uint8Array {
  const bytes = new Uint8Array(segmentHead);
  const view = viewOf(bytes);
  view.setUint32(0, magic, true);
  view.setUint16(4, segmentVersion, true);
  view.setUint32(8, number, true);
  view.setUint32(12, salt[0], true);
  view.setUint32(16, salt[1], true);
  view.setUint32(20, crc32c(bytes.subarray(0, 20)), true);
  bytes.copyWithin(headCopy, 0, headCopy);
  return bytes;
}

/** CRC of the salt: what the CRC of every record of the segment goes on from. */
function seedOf(head: Uint8Array): number {
  return crc32c(head.subarray(12, 20));
}

function readHead(bytes: Uint8Array, file: string, number: number): number | undefined {
  for (const start of [0, headCopy]) {
    const head = bytes.subarray(start, start + headCopy);
    if (head.length < headCopy) return undefined;
    const view = viewOf(head);
    if (view.getUint32(20, true) !== crc32c(head.subarray(0, 20)) || view.getUint32(0, true) !== magic) continue;
    const version = view.getUint16(4, true);
    if (version !== segmentVersion)
      throw new LogError("version", `${file} is of version ${version}; version ${segmentVersion} is known`, file);
    if (view.getUint32(8, true) === number) return seedOf(head);
  }
  return undefined;
}

const place = (offset: number): Uint8Array =>
  Uint8Array.of(offset & 0xff, (offset >>> 8) & 0xff, (offset >>> 16) & 0xff, offset >>> 24);

function recordCrc(seed: number, offset: number, length: Uint8Array, payload: Uint8Array): number {
  return crc32c(payload, crc32c(length, crc32c(place(offset), seed)));
}

/** Writes records of one segment. */
export interface RecordWriter {
  /**
   * @param payloads Payloads of records that follow each other.
   * @param offset Where the first goes in the file.
   * @returns The bytes of all of them.
   */
  encode(payloads: readonly Uint8Array[], offset: number): Uint8Array;
}

/** @param head The segment's head. */
export function createRecordWriter(head: Uint8Array): RecordWriter {
  const seed = seedOf(head);
  return {
    encode: (payloads, offset) => {
      const total = payloads.reduce((sum, { length }) => sum + recordOverhead + length, 0);
      const bytes = new Uint8Array(total);
      const view = viewOf(bytes);
      let at = 0;
      for (const payload of payloads) {
        view.setUint32(at, payload.length, true);
        view.setUint32(at + 4, recordCrc(seed, offset + at, bytes.subarray(at, at + 4), payload), true);
        bytes.set(payload, at + recordOverhead);
        at += recordOverhead + payload.length;
      }
      return bytes;
    },
  };
}

/** The payload of the whole record that begins at an offset, if one does. */
function payloadAt(bytes: Uint8Array, view: DataView, seed: number, offset: number): Uint8Array | undefined {
  const start = offset + recordOverhead;
  if (start >= bytes.length) return undefined;
  const length = view.getUint32(offset, true);
  if (length === 0 || length > maxPayload || start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  const crc = recordCrc(seed, offset, bytes.subarray(offset, offset + 4), payload);
  return crc === view.getUint32(offset + 4, true) ? payload : undefined;
}

/**
 * Reads a segment. A stretch that is no record is told and skipped: reading goes on at the next byte where a record
 * with a CRC that holds begins.
 *
 * @param bytes The whole file.
 * @param number Its number.
 * @throws {@link LogError} with code `version`.
 */
export function scanSegment(bytes: Uint8Array, number: number): ScannedSegment {
  const file = segmentName(number);
  const seed = readHead(bytes, file, number);
  if (seed === undefined) {
    const reason = bytes.length <= segmentHead ? "torn" : "damaged";
    return { records: [], damage: [{ file, offset: 0, bytes: bytes.length, reason }], end: 0 };
  }
  const view = viewOf(bytes);
  const records: PlacedPayload[] = [];
  const damage: Damage[] = [];
  let end = segmentHead;
  for (let offset = segmentHead; offset < bytes.length; ) {
    const payload = payloadAt(bytes, view, seed, offset);
    if (payload === undefined) {
      offset += 1;
      continue;
    }
    if (offset > end) damage.push({ file, offset: end, bytes: offset - end, reason: "damaged" });
    records.push({ offset, payload });
    offset += recordOverhead + payload.length;
    end = offset;
  }
  if (bytes.length > end) damage.push({ file, offset: end, bytes: bytes.length - end, reason: "torn" });
  return { records, damage, end };
}
