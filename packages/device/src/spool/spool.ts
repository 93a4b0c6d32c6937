import type {
  AcceptedRow,
  Dropped,
  FrameId,
  FullPolicy,
  KeptSession,
  Outbox,
  OutboxUsage,
  Receipted,
  SealedFrame,
  SessionNote,
} from "../outbox.ts";
import { diskError, SpoolError } from "./errors.ts";
import { folderMode } from "./files.ts";
import { type Lock, lockFolder } from "./lock.ts";
import { type Lost, recover } from "./recovery.ts";
import type { Damage } from "./segment.ts";
import { createSegmentTable } from "./segment-table.ts";
import { type ResolvedSpoolOptions, resolveSpoolOptions, type SpoolOptions } from "./spool-options.ts";
import { RecordStore, type WaitingRow } from "./store.ts";

/** Fullness of a spool. `bytes` are those of rows and frames that are kept. */
export interface SpoolUsage extends OutboxUsage {
  /** Bytes of all segment files, with what in them waits to be deleted. This is what `capacity` bounds. */
  readonly diskBytes: number;
}

/** An outbox on disk: a row whose `append` resolved, and a frame whose `seal` resolved, survive any crash. */
export interface Spool extends Outbox {
  /**
   * Writes down what a session's frames mean, before there are any, and again with every new grid: the newest note of a
   * session counts.
   *
   * @throws `SpoolError` (`options`, `disk`, `closed`), `DeviceError` (`outbox-full`), the codec's `GridError`.
   */
  note(note: SessionNote): Promise<void>;
  /** Notes of the sessions of which rows or frames are kept, and of the newest, in ascending order. */
  sessions(): readonly KeptSession[];
  /** One above the highest session noted; kept on disk. 0 for a new spool. */
  readonly nextSession: number;
  /** What is gone for good since the spool was made. */
  dropped(): Dropped;
  /** What could not be read, when it was opened and since. */
  damage(): readonly Damage[];
  /** What that cost. */
  lost(): Lost;
  usage(): SpoolUsage;
}

interface Job {
  /** Does not make rows go to the disk before their time. */
  readonly isLazy: boolean;
  /** Never rejects. */
  run(): Promise<void>;
}

type Task = (WaitingRow & { readonly since: number }) | Job;

/** Most rows that share a sync. */
const mostRows = 4096;

const isJob = (task: Task | undefined): task is Job => task !== undefined && "run" in task;

/** Orders what is asked of a spool: whatever writes goes one after another, rows that follow each other together. */
class FileSpool implements Spool {
  readonly #options: ResolvedSpoolOptions;
  readonly #store: RecordStore;
  readonly #lock: Lock;
  readonly #queue: Task[] = [];
  #isRunning = false;
  #timer: AbortController | undefined;
  #lastSeal: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedSpoolOptions, store: RecordStore, lock: Lock) {
    this.#options = options;
    this.#store = store;
    this.#lock = lock;
  }

  get policy(): FullPolicy {
    return this.#options.policy;
  }

  get nextSession(): number {
    return this.#store.index.next.session;
  }

  append(row: AcceptedRow): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#checkOpen();
      if (!Number.isInteger(row.session) || row.session < 0 || row.session > 0xffffffff)
        throw new SpoolError("options", `a session is a whole number from 0 to 4294967295, not ${row.session}`);
      this.#queue.push({ row, resolve, reject, since: this.#options.clock.now() });
      this.#wake();
    });
  }

  unsealed(limit: number): Promise<readonly AcceptedRow[]> {
    return this.#run(async () => this.#store.handOut(limit));
  }

  seal(frame: SealedFrame): Promise<void> {
    const sealed = this.#run(() => this.#store.seal(frame));
    this.#lastSeal = sealed.catch(() => undefined);
    return sealed;
  }

  replace(frame: SealedFrame): Promise<boolean> {
    const replaced = this.#run(() => this.#store.replace(frame));
    this.#lastSeal = replaced.catch(() => undefined); // whoever reads from now on gets the new one
    return replaced;
  }

  note(note: SessionNote): Promise<void> {
    return this.#run(() => this.#store.note(note));
  }

  async frames(after: FrameId | undefined, limit: number): Promise<readonly SealedFrame[]> {
    this.#checkOpen();
    await this.#lastSeal;
    return this.#store.readFrames(after, limit);
  }

  async release(receipted: Receipted): Promise<number> {
    this.#checkOpen();
    await this.#lastSeal;
    const released = this.#store.release(receipted);
    if (released > 0 && this.#closing === undefined) {
      this.#queue.push({ isLazy: true, run: () => this.#store.flushGone() });
      this.#wake();
    }
    return released;
  }

  usage(): SpoolUsage {
    const { index, table } = this.#store;
    const { capacity } = this.#options;
    const { bytes, frameCount } = index;
    return { rows: index.rows.length, frames: frameCount, bytes, capacity, diskBytes: table.bytes() };
  }

  sessions(): readonly KeptSession[] {
    return this.#store.index.sessions();
  }

  dropped(): Dropped {
    return { ...this.#store.index.dropped, missing: this.#store.index.missing() };
  }

  damage(): readonly Damage[] {
    return [...this.#store.damage];
  }

  lost(): Lost {
    return this.#store.lost;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve, reject) => {
      const finish = async (): Promise<void> => {
        await this.#store.close();
        await this.#lock.release();
      };
      this.#queue.push({ isLazy: false, run: () => finish().then(resolve, reject) });
      this.#wake();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SpoolError("closed", `${this.#options.directory} was closed`);
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#checkOpen();
      this.#queue.push({ isLazy: false, run: () => work().then(resolve, reject) });
      this.#wake();
    });
  }

  /** How long the rows at the head of the queue still wait for others, ms; 0 for not at all. */
  #wait(): number {
    const { sync, clock } = this.#options;
    const [first] = this.#queue;
    if (sync === undefined || first === undefined || isJob(first)) return 0;
    const hasJob = this.#queue.some((task) => isJob(task) && !task.isLazy);
    if (hasJob || this.#queue.length >= sync.rows) return 0;
    return Math.max(0, first.since + sync.milliseconds - clock.now());
  }

  #wake(): void {
    if (this.#isRunning || this.#queue.length === 0) return;
    const wait = this.#wait();
    if (wait === 0) {
      this.#timer?.abort();
      this.#timer = undefined;
      this.#isRunning = true;
      void this.#work();
    } else if (this.#timer === undefined) {
      const timer = new AbortController();
      this.#timer = timer;
      this.#options.clock.sleep(wait, timer.signal).then(
        () => {
          this.#timer = undefined;
          this.#wake();
        },
        () => undefined, // the rows went earlier
      );
    }
  }

  async #work(): Promise<void> {
    await Promise.resolve(); // what the caller asks for in the same turn goes along
    while (this.#queue.length > 0 && this.#wait() === 0) {
      const [first] = this.#queue;
      if (isJob(first)) {
        this.#queue.shift();
        await first.run();
      } else {
        const end = this.#queue.findIndex(isJob);
        const rows = this.#queue.splice(0, Math.min(end < 0 ? this.#queue.length : end, mostRows));
        await this.#store.appendRows(rows.flatMap((task) => (isJob(task) ? [] : [task])));
      }
    }
    this.#isRunning = false;
    this.#wake();
  }
}

/**
 * Opens a spool and recovers what it holds.
 *
 * @param options See {@link SpoolOptions}.
 * @throws `SpoolError`: `options`; `locked` by another process; `version` of a segment that is not known, with nothing
 * changed; `disk`.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const resolved = resolveSpoolOptions(options);
  const { directory: folder, files, processes, clock } = resolved;
  try {
    await files.mkdir(folder, { recursive: true, mode: folderMode });
  } catch (error) {
    throw diskError("making", folder, error);
  }
  const lock = await lockFolder(files, folder, processes, clock);
  try {
    const table = createSegmentTable();
    const recovered = await recover(files, folder, table);
    const store = new RecordStore(resolved, table, recovered);
    for (const info of recovered.open) {
      if (info.length < resolved.segmentBytes) await (info.kind === "rows" ? store.rows : store.frames).resume(info);
    }
    await store.tidy();
    return new FileSpool(resolved, store, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}
