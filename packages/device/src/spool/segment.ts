import { crc32c } from "@zipml/codec";
import { SpoolError } from "./errors.ts";
import { decodeRecord, recordAt, type SpoolRecord } from "./record.ts";

/** Which records a segment holds: rows die in the order they came, frames when their receipts come. */
export type SegmentKind = "rows" | "frames";

/** Bytes of a segment before its first record. */
export const segmentHead = 16;

/** Version of the format that this code writes, and the only one it reads. */
export const segmentVersion = 1;

const magic = 0x4c50535a; // "ZSPL"
const kinds = { rows: 1, frames: 2 } as const;

/** A stretch of a file that could not be read, as it was found. */
export interface Damage {
  /** Name of the file in the spool's folder. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /**
   * `torn`: runs to the end of the file, as a write that power loss cut short does; it was cut off. `damaged`: records
   * follow it. `header`: the head of a segment. `content`: the CRC holds, but what it says is not sound.
   */
  readonly reason: "torn" | "damaged" | "header" | "content";
}

/** A record and where it lies. */
export interface PlacedRecord {
  readonly record: SpoolRecord;
  readonly offset: number;
  readonly size: number;
}

/** What was found in a segment. */
export interface ScannedSegment {
  /** undefined where the head could not be read. */
  readonly kind: SegmentKind | undefined;
  readonly records: readonly PlacedRecord[];
  readonly damage: readonly Damage[];
  /** Where the last whole record ends; 0 where not even the head is whole. */
  readonly end: number;
}

/** Name of a segment's file. */
export function segmentName(number: number): string {
  return `${String(number).padStart(10, "0")}.seg`;
}

/** Number of the segment that a file name stands for, or undefined for any other file. */
export function segmentNumber(name: string): number | undefined {
  return /^\d{10}\.seg$/.test(name) ? Number.parseInt(name, 10) : undefined;
}

/**
 * The head of a segment: "ZSPL", version u16, kind u16 (1 rows, 2 frames), number u32, CRC-32C of these 12 bytes u32,
 * little endian. Records follow to the end of the file: see `record.ts`.
 */
export function encodeSegmentHead(kind: SegmentKind, number: number): Uint8Array {
  const bytes = new Uint8Array(segmentHead);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint16(4, segmentVersion, true);
  view.setUint16(6, kinds[kind], true);
  view.setUint32(8, number, true);
  view.setUint32(12, crc32c(bytes.subarray(0, 12)), true);
  return bytes;
}

/**
 * @returns The kind, or undefined where the head is short or damaged.
 * @throws {@link SpoolError} with code `version`: whole, but of a version that is not known here.
 */
export function decodeSegmentHead(bytes: Uint8Array, file: string, number: number): SegmentKind | undefined {
  if (bytes.length < segmentHead) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, segmentHead);
  if (view.getUint32(12, true) !== crc32c(bytes.subarray(0, 12)) || view.getUint32(0, true) !== magic) return undefined;
  const version = view.getUint16(4, true);
  if (version !== segmentVersion)
    throw new SpoolError("version", `${file} is of version ${version}; version ${segmentVersion} is known`, { file });
  if (view.getUint32(8, true) !== number) return undefined;
  const kind = view.getUint16(6, true);
  return kind === kinds.rows ? "rows" : kind === kinds.frames ? "frames" : undefined;
}

function decoded(bytes: Uint8Array): SpoolRecord | undefined {
  try {
    return decodeRecord(bytes);
  } catch {
    return undefined; // told as damage by the caller
  }
}

/**
 * Reads a segment. A stretch that is no record is told and skipped: reading goes on at the next byte where a record
 * with a CRC that holds begins.
 *
 * @param bytes The whole file.
 * @param number Its number.
 * @throws {@link SpoolError} with code `version`.
 */
export function scanSegment(bytes: Uint8Array, number: number): ScannedSegment {
  const file = segmentName(number);
  const kind = decodeSegmentHead(bytes, file, number);
  const records: PlacedRecord[] = [];
  const damage: Damage[] = [];
  if (kind === undefined) {
    // A file that ends within its head was being made when the process died: nothing was in it yet.
    const reason = bytes.length < segmentHead ? "torn" : "header";
    damage.push({ file, offset: 0, bytes: Math.min(segmentHead, bytes.length), reason });
  }
  let end = kind === undefined ? 0 : segmentHead;
  let bad = segmentHead;
  for (let offset = segmentHead; offset < bytes.length; ) {
    const size = recordAt(bytes, offset, number);
    if (size === undefined) {
      offset += 1;
      continue;
    }
    if (offset > bad) damage.push({ file, offset: bad, bytes: offset - bad, reason: "damaged" });
    const record = decoded(bytes.subarray(offset, offset + size));
    if (record === undefined) damage.push({ file, offset, bytes: size, reason: "content" });
    else records.push({ record, offset, size });
    offset += size;
    bad = offset;
    end = offset;
  }
  if (bytes.length > bad) damage.push({ file, offset: bad, bytes: bytes.length - bad, reason: "torn" });
  return { kind, records, damage, end };
}
