import { join } from "node:path";
import type { Grid, Schema } from "@zipml/codec";
import { ClassicLevel } from "classic-level";
import type { LinearModel, Task, TrainResult } from "../train/index.ts";
import { diskError, LogError } from "./errors.ts";

/** A floor, and ranges above it: every sequence below the floor, and those in the ranges. */
export interface SavedSequences {
  readonly floor: number;
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** Some frames of one session. */
export interface SavedFrames {
  readonly device: string;
  readonly session: number;
  readonly sequences: SavedSequences;
}

/** What is stored of one session. */
export interface SavedSession {
  readonly startedAt: number;
  /** Rises with every session that was first noted: the oldest is the first to give way. */
  readonly order: number;
  /** Sequences whose records lay in segments that were deleted. */
  readonly base: SavedSequences;
  /** How many of them were declared as dropped. */
  readonly declared: number;
  /** All that was stored when the checkpoint was made: what the log lacks of it was lost. */
  readonly stored: SavedSequences;
}

/** What the frames of one grid of a session mean. */
export interface SavedNote {
  readonly startedAt: number;
  readonly schema: Schema;
  readonly grid: Grid;
}

/** What was trained, under a choice of channels. */
export interface SavedTask {
  readonly choice: string;
  readonly task: Task;
}

/** A model as it was published, and the master that it came from. */
export interface SavedModel {
  /** The encoded model message, in base64. */
  readonly message: string;
  readonly model: LinearModel;
  readonly epochs: TrainResult["epochs"];
  readonly warnings: readonly string[];
  readonly short?: number;
  readonly before?: number;
  readonly seconds: number;
  /** What a living model has been trained on. */
  readonly seen?: readonly SavedFrames[];
}

/** Where a checkpoint stands. */
export interface Checkpoint {
  readonly version: 1;
  /** Wall clock, ms. */
  readonly at: number;
  /** Where in the log the last record lies that it includes. */
  readonly position: { readonly segment: number; readonly end: number } | null;
  /** Rows in segments that were deleted. */
  readonly rows: number;
  /** Rows ever stored when the last training began. */
  readonly trainedAt: number;
  /** Seed of the training. */
  readonly seed: string | number;
}

/** Everything that was saved. */
export interface SavedState {
  readonly checkpoint: Checkpoint | undefined;
  readonly model: SavedModel | undefined;
  readonly task: SavedTask | undefined;
  readonly sessions: readonly { readonly device: string; readonly session: number; readonly saved: SavedSession }[];
  readonly notes: readonly { readonly device: string; readonly session: number; readonly saved: SavedNote }[];
  /** Segments whose content is in the sessions' bases: deleted, or to be deleted. */
  readonly deleted: readonly number[];
}

/** Keys of the records, values as text; `undefined` deletes. */
export type Changes = Map<string, object | undefined>;

/** Names of the records. Ids of devices have no `!`. */
export const keys = {
  checkpoint: "checkpoint",
  model: "model",
  task: "task",
  session: (device: string, session: number) => `session!${device}!${session}`,
  note: (device: string, session: number, epoch: number) => `note!${device}!${session}!${epoch}`,
  notes: (device: string, session: number) => `note!${device}!${session}!`,
  deleted: (segment: number) => `deleted!${segment}`,
} as const;

/** The checkpoint on disk: one record a session, note and segment, each change of several records atomic. */
export interface StateStore {
  load(): Promise<SavedState>;
  /** Keys of a session's notes. */
  notesOf(device: string, session: number): Promise<string[]>;
  /** Writes all changes or none, durably. Rejects with {@link LogError}; the next write opens the store anew. */
  write(changes: Changes): Promise<void>;
  close(): Promise<void>;
}

function isLocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && error.code === "LEVEL_LOCKED") return true;
  return isLocked(error.cause);
}

async function openLevel(folder: string, directory: string): Promise<ClassicLevel> {
  const level = new ClassicLevel(folder);
  try {
    await level.open();
    return level;
  } catch (error) {
    if (isLocked(error))
      throw new LogError(
        "locked",
        `another gateway works in ${directory}: each needs a directory of its own`,
        directory,
        {
          cause: error,
        },
      );
    const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw diskError("can't open", folder, reason);
  }
}

async function readAll(level: ClassicLevel): Promise<SavedState> {
  let checkpoint: Checkpoint | undefined;
  let model: SavedModel | undefined;
  let task: SavedTask | undefined;
  const sessions: { device: string; session: number; saved: SavedSession }[] = [];
  const notes: { device: string; session: number; saved: SavedNote }[] = [];
  const deleted: number[] = [];
  for await (const [key, text] of level.iterator()) {
    const [kind = "", device = "", session = ""] = key.split("!");
    // The store keeps a CRC of its own over these: they are what was written.
    const saved = JSON.parse(text);
    if (kind === "session") sessions.push({ device, session: Number(session), saved });
    else if (kind === "note") notes.push({ device, session: Number(session), saved });
    else if (kind === "deleted") deleted.push(Number(device));
    else if (kind === "checkpoint") checkpoint = saved;
    else if (kind === "model") model = saved;
    else if (kind === "task") task = saved;
  }
  if (checkpoint !== undefined && checkpoint.version !== 1)
    throw new LogError(
      "version",
      `the checkpoint is of version ${checkpoint.version}; version 1 is known`,
      level.location,
    );
  sessions.sort((a, b) => a.saved.order - b.saved.order);
  return { checkpoint, model, task, sessions, notes, deleted };
}

/**
 * Opens the checkpoint and locks the directory against a second gateway; the kernel frees the lock when the process
 * ends, however it ends.
 *
 * @param directory The gateway's directory; there already.
 * @throws {@link LogError} `locked`, `disk`.
 */
export async function openState(directory: string): Promise<StateStore> {
  const folder = join(directory, "state");
  // A store of its own, held open throughout: the other one is closed and opened anew after a failure.
  const lock = await openLevel(join(directory, "lock"), directory);
  let level: ClassicLevel | undefined;
  try {
    level = await openLevel(folder, directory);
  } catch (error) {
    await lock.close();
    throw error;
  }
  let broken = false;
  let closed = false;
  const ready = async (): Promise<ClassicLevel> => {
    if (closed) throw new LogError("disk", `${folder} is closed`, folder);
    if (level !== undefined && !broken) return level;
    await level?.close();
    level = undefined;
    level = await openLevel(folder, directory);
    broken = false;
    return level;
  };
  return {
    load: async () => readAll(await ready()),
    notesOf: async (device, session) => {
      const start = keys.notes(device, session);
      return (await ready()).keys({ gte: start, lt: `${start}~` }).all();
    },
    write: async (changes) => {
      const operations = [...changes].map(([key, value]) =>
        value === undefined
          ? ({ type: "del", key } as const)
          : ({ type: "put", key, value: JSON.stringify(value) } as const),
      );
      try {
        await (await ready()).batch(operations, { sync: true });
      } catch (error) {
        broken = true; // what its own log holds after a failed write is not known
        throw diskError("can't write", folder, error);
      }
    },
    close: async () => {
      closed = true;
      await level?.close();
      await lock.close();
    },
  };
}
