import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Grid, Schema } from "@zipml/codec";
import { Decoder } from "cbor-x";
import { rowNumber, widths } from "./readings.ts";

/** A frame as the gateway's log holds it. */
export interface LoggedFrame {
  readonly device: string;
  readonly session: number;
  readonly sequence: number;
  /** Row numbers, read from the codes. */
  readonly rows: readonly number[];
  readonly payload: Uint8Array;
  /** Where it lies. */
  readonly segment: string;
  readonly offset: number;
}

/** What frames of a session mean, as the log says. */
export interface LoggedNote {
  readonly device: string;
  readonly session: number;
  readonly startedAt: number;
  readonly schema: Schema;
  readonly grid: Grid;
}

/** A gateway's log. */
export interface LoggedStore {
  readonly frames: readonly LoggedFrame[];
  readonly notes: readonly LoggedNote[];
  readonly segments: number;
  readonly bytes: number;
}

const segmentHead = 48;
const recordHead = 8;
const decoder = new Decoder({ useRecords: false });

/** The least significant bit first, without padding: written for this test, from the wire format's text. */
function unpack(body: Uint8Array, rows: number): number[][] {
  let bit = 0;
  const code = (width: number): number => {
    let value = 0;
    for (let i = 0; i < width; i++, bit++) value += (((body[bit >> 3] ?? 0) >> (bit & 7)) & 1) * 2 ** i;
    return value;
  };
  return Array.from({ length: rows }, () => widths.map(code));
}

/** Numbers of a frame's rows. @throws Error where `hi` or `lo` is no whole number, as a damaged code would be. */
function rowNumbers(body: Uint8Array, rows: number): number[] {
  return unpack(body, rows).map(([hi = 0, lo = 0]) => {
    if (hi % 2 !== 0 || lo % 2 !== 0) throw new Error(`codes ${hi} and ${lo} stand for no row`);
    return rowNumber(hi / 2, lo / 2);
  });
}

function frameOf(record: Uint8Array, segment: string, offset: number): LoggedFrame {
  const length = record[1] ?? 0;
  const device = new TextDecoder().decode(record.subarray(2, 2 + length));
  const payload = record.slice(2 + length + 12);
  const fields = decoder.decode(payload) as readonly [
    form: number,
    session: number,
    sequence: number,
    grid: number,
    start: number,
    interval: unknown,
    further: number,
    body: Uint8Array,
  ];
  const [, session, sequence, , , , further, body] = fields;
  const rows = further + 1;
  return { device, session, sequence, rows: rowNumbers(body, rows), payload, segment, offset };
}

/**
 * Reads the log of a gateway that has closed, record after record, by the layout alone: no code of the gateway's is
 * used. A log that was damaged on purpose can't be read so.
 *
 * @param directory The gateway's.
 */
export async function readStore(directory: string): Promise<LoggedStore> {
  const folder = join(directory, "log");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".log")).sort();
  const frames: LoggedFrame[] = [];
  const notes: LoggedNote[] = [];
  let bytes = 0;
  for (const name of names) {
    const file = new Uint8Array(await readFile(join(folder, name)));
    const view = new DataView(file.buffer);
    bytes += file.length;
    for (let at = segmentHead; at + recordHead < file.length; ) {
      const length = view.getUint32(at, true);
      if (length === 0 || at + recordHead + length > file.length) break; // a torn end
      const record = file.subarray(at + recordHead, at + recordHead + length);
      if (record[0] === 1) frames.push(frameOf(record, name, at));
      if (record[0] === 2) notes.push(JSON.parse(new TextDecoder().decode(record.subarray(1))) as LoggedNote);
      at += recordHead + length;
    }
  }
  return { frames, notes, segments: names.length, bytes };
}

/** Frames of a log, one of each (device, session, sequence): the first. */
export function distinctFrames(frames: readonly LoggedFrame[]): LoggedFrame[] {
  const seen = new Map<string, LoggedFrame>();
  for (const frame of frames) {
    const key = `${frame.device}/${frame.session}/${frame.sequence}`;
    if (!seen.has(key)) seen.set(key, frame);
  }
  return [...seen.values()];
}
