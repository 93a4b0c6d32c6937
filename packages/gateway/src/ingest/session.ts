import type { Frame, Grid, Schema } from "@zipml/codec";
import type { Projection } from "./columns.ts";
import type { Shared } from "./holdings.ts";
import { createSequenceSet, type SequenceSet, type SequenceStart } from "./sequence-set.ts";

/** What decodes the frames of one grid epoch. */
export interface Decoder {
  readonly schema: Schema;
  /** The whole row's, as the device has it. */
  readonly grid: Grid;
  readonly projection: Projection;
  /** What it has in common with the decoders of other sessions and devices. */
  readonly shared: Shared;
  /** The codes of a frame of that grid, columns of the task alone. @throws DecodeError for a body that no device makes. */
  decode(frame: Frame, device: string): Uint16Array;
}

/** One session of a device. */
export interface SessionRecord {
  readonly session: number;
  /** Wall clock at its start, ms. */
  readonly startedAt: number;
  /** By grid epoch. */
  readonly decoders: Map<number, Decoder>;
  /** Epochs of grids that can't be trained on. */
  readonly refused: Set<number>;
  /** Epochs of grids that gave way to newer ones, and whether that a frame of theirs came was told. */
  readonly passed: Map<number, boolean>;
  /** Whether another run of the device uses the same number: which frame is whose can't be told. */
  contested: boolean;
  /** Epochs whose meaning the log holds, or is about to. */
  readonly noted: Set<number>;
  /** What is durable: what a receipt may say. */
  readonly sequences: SequenceSet;
  /** The same and what is on its way to the disk. */
  taken: SequenceSet;
  /** Whether `taken` must be made anew before it is used. */
  stale: boolean;
  /** Frames on their way to the disk. */
  readonly pending: Set<number>;
  /** Sequences that the device declared as dropped. */
  declared: number;
  /** Since when the lowest gap has been the lowest, ms on the clock. */
  gapSince: number | undefined;
}

const textOf = ({ scheme, coding, seed, channels }: Grid): string =>
  JSON.stringify([
    [scheme, coding, seed],
    channels.map(({ bits, samples, levels }) => [
      bits,
      samples,
      levels.kind === "points" ? levels.points : [levels.low, levels.high],
      levels.kind,
    ]),
  ]);
const channelsOf = ({ channels }: Schema): string =>
  JSON.stringify(channels.map(({ name, unit, range, role }) => [name, unit, range, role]));

/**
 * Whether a grid that is said again is the one that a decoder was made for, its epoch aside.
 *
 * @param decoder What the epoch means.
 * @param schema The channels that it is said of now.
 * @param grid What is said now.
 */
export function isDecoderOf(decoder: Decoder, schema: Schema, grid: Grid): boolean {
  return textOf(decoder.grid) === textOf(grid) && channelsOf(decoder.schema) === channelsOf(schema);
}

/**
 * @param session Its number.
 * @param startedAt Wall clock at its start, ms.
 * @param mostRanges Most ranges above the floor.
 * @param start What is stored of it; default nothing.
 */
export function createSession(
  session: number,
  startedAt: number,
  mostRanges: number,
  start?: SequenceStart,
): SessionRecord {
  return {
    session,
    startedAt,
    decoders: new Map(),
    refused: new Set(),
    passed: new Map(),
    contested: false,
    noted: new Set(),
    // Only what `taken` let in comes here, in another order at worst: it needs no bound of its own.
    sequences: createSequenceSet(Number.POSITIVE_INFINITY, start),
    taken: createSequenceSet(mostRanges, start),
    stale: false,
    pending: new Set(),
    declared: 0,
    gapSince: undefined,
  };
}

/** Makes `taken` anew, after frames did not get to the disk or sequences were declared. */
export function retake(session: SessionRecord, mostRanges: number): void {
  session.stale = false;
  session.taken = createSequenceSet(mostRanges, session.sequences);
  for (const sequence of session.pending) session.taken.add(sequence);
}

/** Follows the lowest gap after the session's floor may have moved. */
export function followGap(session: SessionRecord, floorBefore: number, now: number): void {
  const { floor, ranges } = session.sequences;
  if (ranges.length === 0) session.gapSince = undefined;
  else if (session.gapSince === undefined || floor !== floorBefore) session.gapSince = now;
}
