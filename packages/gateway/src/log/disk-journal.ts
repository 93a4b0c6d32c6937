import { join } from "node:path";
import { type Clock, createSerialQueue, type RandomSource, type SerialQueue } from "@zipml/protocol";
import type { Recovery } from "../ingest/recovery.ts";
import { createSequenceSet, type SequenceSet, type SequenceStart, savedSequences } from "../ingest/sequence-set.ts";
import type { FramePlace } from "../sample-store.ts";
import { encodeEntry, type LogEntry } from "./entry.ts";
import { diskError } from "./errors.ts";
import type { LogFiles } from "./files.ts";
import type { Added } from "./frame-log.ts";
import type { Findings, Journal, LogStatus, SavedStart, TrainedState } from "./journal.ts";
import { isLater, replayLog } from "./replay.ts";
import {
  type Changes,
  type Checkpoint,
  keys,
  openState,
  type SavedSession,
  type SavedState,
  type StateStore,
} from "./saved-state.ts";
import { segmentName } from "./segment.ts";
import { createAccount, credit, type SegmentAccount, sessionKey } from "./segment-account.ts";
import { createLogWriter, type LogOptions, type LogWriter, type Place } from "./writer.ts";

/** What a journal on disk needs. */
export interface JournalPorts {
  readonly directory: string;
  readonly options: LogOptions;
  readonly files: LogFiles;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Seed of the training; goes into the checkpoint. */
  readonly seed: string | number;
  /** Why the disk takes no frames, or undefined once it does again. */
  failing(reason: string | undefined): void;
  /** A checkpoint that nobody waits for has failed: the next one makes up for it. */
  failed(error: unknown): void;
}

/** A session as the journal keeps it. */
interface SessionBase {
  readonly device: string;
  readonly session: number;
  readonly startedAt: number;
  readonly order: number;
  /** Sequences from segments that were deleted. */
  readonly base: SequenceSet;
  declared: number;
  /** What was stored when the registry forgot it. */
  last: SequenceStart | undefined;
}

const everything = (start?: SequenceStart): SequenceSet => createSequenceSet(Number.POSITIVE_INFINITY, start);

/**
 * Opens the directory and locks it against other gateways.
 *
 * @param ports What it works on.
 * @throws `LogError` `locked`, `disk`, `version`.
 */
export async function openJournal(ports: JournalPorts): Promise<Journal> {
  const { directory, files } = ports;
  const folder = join(directory, "log");
  try {
    // Each by itself, so that each gets the mode that keeps others out.
    await files.mkdir(directory);
    for (const name of ["log", "state", "lock"]) await files.mkdir(join(directory, name));
  } catch (cause) {
    throw diskError("can't make", directory, cause);
  }
  const state = await openState(directory);
  try {
    return new DiskJournal(ports, folder, state, await state.load());
  } catch (error) {
    await state.close();
    throw error;
  }
}

class DiskJournal implements Journal {
  readonly #ports: JournalPorts;
  readonly #folder: string;
  readonly #state: StateStore;
  readonly #queue: SerialQueue = createSerialQueue();
  readonly #start: SavedState;
  readonly #sessions = new Map<string, SessionBase>();
  readonly #forgotten = new Set<string>();
  #accounts = new Map<number, SegmentAccount>();
  #changes: Changes = new Map();
  #changed = new Set<string>();
  #writer: LogWriter | undefined;
  #recovery: Recovery | undefined;
  #isPast: (frame: FramePlace) => boolean = () => false;
  #rows: number;
  #trainedAt: number;
  #order = 0;
  #position: Checkpoint["position"];
  #damage: LogStatus["damage"] = { stretches: 0, bytes: 0, frames: 0 };
  #saving = false;
  #closed: Promise<void> | undefined;

  constructor(ports: JournalPorts, folder: string, state: StateStore, start: SavedState) {
    this.#ports = ports;
    this.#folder = folder;
    this.#state = state;
    this.#start = start;
    this.#rows = start.checkpoint?.rows ?? 0;
    this.#trainedAt = start.checkpoint?.trainedAt ?? 0;
    this.#position = start.checkpoint?.position ?? null;
    for (const { device, session, saved } of start.sessions) {
      const { startedAt, order, base, declared } = saved;
      this.#order = Math.max(this.#order, order + 1);
      const known = { device, session, startedAt, order, declared, base: everything(base), last: saved.stored };
      this.#sessions.set(sessionKey(device, session), known);
    }
    for (const segment of start.deleted) this.#changes.set(keys.deleted(segment), undefined);
  }

  get saved(): SavedStart {
    return { rows: this.#rows, trainedAt: this.#trainedAt, model: this.#start.model };
  }

  async recover(recovery: Recovery, isPast: (frame: FramePlace) => boolean): Promise<Findings> {
    const { files, clock, random, failing, failed, options } = this.#ports;
    this.#recovery = recovery;
    this.#isPast = isPast;
    const read = (entry: LogEntry): void => this.#remember(entry);
    const replayed = await replayLog({ files, folder: this.#folder, saved: this.#start, recovery, read });
    this.#accounts = replayed.accounts;
    const { damage, lost, highest } = replayed;
    const frames = lost.flatMap(({ ranges }) => ranges).reduce((sum, [from, to]) => sum + to - from + 1, 0);
    this.#damage = { stretches: damage.length, bytes: damage.reduce((sum, { bytes }) => sum + bytes, 0), frames };
    const sealed = (): void => {
      this.checkpoint().catch(failed);
    };
    this.#writer = createLogWriter(
      { files, clock, random, folder: this.#folder, next: highest + 1, sealed, failing },
      options,
    );
    return { damage, lost };
  }

  append(entry: LogEntry, settled: (durable: boolean) => Added | undefined): boolean {
    const writer = this.#writer;
    if (writer === undefined) return false;
    return writer.append(encodeEntry(entry), (place) => {
      const added = settled(place !== undefined);
      if (place !== undefined) this.#account(entry, added, place);
    });
  }

  checkpoint(trained?: TrainedState): Promise<void> {
    return this.#queue.run(async () => {
      if (trained !== undefined) {
        this.#trainedAt = trained.trainedAt;
        this.#changes.set(keys.model, trained.model);
      }
      this.#mergePast();
      await this.#dropForgotten();
      await this.#write();
      await this.#deleteMerged();
    });
  }

  forget(device: string, session: number, stored: SequenceStart): void {
    const key = sessionKey(device, session);
    const known = this.#sessions.get(key);
    if (known === undefined) return;
    known.last = savedSequences(stored);
    this.#forgotten.add(key);
  }

  status(): LogStatus {
    const writer = this.#writer?.status();
    const pending = { records: 0, bytes: 0 };
    return {
      ...(writer ?? { pending, syncs: 0, failures: 0, failing: undefined }),
      directory: this.#ports.directory,
      segments: this.#accounts.size,
      bytes: [...this.#accounts.values()].reduce((sum, { bytes }) => sum + bytes, 0),
      damage: this.#damage,
      checkpoint: this.#position,
    };
  }

  async idle(): Promise<void> {
    await this.#writer?.idle();
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await this.#writer?.close();
    if (this.#writer !== undefined) await this.checkpoint().catch(this.#ports.failed);
    await this.#queue.idle();
    await this.#state.close();
  }

  #account(entry: LogEntry, added: Added | undefined, place: Place): void {
    let account = this.#accounts.get(place.segment);
    if (account === undefined) {
      account = createAccount(place.segment);
      this.#accounts.set(place.segment, account);
    }
    account.bytes = Math.max(account.bytes, place.end);
    this.#remember(entry);
    if (added === undefined) return;
    credit(account, added, isLater);
    this.#changed.add(sessionKey(added.device, added.session));
  }

  /** Notes what must outlive the segment that it lies in. */
  #remember(entry: LogEntry): void {
    if (entry.type === "frame") return;
    if (entry.type === "task") {
      const { task, choice } = entry;
      this.#changes.set(keys.task, { task, choice });
      return;
    }
    const { device, session, startedAt } = entry;
    const key = sessionKey(device, session);
    if (!this.#sessions.has(key)) {
      const order = this.#order++;
      const known = { device, session, startedAt, order, base: everything(), declared: 0, last: undefined };
      this.#sessions.set(key, known);
      this.#changed.add(key);
    }
    this.#forgotten.delete(key);
    if (entry.type === "declared") return;
    const { schema, grid } = entry;
    this.#changes.set(keys.note(device, session, grid.epoch), { startedAt, schema, grid });
    this.#saveSoon();
  }

  /** A second copy of a note soon: frames mean nothing if the only one is spoilt. */
  #saveSoon(): void {
    if (this.#saving || this.#writer === undefined) return;
    this.#saving = true;
    this.#queue
      .run(() => {
        this.#saving = false;
        return this.#write();
      })
      .catch(this.#ports.failed);
  }

  /** Takes what is in segments that the window has left behind over into the sessions' bases. */
  #mergePast(): void {
    for (const account of this.#accounts.values()) {
      const { number, newest, shares, rows } = account;
      if (number === this.#writer?.active || account.merged) continue;
      if (newest !== undefined && !this.#isPast(newest)) continue;
      for (const [key, { sequences, declared }] of shares) {
        const known = this.#sessions.get(key);
        if (known === undefined) continue;
        if (sequences.floor > 0) known.base.cover(0, sequences.floor - 1);
        for (const [from, to] of sequences.ranges) known.base.cover(from, to);
        known.declared += declared;
        this.#changed.add(key);
      }
      this.#rows += rows;
      this.#changes.set(keys.deleted(number), {});
      account.merged = true;
    }
  }

  /** Deletes what is saved of sessions that the registry has forgotten and the log has nothing of any more. */
  async #dropForgotten(): Promise<void> {
    for (const key of [...this.#forgotten]) {
      const known = this.#sessions.get(key);
      const held = [...this.#accounts.values()].some(({ merged, shares }) => !merged && shares.has(key));
      if (known === undefined || held) continue;
      const { device, session } = known;
      for (const note of await this.#state.notesOf(device, session)) this.#changes.set(note, undefined);
      this.#changes.set(keys.session(device, session), undefined);
      this.#sessions.delete(key);
      this.#changed.delete(key);
      this.#forgotten.delete(key);
    }
  }

  async #write(): Promise<void> {
    const { clock, seed } = this.#ports;
    const changes = this.#changes;
    const changed = this.#changed;
    const position = this.#writer?.position ?? this.#position;
    for (const key of changed) this.#addSession(changes, key);
    changes.set(keys.checkpoint, {
      version: 1,
      at: Math.round(clock.now()),
      position,
      rows: this.#rows,
      trainedAt: this.#trainedAt,
      seed,
    } satisfies Checkpoint);
    this.#changes = new Map();
    this.#changed = new Set();
    try {
      await this.#state.write(changes);
      this.#position = position;
    } catch (error) {
      // For the next time, but for what has changed again meanwhile.
      this.#changes = new Map([...changes, ...this.#changes]);
      this.#changed = new Set([...changed, ...this.#changed]);
      throw error;
    }
  }

  #addSession(changes: Changes, key: string): void {
    const known = this.#sessions.get(key);
    if (known === undefined) return;
    const { device, session, startedAt, order, base, declared, last } = known;
    const stored = this.#recovery?.stored(device, session) ?? last ?? base;
    changes.set(keys.session(device, session), {
      startedAt,
      order,
      declared,
      base: savedSequences(base),
      stored: savedSequences(stored),
    } satisfies SavedSession);
  }

  async #deleteMerged(): Promise<void> {
    const { files } = this.#ports;
    for (const { number, merged } of [...this.#accounts.values()]) {
      if (!merged) continue;
      const path = join(this.#folder, segmentName(number));
      await files.unlink(path).catch((cause: unknown) => {
        throw diskError("can't delete", path, cause);
      });
      this.#accounts.delete(number);
      this.#changes.set(keys.deleted(number), undefined);
    }
  }
}
