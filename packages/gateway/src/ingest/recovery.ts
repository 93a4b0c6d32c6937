import { DecodeError, decodeExactAnswer, decodeFrame, type ExactAnswer, type Frame, isExactAnswer } from "@zipml/codec";
import type { DeclaredEntry, FrameEntry, NoteEntry } from "../log/entry.ts";
import type { Added } from "../log/frame-log.ts";
import type { StoredFrame } from "../sample-store.ts";
import type { Task } from "../train/index.ts";
import { coverDeclared } from "./declared.ts";
import { type AnsweredRows, answeredRows } from "./exact-answers.ts";
import type { GroupTask } from "./group-task.ts";
import type { Registry } from "./registry.ts";
import type { SequenceStart } from "./sequence-set.ts";
import type { SessionRecord } from "./session.ts";

/** Takes in what was stored before the gateway was started, as the log tells of it, in the log's order. */
export interface Recovery {
  /** What was trained, and under which choice. */
  task(task: Task, choice: string): void;
  /** A session, and what is stored of it beside the frames that are still to come. */
  session(device: string, session: number, startedAt: number, start: SequenceStart, declared: number): void;
  /** What frames mean. */
  note(entry: Omit<NoteEntry, "type">): void;
  /**
   * @returns What it has added, also nothing. `content` where the bytes are no frame of the session and grid that they name;
   * `no-birth` where nothing tells of these.
   */
  frame(entry: FrameEntry): Added | "content" | "no-birth";
  declared(entry: DeclaredEntry): Added | undefined;
  /** What is stored of a session. */
  stored(device: string, session: number): SequenceStart | undefined;
  /** All was told. */
  done(): void;
}

/** What recovery works on. */
export interface RecoveryPorts {
  readonly registry: Registry;
  readonly task: GroupTask;
  store(frame: StoredFrame): void;
  answered(rows: AnsweredRows): void;
  unusable(device: string, reason: string): void;
}

/** What a step of decoding gives; undefined where the bytes are not what they should be. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/**
 * @param ports What it works on.
 */
export function createRecovery({ registry, task, store, answered, unusable }: RecoveryPorts): Recovery {
  const sessionOf = (device: string, session: number): SessionRecord | undefined => {
    const record = registry.get(device);
    return record === undefined ? undefined : registry.session(record, session);
  };
  const addFrame = (device: string, session: SessionRecord, frame: Frame): Added => {
    const { sequence, rows, grid, start } = frame;
    const time = session.startedAt + start;
    const place = { device, session: session.session, sequence, time };
    if (session.sequences.has(sequence)) return { ...place, ranges: [], rows: 0, declared: 0 };
    const decoder = session.decoders.get(grid);
    const codes = decoder?.decode(frame, device);
    session.sequences.add(sequence);
    session.stale = true;
    const added = { ...place, ranges: [[sequence, sequence]] as const, declared: 0 };
    // Stored, but not of use for what is trained now.
    if (decoder === undefined || codes === undefined) return { ...added, rows: 0 };
    store({ ...place, rows, quantizer: decoder.projection.quantizer, codes });
    return { ...added, rows };
  };
  const addAnswer = ({ device, at, payload }: FrameEntry, session: SessionRecord, answer: ExactAnswer): Added => {
    const { sequence, grid } = answer;
    const place = { device, session: session.session, sequence, time: at, rows: 0, declared: 0 };
    if (session.sequences.has(sequence)) return { ...place, ranges: [] };
    const decoder = session.decoders.get(grid);
    const rows = decoder && answeredRows(answer, device, decoder, payload.length);
    session.sequences.add(sequence);
    session.stale = true;
    if (rows !== undefined) answered(rows);
    return { ...place, ranges: [[sequence, sequence]] };
  };
  return {
    task: (made, choice) => {
      if (choice === task.choice) task.adopt(made);
    },
    session: (id, number, startedAt, start, declared) => {
      const device = registry.open(id);
      if (device === undefined) return;
      const session = registry.restore(device, number, startedAt, start);
      session.declared = declared;
    },
    note: ({ device: id, session: number, startedAt, schema, grid }) => {
      const device = registry.open(id);
      if (device === undefined) return;
      const session = registry.restore(device, number, startedAt);
      if (session.noted.has(grid.epoch)) return;
      session.noted.add(grid.epoch);
      const decoder = task.decoder(schema, grid);
      if ("reason" in decoder) unusable(id, decoder.reason);
      else registry.learn(device, session, decoder, true);
    },
    frame: (entry) => {
      const { device, session: number, payload } = entry;
      const session = sessionOf(device, number);
      const frame = attempt(() => (isExactAnswer(payload) ? decodeExactAnswer(payload) : decodeFrame(payload)));
      if (frame === undefined || frame.session !== number) return "content";
      if (session === undefined || !session.noted.has(frame.grid)) return "no-birth";
      const add = (): Added => ("of" in frame ? addAnswer(entry, session, frame) : addFrame(device, session, frame));
      return attempt(add) ?? "content";
    },
    declared: ({ device, session: number, startedAt, ranges }) => {
      const record = registry.open(device);
      if (record === undefined) return undefined;
      const session = registry.restore(record, number, startedAt);
      const { declared, ranges: parts } = coverDeclared(session, ranges);
      return { device, session: number, ranges: parts, rows: 0, declared, time: Number.NEGATIVE_INFINITY, sequence: 0 };
    },
    stored: (device, session) => sessionOf(device, session)?.sequences,
    done: () => registry.trim(),
  };
}
