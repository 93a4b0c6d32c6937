import type { Grid, Schema } from "@zipml/codec";
import type { Task } from "../train/index.ts";

/** A frame as it came. */
export interface FrameEntry {
  readonly type: "frame";
  readonly device: string;
  readonly session: number;
  /** Wall clock of its arrival, ms. */
  readonly at: number;
  /** The data message, byte for byte. */
  readonly payload: Uint8Array;
}

/** What the frames of one grid of one session mean; stands before the first of them. */
export interface NoteEntry {
  readonly type: "note";
  readonly device: string;
  readonly session: number;
  /** Wall clock at the session's start, ms. */
  readonly startedAt: number;
  readonly schema: Schema;
  readonly grid: Grid;
}

/** Sequences that a device has declared as dropped: they will never come. */
export interface DeclaredEntry {
  readonly type: "declared";
  readonly device: string;
  readonly session: number;
  /** Wall clock at the session's start, ms. */
  readonly startedAt: number;
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** What the group trains, as the first birth has shown it; stands before the first frame. */
export interface TaskEntry {
  readonly type: "task";
  /** What the user had chosen: another choice makes another task. */
  readonly choice: string;
  readonly task: Task;
}

/** One record of the log. */
export type LogEntry = FrameEntry | NoteEntry | DeclaredEntry | TaskEntry;

const codes = { frame: 1, note: 2, declared: 3, task: 4 } as const;
const names = { 1: "frame", 2: "note", 3: "declared", 4: "task" } as const;
const head = 2; // type, length of the id
const facts = 12; // session, time of arrival

/**
 * A record's payload. A frame: type u8 (1), length of the device's id u8, the id in ASCII, session u32, arrival f64,
 * then the frame, little endian. Others: type u8 (2 note, 3 declared, 4 task), then the fields as JSON in UTF-8.
 *
 * @returns A copy: the frame's bytes are the caller's again.
 */
export function encodeEntry(entry: LogEntry): Uint8Array {
  if (entry.type !== "frame") {
    const { type, ...fields } = entry;
    const json = new TextEncoder().encode(JSON.stringify(fields));
    const bytes = new Uint8Array(1 + json.length);
    bytes[0] = codes[type];
    bytes.set(json, 1);
    return bytes;
  }
  const { device, session, at, payload } = entry;
  const start = head + device.length + facts;
  const bytes = new Uint8Array(start + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = codes.frame;
  bytes[1] = device.length;
  for (let i = 0; i < device.length; i++) bytes[head + i] = device.charCodeAt(i);
  view.setUint32(head + device.length, session, true);
  view.setFloat64(head + device.length + 4, at, true);
  bytes.set(payload, start);
  return bytes;
}

/**
 * Reads a payload whose CRC was found to hold.
 *
 * @returns The entry; a frame's payload is a view of `bytes`. undefined where the content is not what its type says.
 */
export function decodeEntry(bytes: Uint8Array): LogEntry | undefined {
  const code = bytes[0];
  if (code === codes.frame) return decodeFrameEntry(bytes);
  if (code !== codes.note && code !== codes.declared && code !== codes.task) return undefined;
  try {
    const fields: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(1)));
    if (typeof fields !== "object" || fields === null) return undefined;
    // The CRC vouches that these are the bytes encodeEntry wrote.
    return { type: names[code], ...fields } as LogEntry;
  } catch {
    return undefined; // told as damage by the caller
  }
}

function decodeFrameEntry(bytes: Uint8Array): FrameEntry | undefined {
  const length = bytes[1] ?? 0;
  const start = head + length + facts;
  if (bytes.length < start) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    type: "frame",
    device: String.fromCharCode(...bytes.subarray(head, head + length)),
    session: view.getUint32(head + length, true),
    at: view.getFloat64(head + length + 4, true),
    payload: bytes.subarray(start),
  };
}
