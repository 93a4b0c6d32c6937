import type { AcceptedRow, FrameId, Receipted, SessionNote, SessionRanges } from "../outbox.ts";
import { firstIndex, mergeRanges, type Range, rangesFrom, rangesOf } from "./ranges.ts";
import type { CursorState, DropTotals, FrameNumber } from "./record.ts";
import type { SegmentTable } from "./segment-table.ts";
import type { Place } from "./stream.ts";

/** A row that is kept. */
export interface RowEntry {
  readonly ordinal: number;
  readonly row: AcceptedRow;
  readonly place: Place;
}

/** A frame that is kept, without its bytes. */
export interface FrameEntry extends FrameId {
  readonly ordinal: number;
  readonly rows: number;
  /** Changes when the frame is moved to another segment. */
  place: Place;
  isKept: boolean;
}

interface NumberedNote {
  readonly ordinal: number;
  readonly note: SessionNote;
}

interface Session {
  readonly session: number;
  nextSequence: number;
  /** Ordinal of the last frame sealed in it, −1 for none. */
  lastOrdinal: number;
  rows: number;
  /** Frames that are kept, by sequence. */
  readonly frames: FrameEntry[];
  noted: NumberedNote | undefined;
}

/** What the spool keeps and where it lies. Frames' bytes stay on disk; rows, of which there are few, are held. */
export class SpoolIndex {
  readonly #table: SegmentTable;
  #rows: RowEntry[] = [];
  /** By ordinal; those no longer kept are cleared away now and then. */
  #frames: FrameEntry[] = [];
  #head = 0;
  #dead = 0;
  #rowBytes = 0;
  #frameBytes = 0;
  readonly #sessions = new Map<number, Session>();
  readonly #missing = new Map<number, readonly Range[]>();
  readonly next = { row: 0, frame: 0, note: 0, session: 0 };
  /** The last frame sealed, kept or not, as far as it is known. */
  last: FrameNumber | undefined;
  dropped: DropTotals = { rows: 0, frames: 0, frameRows: 0 };

  /** @param table Is told which segments hold something. */
  constructor(table: SegmentTable) {
    this.#table = table;
  }

  get rows(): readonly RowEntry[] {
    return this.#rows;
  }

  /** Bytes on disk of the rows and frames that are kept. */
  get bytes(): number {
    return this.#rowBytes + this.#frameBytes;
  }

  get frameBytes(): number {
    return this.#frameBytes;
  }

  get frameCount(): number {
    return this.#frames.length - this.#head - this.#dead;
  }

  /** Ordinal below which no row is kept. */
  get settled(): number {
    return this.#rows[0]?.ordinal ?? this.next.row;
  }

  /** Frames that are kept, from an ordinal on, in the order of sealing. */
  *framesFrom(ordinal: number): Generator<FrameEntry> {
    const list = this.#frames; // a clearing replaces the list: an iteration goes on in the old one
    const first = firstIndex(list.length, (i) => (list[i]?.ordinal ?? 0) >= ordinal);
    for (let i = Math.max(first, list === this.#frames ? this.#head : 0); i < list.length; i++) {
      const entry = list[i];
      if (entry?.isKept === true) yield entry;
    }
  }

  /** Ordinal from which on the frames after the given one lie. */
  ordinalAfter(after: FrameId): number {
    const session = this.#sessions.get(after.session);
    if (session === undefined) return 0;
    const { frames, lastOrdinal } = session;
    const next = frames[firstIndex(frames.length, (i) => (frames[i]?.sequence ?? 0) > after.sequence)];
    return next?.ordinal ?? lastOrdinal + 1;
  }

  /** The frame of a session and sequence, if it is kept. */
  frame({ session, sequence }: FrameId): FrameEntry | undefined {
    const frames = this.#sessions.get(session)?.frames ?? [];
    const entry = frames[firstIndex(frames.length, (i) => (frames[i]?.sequence ?? 0) >= sequence)];
    return entry?.sequence === sequence ? entry : undefined;
  }

  nextSequence(session: number): number {
    return this.#sessions.get(session)?.nextSequence ?? 0;
  }

  /** Takes a row in; ordinals ascend. */
  addRow(entry: RowEntry): void {
    this.#rows.push(entry);
    this.#rowBytes += entry.place.size;
    this.#session(entry.row.session).rows += 1;
    this.#table.hold(entry.place.segment, entry.place.size);
    this.next.row = Math.max(this.next.row, entry.ordinal + 1);
  }

  /** Takes rows out: `count` from the one at index `from` on. */
  removeRows(from: number, count: number): readonly RowEntry[] {
    const removed = this.#rows.splice(from, count);
    for (const { row, place } of removed) {
      this.#rowBytes -= place.size;
      this.#session(row.session).rows -= 1;
      this.#table.free(place.segment, place.size);
    }
    return removed;
  }

  /** Takes a frame in; ordinals ascend. */
  addFrame(frame: Omit<FrameEntry, "isKept">): void {
    const entry = { ...frame, isKept: true };
    this.#frames.push(entry);
    this.#frameBytes += entry.place.size;
    this.#table.hold(entry.place.segment, entry.place.size);
    const { frames } = this.#session(frame.session);
    const last = frames.at(-1);
    if (last === undefined || last.sequence < entry.sequence) frames.push(entry);
    else
      frames.splice(
        firstIndex(frames.length, (i) => (frames[i]?.sequence ?? 0) > entry.sequence),
        0,
        entry,
      );
    this.sawFrame(frame.ordinal, frame.session, frame.sequence);
  }

  /** Notes that a frame was sealed once, whether it is kept or not. */
  sawFrame(ordinal: number, id: number, sequence: number): void {
    const session = this.#session(id);
    session.nextSequence = Math.max(session.nextSequence, sequence + 1);
    session.lastOrdinal = Math.max(session.lastOrdinal, ordinal);
    if (ordinal >= (this.last?.ordinal ?? 0)) this.last = { ordinal, session: id, sequence };
    this.next.frame = Math.max(this.next.frame, ordinal + 1);
  }

  /** A frame lies elsewhere now; without effect if it is no longer kept. */
  moveFrame(entry: FrameEntry, place: Place): void {
    if (!entry.isKept) return;
    this.#table.free(entry.place.segment, entry.place.size);
    this.#table.hold(place.segment, place.size);
    this.#frameBytes += place.size - entry.place.size; // another size where it was replaced
    entry.place = place;
  }

  /** Takes a frame out; without effect if it is out already. */
  removeFrame(entry: FrameEntry): void {
    if (!entry.isKept) return;
    const { frames } = this.#session(entry.session);
    const at = firstIndex(frames.length, (i) => (frames[i]?.sequence ?? 0) >= entry.sequence);
    frames.splice(frames.indexOf(entry, at), 1);
    this.#forget(entry);
  }

  /** Takes out the frames that a receipt covers; those below its floor need no declaring any more. */
  release({ session: id, floor, ranges }: Receipted): readonly FrameEntry[] {
    const session = this.#sessions.get(id);
    const missing = this.#missing.get(id);
    if (missing !== undefined) this.#setMissing(id, rangesFrom(missing, floor));
    if (session === undefined) return [];
    const { frames } = session;
    const placeOf = (sequence: number) => firstIndex(frames.length, (i) => (frames[i]?.sequence ?? 0) >= sequence);
    const covered = mergeRanges([[0, floor - 1], ...ranges]).toReversed();
    const removed = covered.flatMap(([from, to]) => {
      const first = placeOf(from);
      return frames.splice(first, placeOf(to + 1) - first);
    });
    for (const entry of removed) this.#forget(entry);
    return removed;
  }

  /** Frames that will never come; they are told until a receipt's floor has passed them. */
  declareMissing(session: number, ranges: readonly Range[]): void {
    this.#setMissing(session, mergeRanges([...(this.#missing.get(session) ?? []), ...ranges]));
  }

  missing(): readonly SessionRanges[] {
    return [...this.#missing].map(([session, ranges]) => ({ session, ranges }));
  }

  /** Takes a note in; the newest of a session counts. */
  addNote(ordinal: number, note: SessionNote): void {
    const session = this.#session(note.session);
    if (session.noted === undefined || session.noted.ordinal < ordinal) session.noted = { ordinal, note };
    this.next.note = Math.max(this.next.note, ordinal + 1);
    this.next.session = Math.max(this.next.session, note.session + 1);
  }

  /** Notes of the sessions of which something is kept, and of the newest, in ascending order. */
  sessions(): readonly (SessionNote & { readonly nextSequence: number })[] {
    const kept = this.#keptSessions().flatMap(({ noted, nextSequence }) =>
      noted === undefined ? [] : [{ ...noted.note, nextSequence }],
    );
    return kept.sort((a, b) => a.session - b.session);
  }

  /** What must outlive deleted segments. */
  cursor(): CursorState {
    return {
      next: { ...this.next },
      rows: rangesOf(this.#rows.map(({ ordinal }) => ordinal)),
      frames: rangesOf([...this.framesFrom(0)].map(({ ordinal }) => ordinal)),
      sessions: this.#keptSessions().map(({ session, nextSequence, noted }) => ({
        session,
        nextSequence,
        ...(noted === undefined ? {} : { note: withoutSession(noted) }),
      })),
      dropped: this.dropped,
      missing: this.missing(),
    };
  }

  /** What a cursor says of sessions, numbers and drops; rows and frames are up to the caller. */
  restore({ next, sessions, dropped, missing }: CursorState): void {
    for (const { session, nextSequence, note } of sessions) {
      const state = this.#session(session);
      state.nextSequence = Math.max(state.nextSequence, nextSequence);
      if (note !== undefined) {
        const { ordinal, ...meaning } = note;
        this.addNote(ordinal, { session, ...meaning });
      }
    }
    this.next.row = Math.max(this.next.row, next.row);
    this.next.frame = Math.max(this.next.frame, next.frame);
    this.next.note = Math.max(this.next.note, next.note);
    this.next.session = Math.max(this.next.session, next.session);
    this.raiseDropped(dropped);
    for (const { session, ranges } of missing) this.declareMissing(session, ranges);
  }

  /** Totals only grow: of two, the higher are the later ones. */
  raiseDropped({ rows, frames, frameRows }: DropTotals): void {
    this.dropped = {
      rows: Math.max(rows, this.dropped.rows),
      frames: Math.max(frames, this.dropped.frames),
      frameRows: Math.max(frameRows, this.dropped.frameRows),
    };
  }

  #keptSessions(): readonly Session[] {
    const sessions = [...this.#sessions.values()];
    const newest = sessions.reduce((most, { noted }) => Math.max(most, noted?.note.session ?? -1), -1);
    return sessions.filter(({ rows, frames, session }) => rows > 0 || frames.length > 0 || session === newest);
  }

  #session(id: number): Session {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const made = { session: id, nextSequence: 0, lastOrdinal: -1, rows: 0, frames: [], noted: undefined };
    this.#sessions.set(id, made);
    return made;
  }

  #setMissing(session: number, ranges: readonly Range[]): void {
    if (ranges.length > 0) this.#missing.set(session, ranges);
    else this.#missing.delete(session);
  }

  #forget(entry: FrameEntry): void {
    entry.isKept = false;
    this.#frameBytes -= entry.place.size;
    this.#table.free(entry.place.segment, entry.place.size);
    this.#dead += 1;
    while (this.#frames[this.#head]?.isKept === false) {
      this.#head += 1;
      this.#dead -= 1;
    }
    if (this.#head + this.#dead < 64 || (this.#head + this.#dead) * 2 < this.#frames.length) return;
    this.#frames = this.#frames.filter(({ isKept }) => isKept);
    this.#head = 0;
    this.#dead = 0;
  }
}

function withoutSession({ ordinal, note: { session: _, ...meaning } }: NumberedNote) {
  return { ordinal, ...meaning };
}
