import type { GridChange } from "./grid-book.ts";
import type { AcceptedRow, FrameId, Receipted, SealedFrame } from "./outbox.ts";
import type { BatchOptions } from "./sealer.ts";
import type { ThinnedCounts } from "./thinning.ts";

/** Counts since the agent was made. */
export interface IntakeCounts {
  /** Rows that the outbox took. */
  readonly accepted: number;
  /** Rows refused, by the code of the error that `push` rejected with. */
  readonly refused: Readonly<Record<string, number>>;
  /** Values clipped to the levels' range, by channel. */
  readonly clipped: Readonly<Record<string, number>>;
  /** Readings told as another value than they had, for the sake of a dead band, by channel. */
  readonly held: Readonly<Record<string, number>>;
  /** Sequence that the next frame will have. */
  readonly sequence: number;
  readonly thinned: ThinnedCounts;
}

/** From a row to a sealed frame. */
export interface Intake {
  /** Takes a row in. @throws see `Device.push`. */
  push(row: Readonly<Record<string, number>>, time: number | undefined): Promise<void>;
  /** Resolves when the outbox has the note of this session; tries again where that failed before. */
  noted(): Promise<void>;
  /** Seals the rows that earlier sessions left, under the sessions that they came in. */
  recover(): Promise<void>;
  /** Seals every row accepted so far. */
  seal(): Promise<void>;
  /**
   * Seals what came under the grid in force, notes others in the outbox and only then puts them in force.
   *
   * @returns The first sequence that they hold for.
   * @throws `GridError`, or {@link DeviceError} with code `outbox` when it could not be noted: nothing has changed.
   */
  adopt(change: GridChange): Promise<number>;
  /**
   * Seals a message that holds none of the rows that wait, with a sequence of its own.
   *
   * @param bytesOf Makes it, given its sequence and the epoch of the grid in force.
   */
  answer(bytesOf: (sequence: number, grid: number) => Uint8Array): Promise<FrameId>;
  /** Other bounds for frames from now on. */
  rebatch(batch: BatchOptions): void;
  readonly batch: BatchOptions;
  /** A receipt came: exact rows that were kept beside its frames go. */
  receipted(receipted: Receipted): void;
  counts(): IntakeCounts;
  /** No row is taken from now on. */
  stop(): void;
}

/** What the intake tells the agent. */
export interface IntakePorts {
  sealed(frame: SealedFrame): void;
  /** Rows of this session were sealed: these are their exact readings. */
  kept(id: FrameId, rows: readonly AcceptedRow[]): void;
  /** Something was put into the outbox: its policy may have dropped something else. */
  stored(): void;
  /**
   * The outbox has taken a row, in the schema's order.
   *
   * @param told What of its readings is sent: they themselves, or what a dead band makes of them.
   * @param read Its readings.
   */
  accepted(told: Float64Array, read: Float64Array): void;
  /** Whether a frame may be sealed anew: it was never published, and is not about to be. */
  mayReplace(id: FrameId): boolean;
  /** Sealing failed; the rows are still in the outbox. */
  failed(error: unknown): void;
}
