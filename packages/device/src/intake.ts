import { orderRow, type Quantizer, ReadingError } from "@zipml/codec";
import { createSerialQueue, type SerialQueue } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";
import { createExactRows, type ExactRows } from "./exact-rows.ts";
import type { GridBook, GridChange, GridPlan } from "./grid-book.ts";
import type { Intake, IntakeCounts, IntakePorts } from "./intake-ports.ts";
import type { ResolvedOptions } from "./options.ts";
import type { AcceptedRow, FrameId, Receipted } from "./outbox.ts";
import { type BatchOptions, rowsPerFrame, type Sealed, sealRows, withinOneFrame } from "./sealer.ts";
import { createSessionStream, earlierStream, type SessionStream } from "./session-stream.ts";
import { createThinning, type Thinning } from "./thinning.ts";

/** Latest time that a frame can say, ms from the session's start: 2⁵² − 1. */
const latestTime = 0xfffffffffffff;

/** Fewest rows that are sealed to make room: fewer take as much as their frame would. */
const fewestThinned = 8;
/** Most sealed frames that are thinned for one row that did not fit. */
const mostAgain = 16;

/**
 * @param options The agent's options.
 * @param book The session's grids.
 * @param startedAt The session's start on the clock, ms.
 * @param ports Where frames and failures go.
 */
export function createIntake(options: ResolvedOptions, book: GridBook, startedAt: number, ports: IntakePorts): Intake {
  return new OutboxIntake(options, book, startedAt, ports);
}

class OutboxIntake implements Intake {
  readonly #options: ResolvedOptions;
  readonly #book: GridBook;
  readonly #startedAt: number;
  readonly #ports: IntakePorts;
  readonly #stream: SessionStream;
  readonly #queue: SerialQueue = createSerialQueue();
  readonly #notes: SerialQueue = createSerialQueue(); // so that an older note never follows a newer one
  readonly #refused: Record<string, number> = {};
  readonly #clipped: Record<string, number>;
  readonly #held: Record<string, number>;
  readonly #thinning: Thinning;
  readonly #exact: ExactRows;
  readonly #thinned = { rows: 0, again: 0 };
  #noted: Promise<void> | undefined;
  #isNoted = false;
  #batch: BatchOptions;
  #accepted = 0;
  #sequence = 0;
  /** Frames sealed, and sealed again. */
  #sealings = 0;
  #lastTime = 0;
  #stopped = false;
  #timer: AbortController | undefined;

  constructor(options: ResolvedOptions, book: GridBook, startedAt: number, ports: IntakePorts) {
    const { session, schema, batch } = options;
    this.#options = options;
    this.#book = book;
    this.#startedAt = startedAt;
    this.#ports = ports;
    this.#stream = createSessionStream(options, session, schema);
    this.#clipped = Object.fromEntries(schema.channels.map(({ name }) => [name, 0]));
    this.#held = { ...this.#clipped };
    this.#batch = batch;
    this.#thinning = createThinning(options.outbox);
    this.#exact = createExactRows(options.keepExact);
  }

  get batch(): BatchOptions {
    return this.#batch;
  }

  async push(row: Readonly<Record<string, number>>, time: number | undefined): Promise<void> {
    try {
      await this.#take(row, time);
    } catch (error) {
      const code = error instanceof ReadingError || error instanceof DeviceError ? error.code : "outbox";
      this.#refused[code] = (this.#refused[code] ?? 0) + 1;
      throw error;
    }
  }

  recover(): Promise<void> {
    return this.#queue.run(() => this.#sealAndArm(false));
  }

  seal(): Promise<void> {
    return this.#queue.run(() => this.#sealAndArm(true));
  }

  noted(): Promise<void> {
    this.#noted ??= this.#notes
      .run(async () => {
        await this.#note(this.#book);
        this.#isNoted = true;
      })
      .catch((error: unknown) => {
        this.#noted = undefined;
        throw error;
      });
    return this.#noted;
  }

  adopt(change: GridChange): Promise<number> {
    return this.#queue.run(async () => {
      if (change.grid !== undefined) await this.#sealWhile(true);
      const plan = this.#book.check(change);
      if (plan !== undefined)
        await this.#notes.run(async () => {
          await this.#noteNext(plan);
          const before = this.#book.quantizer;
          this.#book.adopt(change);
          if (this.#book.quantizer !== before) this.#exact.clear(); // under the next grid these may be no wider
        });
      return this.#sequence;
    });
  }

  receipted(receipted: Receipted): void {
    this.#exact.release(receipted);
  }

  answer(bytesOf: (sequence: number, grid: number) => Uint8Array): Promise<FrameId> {
    return this.#queue.run(async () => {
      const { session, outbox } = this.#options;
      await this.noted();
      const sequence = this.#sequence;
      const bytes = bytesOf(sequence, this.#book.quantizer.grid.epoch);
      await outbox.seal({ session, sequence, rows: 0, bytes });
      this.#sequence += 1;
      this.#ports.stored();
      this.#ports.sealed({ session, sequence, rows: 0, bytes });
      return { session, sequence };
    });
  }

  rebatch(batch: BatchOptions): void {
    this.#batch = batch;
    // rows that wait already go by the new bounds too
    this.#queue.run(() => this.#sealAndArm(false)).catch(this.#ports.failed);
  }

  counts(): IntakeCounts {
    return {
      accepted: this.#accepted,
      refused: { ...this.#refused },
      clipped: { ...this.#clipped },
      held: { ...this.#held },
      sequence: this.#sequence,
      thinned: { ...this.#thinned, active: this.#thinning.isActive && this.#book.thinQuantizer !== undefined },
    };
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.abort();
  }

  get #full(): number {
    return rowsPerFrame(this.#batch, this.#encoder(this.#book));
  }

  #encoder({ quantizer, thinQuantizer }: Pick<GridBook, "quantizer" | "thinQuantizer">): Quantizer {
    return thinQuantizer !== undefined && this.#thinning.check() ? thinQuantizer : quantizer;
  }

  #now(): number {
    const { clock, interval } = this.#options;
    const elapsed = Math.max(0, clock.now() - this.#startedAt);
    return Math.round(interval > 0 ? Math.round(elapsed / interval) * interval : elapsed);
  }

  async #take(row: Readonly<Record<string, number>>, given: number | undefined): Promise<void> {
    if (this.#stopped) throw new DeviceError("closed", "the agent is closed: the row is refused");
    const { schema, session, outbox, deadBand } = this.#options;
    const read = orderRow(schema, row);
    const last = this.#lastTime;
    const time = given ?? Math.max(this.#now(), last);
    if (!Number.isSafeInteger(time) || time < last || time > latestTime)
      throw new DeviceError(
        "time",
        `a row's time is a whole number of ms from the session's start, from ${last} to ${latestTime} here, not ${time}`,
      );
    this.#lastTime = time;
    const values = deadBand?.tell(read) ?? read; // now, in the order of the calls
    if (!this.#isNoted) await this.noted(); // or nobody would know after a crash what the row means
    try {
      await this.#append({ session, time, values });
    } catch (error) {
      if (this.#lastTime === time) this.#lastTime = last; // the next row may have any later time; a dead band goes on from this one
      throw error;
    } finally {
      this.#ports.stored();
    }
    this.#accepted += 1;
    if (values !== read) this.#countHeld(read, values);
    this.#ports.accepted(values, read);
    if (outbox.usage().rows >= this.#full) this.#queue.run(() => this.#sealAndArm(false)).catch(this.#ports.failed);
    else this.#arm();
  }

  #countHeld(read: Float64Array, told: Float64Array): void {
    for (const [c, { name }] of this.#options.schema.channels.entries())
      if (told[c] !== read[c]) this.#held[name] = (this.#held[name] ?? 0) + 1;
  }

  async #append(row: AcceptedRow): Promise<void> {
    for (;;) {
      try {
        return await this.#options.outbox.append(row);
      } catch (error) {
        if (!isFull(error) || !(await this.#makeRoom())) throw error;
      }
    }
  }

  /**
   * Seals what waits under the coarser grid, and by choice frames again.
   *
   * @returns Whether there is more room than when it was called, whoever has made it.
   */
  async #makeRoom(): Promise<boolean> {
    if (this.#book.thinQuantizer === undefined || !this.#thinning.start()) return false;
    const before = this.#sealings;
    await this.#queue.run(async () => {
      if (this.#options.outbox.usage().rows >= fewestThinned) await this.#sealWhile(true);
      if (this.#sealings === before) await this.#sealAgain();
    });
    return this.#sealings > before;
  }

  /** Thins frames whose exact rows are kept and that nobody has seen, oldest first. */
  async #sealAgain(): Promise<void> {
    const { outbox, session } = this.#options;
    let again = 0;
    for (const id of this.#exact.ids()) {
      const thin = this.#book.thinQuantizer;
      if (again >= mostAgain || thin === undefined) break;
      if (id.session !== session || !this.#ports.mayReplace(id)) continue;
      const rows = this.#exact.take(id);
      if (rows === undefined) continue;
      // From the readings themselves: cutting bits off their codes would be biased.
      const { frame } = sealRows(rows, id.sequence, thin, this.#stream);
      try {
        if (!(await outbox.replace(frame))) continue;
      } catch (error) {
        this.#exact.add(id, rows);
        if (isFull(error)) break;
        throw error;
      }
      again += 1;
      this.#sealings += 1;
      this.#thinned.again += 1;
      this.#thinned.rows += rows.length;
    }
  }

  #note({ grids, thin }: GridPlan): Promise<void> {
    const { outbox, session, schema } = this.#options;
    const startedAt = this.#startedAt;
    return outbox.note({ session, startedAt, schema, grids, ...(thin === undefined ? {} : { thin }) });
  }

  async #noteNext(plan: GridPlan): Promise<void> {
    try {
      await this.#note(plan);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DeviceError("outbox", `grid ${plan.grids.at(-1)?.epoch} could not be noted: ${why}`, { cause });
    }
  }

  async #sealAndArm(all: boolean): Promise<void> {
    this.#timer?.abort();
    this.#timer = undefined;
    try {
      await this.#sealWhile(all);
    } finally {
      if (this.#options.outbox.usage().rows > 0) this.#arm();
    }
  }

  /**
   * Seals frame after frame while rows fill one, and with `all` until every row accepted before is sealed: rows that come
   * meanwhile, as they do while a disk syncs, wait for others. Rows of earlier sessions are sealed in any case.
   */
  async #sealWhile(all: boolean): Promise<void> {
    const { outbox, session } = this.#options;
    for (let owed = all ? outbox.usage().rows : 0; ; ) {
      const oldest = await outbox.unsealed(this.#full);
      const [first] = oldest;
      if (first === undefined) return;
      if (first.session !== session) owed -= await this.#sealEarlier(first.session);
      else if (owed > 0 || oldest.length >= this.#full) owed -= await this.#sealOwn(withinOneFrame(oldest));
      else return;
    }
  }

  /** Resolves with how many rows went into the frame. */
  async #sealOwn(rows: readonly AcceptedRow[]): Promise<number> {
    const encoder = this.#encoder(this.#book);
    const sealed = sealRows(rows, this.#sequence, encoder, this.#stream);
    await this.#store(sealed, this.#stream);
    this.#sequence += 1;
    if (encoder !== this.#book.quantizer) this.#thinned.rows += rows.length;
    else this.#exact.add(sealed.frame, rows);
    this.#ports.kept(sealed.frame, rows);
    this.#ports.sealed(sealed.frame);
    return rows.length;
  }

  /** The oldest rows, accepted before a restart, become a frame of the session that they were accepted in. */
  async #sealEarlier(id: number): Promise<number> {
    const { outbox } = this.#options;
    const earlier = earlierStream(this.#options, id);
    if (earlier === undefined) return this.#sealUnnoted(id);
    const encoder = this.#encoder(earlier);
    const rows = withinOneFrame(await outbox.unsealed(rowsPerFrame(this.#batch, encoder)));
    const sealed = sealRows(rows, earlier.sequence, encoder, earlier);
    await this.#store(sealed, earlier);
    if (encoder !== earlier.quantizer) this.#thinned.rows += rows.length;
    this.#ports.sealed(sealed.frame);
    return rows.length;
  }

  /**
   * Rows whose session's note was destroyed on the disk. Rows of as many channels as now are taken for rows of the
   * present schema and sent at the start of this session, where they would else hold up everything behind them.
   */
  async #sealUnnoted(id: number): Promise<number> {
    const { outbox, session, schema } = this.#options;
    const rows = withinOneFrame(await outbox.unsealed(this.#full));
    const what = `${rows.length} rows of session ${id}, whose note is lost,`;
    if (rows[0]?.values.length !== schema.channels.length)
      throw new DeviceError("outbox", `${what} have ${rows[0]?.values.length} channels and can't be sealed`);
    this.#ports.failed(new DeviceError("outbox", `${what} are sent as the first of session ${session}`));
    await this.noted();
    return this.#sealOwn(rows.map(({ values }) => ({ session, time: 0, values })));
  }

  async #store({ frame, clipped }: Sealed, { names }: SessionStream): Promise<void> {
    try {
      await this.#options.outbox.seal(frame);
      this.#sealings += 1;
    } finally {
      this.#ports.stored();
    }
    for (const [c, count] of clipped.entries()) {
      const name = names[c];
      if (name !== undefined && count > 0) this.#clipped[name] = (this.#clipped[name] ?? 0) + count;
    }
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    const controller = new AbortController();
    this.#timer = controller;
    this.#options.clock.sleep(this.#batch.milliseconds, controller.signal).then(
      () => this.seal().catch(this.#ports.failed),
      (error: unknown) => {
        if (!controller.signal.aborted) this.#ports.failed(error); // aborted: sealed before its time
      },
    );
  }
}

const isFull = (error: unknown): boolean => error instanceof DeviceError && error.code === "outbox-full";
