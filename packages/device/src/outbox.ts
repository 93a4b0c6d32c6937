import type { Grid, Schema } from "@zipml/codec";

/** A row that the agent accepted and has not sealed into a frame yet. */
export interface AcceptedRow {
  /** Session in which it was accepted. */
  readonly session: number;
  /** Milliseconds from that session's start. */
  readonly time: number;
  /** One finite reading a channel, in the schema's order. */
  readonly values: Float64Array;
}

/** Which frame of the device it is. */
export interface FrameId {
  readonly session: number;
  readonly sequence: number;
}

/** A frame ready to be published. */
export interface SealedFrame extends FrameId {
  /** Rows in it. */
  readonly rows: number;
  /** The encoded frame. */
  readonly bytes: Uint8Array;
}

/** What a gateway has stored of one session. */
export interface Receipted {
  readonly session: number;
  /** Every sequence below it is stored. */
  readonly floor: number;
  /** Sequences above the floor that are stored too, as inclusive ranges. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** How full an outbox is. */
export interface OutboxUsage {
  /** Rows accepted and not sealed. */
  readonly rows: number;
  /** Frames sealed and not receipted. */
  readonly frames: number;
  /** Bytes that both take. */
  readonly bytes: number;
  /** Bytes they may take. */
  readonly capacity: number;
}

/** What the rows and frames of a session mean. */
export interface SessionNote {
  readonly session: number;
  /** The session's start on the wall clock, ms since 1970: what the times of its rows count from. */
  readonly startedAt: number;
  readonly schema: Schema;
  /** All grids that its frames may name, the one in force last. */
  readonly grids: readonly Grid[];
  /** Epoch of that of them under which rows are sealed while a policy `thin` thins. */
  readonly thin?: number;
}

/** A session of which something is kept. */
export interface KeptSession extends SessionNote {
  /** One above the highest sequence ever sealed in it, whether or not those frames are still there. */
  readonly nextSequence: number;
}

/** Sequences of one session. */
export interface SessionRanges {
  readonly session: number;
  /** Inclusive, ascending, neither touching nor overlapping. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** What is gone for good without a receipt, since the outbox was made. */
export interface Dropped {
  /** Rows that were not sealed yet. */
  readonly rows: number;
  readonly frames: number;
  /** Rows in those frames. */
  readonly frameRows: number;
  /** Frames that will never come, by session. A range is told until a receipt's floor has passed it. */
  readonly missing: readonly SessionRanges[];
}

/** What becomes of a row when an outbox is full. */
export type FullPolicy =
  | "refuse" // `append` rejects
  | "drop-oldest" // the oldest frames go, and where there are none the oldest rows
  | "drop-newest" // the row itself goes: `append` resolves
  | "thin"; // `append` rejects; the agent seals rows under a coarser grid before it comes to that

/** Every {@link FullPolicy}. */
export const fullPolicies: readonly FullPolicy[] = ["refuse", "drop-oldest", "drop-newest", "thin"];

/**
 * What stands between a reading that was accepted and the receipt for it. Rows enter by `append`, become frames by
 * `seal`, and leave by `release`, by nothing else. Calls may overlap; an implementation orders them as they were made.
 */
export interface Outbox extends AsyncDisposable {
  /**
   * Takes a row in; when it resolves, the row is kept as safely as this outbox keeps anything, unless its policy
   * dropped it, which {@link Outbox.dropped} counts.
   *
   * @throws {@link DeviceError} with code `outbox-full`: the row was not taken.
   */
  append(row: AcceptedRow): Promise<void>;
  /** The oldest rows not sealed yet, at most `limit`, in the order of `append`. Views: not to be changed. */
  unsealed(limit: number): Promise<readonly AcceptedRow[]>;
  /** Replaces the oldest `frame.rows` unsealed rows by a frame, in one step. What `unsealed` gave is still there then. */
  seal(frame: SealedFrame): Promise<void>;
  /**
   * Puts a frame in the place of the kept one of the same session, sequence and number of rows, in one step. `frames`
   * that is called later gives the new one.
   *
   * @returns Whether it is kept: false where the old one has left meanwhile.
   * @throws {@link DeviceError} with code `outbox-full`: the old one stays.
   */
  replace(frame: SealedFrame): Promise<boolean>;
  /** Frames in the order of `seal` that come after the given one (from the oldest without it), at most `limit`. */
  frames(after: FrameId | undefined, limit: number): Promise<readonly SealedFrame[]>;
  /** Deletes the frames that a receipt covers; resolves with how many there were. */
  release(receipted: Receipted): Promise<number>;
  /** Keeps what a session's rows and frames mean, before there are any; the newest note of a session counts. */
  note(note: SessionNote): Promise<void>;
  /** Notes of the sessions of which rows or frames are kept, and of the newest, in ascending order. */
  sessions(): readonly KeptSession[];
  /** A number for the next session, above all noted before; undefined where the outbox does not outlive the process. */
  readonly nextSession: number | undefined;
  /** What becomes of a row when it is full. */
  readonly policy: FullPolicy;
  /** What is gone for good. */
  dropped(): Dropped;
  usage(): OutboxUsage;
  close(): Promise<void>;
}

/**
 * Whether a receipt covers a frame.
 *
 * @param receipted The receipt.
 * @param id The frame.
 */
export function covers(receipted: Receipted, id: FrameId): boolean {
  if (id.session !== receipted.session) return false;
  if (id.sequence < receipted.floor) return true;
  return receipted.ranges.some(([from, to]) => id.sequence >= from && id.sequence <= to);
}
