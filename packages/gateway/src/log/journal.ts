import type { Recovery } from "../ingest/recovery.ts";
import type { SequenceStart } from "../ingest/sequence-set.ts";
import type { FramePlace } from "../sample-store.ts";
import { type FrameLog, memoryLog } from "./frame-log.ts";
import type { LostFrames } from "./replay.ts";
import type { Checkpoint, SavedModel } from "./saved-state.ts";
import type { Damage } from "./segment.ts";
import type { WriterStatus } from "./writer.ts";

/** The state of a gateway's log on disk. */
export interface LogStatus extends WriterStatus {
  readonly directory: string;
  /** Segments and their bytes. */
  readonly segments: number;
  readonly bytes: number;
  /** What could not be read when the gateway started: stretches, their bytes, and frames known to be among them. */
  readonly damage: { readonly stretches: number; readonly bytes: number; readonly frames: number };
  /** Where in the log the last checkpoint stands. */
  readonly checkpoint: Checkpoint["position"];
}

/** What a gateway starts from. */
export interface SavedStart {
  /** Rows whose frames are no longer in the log. */
  readonly rows: number;
  /** Rows ever stored when the last training began. */
  readonly trainedAt: number;
  readonly model: SavedModel | undefined;
}

/** What was found wrong when the log was read. */
export interface Findings {
  readonly damage: readonly Damage[];
  readonly lost: readonly LostFrames[];
}

/** What a model's checkpoint adds. */
export interface TrainedState {
  readonly model: SavedModel;
  readonly trainedAt: number;
}

/** Everything a gateway keeps on disk: the log of what came, and checkpoints of what was made of it. */
export interface Journal extends FrameLog {
  readonly saved: SavedStart;
  /**
   * Reads the log; nothing may be appended before.
   *
   * @param recovery Who is told.
   * @param isPast Whether the window has left a frame behind for good.
   */
  recover(recovery: Recovery, isPast: (frame: FramePlace) => boolean): Promise<Findings>;
  /** Writes what is stored, and a new model, in one atomic write; deletes segments that nobody needs any more. */
  checkpoint(trained?: TrainedState): Promise<void>;
  /** The registry keeps nothing of a session any more. */
  forget(device: string, session: number, stored: SequenceStart): void;
  /** Undefined without a directory. */
  status(): LogStatus | undefined;
  /** Resolves when nothing waits for the disk. */
  idle(): Promise<void>;
  /** Writes what waits and a last checkpoint. Idempotent. */
  close(): Promise<void>;
}

/** The journal of a gateway without a directory. */
export function memoryJournal(): Journal {
  return {
    ...memoryLog(),
    saved: { rows: 0, trainedAt: 0, model: undefined },
    recover: async () => ({ damage: [], lost: [] }),
    checkpoint: async () => undefined,
    forget: () => undefined,
    status: () => undefined,
    idle: async () => undefined,
    close: async () => undefined,
  };
}
