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

/**
 * What stands between a reading that was accepted and the receipt for it. Rows enter by `append`, become frames by
 * `seal`, and leave by `release`, by nothing else. Calls may overlap; an implementation orders them as they were made.
 */
export interface Outbox extends AsyncDisposable {
  /**
   * Takes a row in; when it resolves, the row is kept as safely as this outbox keeps anything.
   *
   * @throws {@link DeviceError} with code `outbox-full`: the row was not taken.
   */
  append(row: AcceptedRow): Promise<void>;
  /** The oldest rows not sealed yet, at most `limit`, in the order of `append`. Views: not to be changed. */
  unsealed(limit: number): Promise<readonly AcceptedRow[]>;
  /** Replaces the oldest `frame.rows` unsealed rows by a frame, in one step. */
  seal(frame: SealedFrame): Promise<void>;
  /** Frames in the order of `seal` that come after the given one (from the oldest without it), at most `limit`. */
  frames(after: FrameId | undefined, limit: number): Promise<readonly SealedFrame[]>;
  /** Deletes the frames that a receipt covers; resolves with how many there were. */
  release(receipted: Receipted): Promise<number>;
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
