import { DeviceError } from "./errors.ts";
import {
  type AcceptedRow,
  covers,
  type Dropped,
  type FrameId,
  type FullPolicy,
  fullPolicies,
  type KeptSession,
  type Outbox,
  type OutboxUsage,
  type Receipted,
  type SealedFrame,
  type SessionNote,
} from "./outbox.ts";
import { mergeRanges, type Range, rangesFrom } from "./spool/ranges.ts";

/** How much an outbox in memory takes, and what then. */
export interface MemoryOutboxOptions {
  /** Bytes that rows and frames may take. Default 16 MiB. */
  readonly capacity?: number;
  /** What becomes of a row when it is full. Default `refuse`. */
  readonly policy?: FullPolicy;
}

/** Bytes counted for a row or frame beside its values or body. */
const overhead = 64;

const rowBytes = (row: AcceptedRow): number => row.values.byteLength + overhead;
const frameBytes = (frame: SealedFrame): number => frame.bytes.byteLength + overhead;

/**
 * An outbox in memory: what it holds is lost with the process.
 *
 * @param options Its bound, and the policy when that is reached.
 * @throws {@link DeviceError} with code `options`.
 */
export function createMemoryOutbox({
  capacity = 16 * 1024 * 1024,
  policy = "refuse",
}: MemoryOutboxOptions = {}): Outbox {
  if (!(capacity >= 0)) throw new DeviceError("options", `capacity must be a number of bytes, not ${capacity}`);
  if (!fullPolicies.includes(policy))
    throw new DeviceError("options", `policy must be one of ${fullPolicies.join(", ")}, not ${String(policy)}`);
  return new MemoryOutbox(capacity, policy);
}

class MemoryOutbox implements Outbox {
  /** None is kept over a restart: whoever runs the device draws it at random. */
  readonly nextSession = undefined;
  readonly #capacity: number;
  readonly policy: FullPolicy;
  readonly #rows: AcceptedRow[] = [];
  readonly #notes = new Map<number, SessionNote>();
  readonly #nextSequence = new Map<number, number>();
  readonly #missing = new Map<number, readonly Range[]>();
  readonly #dropped = { rows: 0, frames: 0, frameRows: 0 };
  #frames: SealedFrame[] = [];
  #bytes = 0;
  /** Rows that were read to be sealed: they are not dropped, as a frame of them may be on its way. */
  #handedOut = 0;

  constructor(capacity: number, policy: FullPolicy) {
    this.#capacity = capacity;
    this.policy = policy;
  }

  append = async (row: AcceptedRow): Promise<void> => {
    const size = rowBytes(row);
    const fits = (): boolean => this.#bytes + size <= this.#capacity;
    let mayDrop = this.policy === "drop-oldest" && size <= this.#capacity;
    while (mayDrop && !fits()) mayDrop = this.#dropOldest();
    if (fits()) {
      this.#bytes += size;
      this.#rows.push(row);
    } else if (this.policy === "drop-newest") this.#dropped.rows += 1;
    else {
      const held = `the outbox holds ${this.#bytes} of ${this.#capacity} bytes`;
      throw new DeviceError("outbox-full", `${held}: the row is refused`);
    }
  };

  unsealed = async (limit: number): Promise<readonly AcceptedRow[]> => {
    const rows = this.#rows.slice(0, limit);
    this.#handedOut = Math.max(this.#handedOut, rows.length);
    return rows;
  };

  seal = async (frame: SealedFrame): Promise<void> => {
    for (const row of this.#rows.splice(0, frame.rows)) this.#bytes -= rowBytes(row);
    this.#handedOut = Math.max(0, this.#handedOut - frame.rows);
    this.#bytes += frameBytes(frame);
    this.#frames.push(frame);
    const next = this.#nextSequence.get(frame.session) ?? 0;
    this.#nextSequence.set(frame.session, Math.max(next, frame.sequence + 1));
  };

  replace = async (frame: SealedFrame): Promise<boolean> => {
    const at = this.#frames.findIndex(
      ({ session, sequence }) => session === frame.session && sequence === frame.sequence,
    );
    const old = this.#frames[at];
    if (old === undefined) return false;
    this.#bytes += frameBytes(frame) - frameBytes(old);
    this.#frames[at] = frame;
    return true;
  };

  frames = async (after: FrameId | undefined, limit: number): Promise<readonly SealedFrame[]> => {
    const from = after === undefined ? 0 : this.#placeAfter(after);
    return this.#frames.slice(from, from + limit);
  };

  release = async (receipted: Receipted): Promise<number> => {
    const missing = this.#missing.get(receipted.session);
    if (missing !== undefined) this.#setMissing(receipted.session, rangesFrom(missing, receipted.floor));
    const kept = this.#frames.filter((frame) => {
      const covered = covers(receipted, frame);
      if (covered) this.#bytes -= frameBytes(frame);
      return !covered;
    });
    const released = this.#frames.length - kept.length;
    this.#frames = kept;
    return released;
  };

  note = async (note: SessionNote): Promise<void> => {
    this.#notes.set(note.session, note);
  };

  sessions = (): readonly KeptSession[] => {
    const newest = Math.max(...this.#notes.keys());
    const kept = new Set([newest, ...[...this.#rows, ...this.#frames].map(({ session }) => session)]);
    return [...this.#notes.values()]
      .filter(({ session }) => kept.has(session))
      .map((note) => ({ ...note, nextSequence: this.#nextSequence.get(note.session) ?? 0 }))
      .sort((a, b) => a.session - b.session);
  };

  dropped = (): Dropped => ({
    ...this.#dropped,
    missing: [...this.#missing].map(([session, ranges]) => ({ session, ranges })),
  });

  usage = (): OutboxUsage => ({
    rows: this.#rows.length,
    frames: this.#frames.length,
    bytes: this.#bytes,
    capacity: this.#capacity,
  });

  close = async (): Promise<void> => {};

  [Symbol.asyncDispose] = (): Promise<void> => this.close();

  #placeAfter(id: FrameId): number {
    const next = this.#frames.findIndex(({ session, sequence }) => session === id.session && sequence > id.sequence);
    return next >= 0 ? next : this.#frames.findLastIndex(({ session }) => session === id.session) + 1;
  }

  /** Drops one frame, or one row where there is no frame; false where there is neither. */
  #dropOldest(): boolean {
    const frame = this.#frames.shift();
    if (frame !== undefined) {
      this.#bytes -= frameBytes(frame);
      this.#dropped.frames += 1;
      this.#dropped.frameRows += frame.rows;
      const { session, sequence } = frame;
      this.#setMissing(session, mergeRanges([...(this.#missing.get(session) ?? []), [sequence, sequence]]));
      return true;
    }
    const [row] = this.#rows.splice(this.#handedOut, 1);
    if (row === undefined) return false;
    this.#bytes -= rowBytes(row);
    this.#dropped.rows += 1;
    return true;
  }

  #setMissing(session: number, ranges: readonly Range[]): void {
    if (ranges.length > 0) this.#missing.set(session, ranges);
    else this.#missing.delete(session);
  }
}
