import { type Grid, orderRow, ReadingError, type StreamKey, streamKey } from "@zipml/codec";
import { createSerialQueue, type SerialQueue } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";
import type { GridBook } from "./grid-book.ts";
import type { ResolvedOptions } from "./options.ts";
import type { SealedFrame } from "./outbox.ts";
import { type BatchOptions, rowsPerFrame, sealRows, withinOneFrame } from "./sealer.ts";

/** Latest time that a frame can say, ms from the session's start: 2⁵² − 1. */
const latestTime = 0xfffffffffffff;

/** Counts since the agent was made. */
export interface IntakeCounts {
  /** Rows that the outbox took. */
  readonly accepted: number;
  /** Rows refused, by the code of the error that `push` rejected with. */
  readonly refused: Readonly<Record<string, number>>;
  /** Values clipped to the levels' range, by channel. */
  readonly clipped: Readonly<Record<string, number>>;
  /** Sequence that the next frame will have. */
  readonly sequence: number;
}

/** From a row to a sealed frame. */
export interface Intake {
  /** Takes a row in. @throws see `Device.push`. */
  push(row: Readonly<Record<string, number>>, time: number | undefined): Promise<void>;
  /** Seals every row accepted so far. */
  seal(): Promise<void>;
  /** Seals what came under the grid in force, then puts another in force; resolves with the first sequence it holds for. */
  adopt(grid: Grid): Promise<number>;
  /** Other bounds for frames from now on. */
  rebatch(batch: BatchOptions): void;
  readonly batch: BatchOptions;
  counts(): IntakeCounts;
  /** No row is taken from now on. */
  stop(): void;
}

/** What the intake tells the agent. */
export interface IntakePorts {
  sealed(frame: SealedFrame): void;
  /** Sealing failed; the rows are still in the outbox. */
  failed(error: unknown): void;
}

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
  readonly #drawKey: StreamKey;
  readonly #queue: SerialQueue = createSerialQueue();
  readonly #refused: Record<string, number> = {};
  readonly #clipped: Uint32Array;
  #batch: BatchOptions;
  #accepted = 0;
  #sequence = 0;
  #lastTime = 0;
  #stopped = false;
  #timer: AbortController | undefined;

  constructor(options: ResolvedOptions, book: GridBook, startedAt: number, ports: IntakePorts) {
    const { group, id, session, secret, schema, batch } = options;
    this.#options = options;
    this.#book = book;
    this.#startedAt = startedAt;
    this.#ports = ports;
    this.#drawKey = streamKey(`draw/${group}/${id}/${session}/${secret}`);
    this.#clipped = new Uint32Array(schema.channels.length);
    this.#batch = batch;
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

  seal(): Promise<void> {
    return this.#queue.run(() => this.#sealAndArm(1));
  }

  adopt(grid: Grid): Promise<number> {
    return this.#queue.run(async () => {
      await this.#sealWhile(1);
      this.#book.adopt(grid);
      return this.#sequence;
    });
  }

  rebatch(batch: BatchOptions): void {
    this.#batch = batch;
    // rows that wait already go by the new bounds too
    this.#queue.run(() => this.#sealAndArm(this.#full)).catch(this.#ports.failed);
  }

  counts(): IntakeCounts {
    const { channels } = this.#options.schema;
    return {
      accepted: this.#accepted,
      refused: { ...this.#refused },
      clipped: Object.fromEntries(channels.map(({ name }, c) => [name, this.#clipped[c] ?? 0])),
      sequence: this.#sequence,
    };
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.abort();
  }

  get #full(): number {
    return rowsPerFrame(this.#batch, this.#book.quantizer);
  }

  #now(): number {
    const { clock, interval } = this.#options;
    const elapsed = Math.max(0, clock.now() - this.#startedAt);
    return Math.round(interval > 0 ? Math.round(elapsed / interval) * interval : elapsed);
  }

  async #take(row: Readonly<Record<string, number>>, given: number | undefined): Promise<void> {
    if (this.#stopped) throw new DeviceError("closed", "the agent is closed: the row is refused");
    const { schema, session, outbox } = this.#options;
    const values = orderRow(schema, row);
    const last = this.#lastTime;
    const time = given ?? Math.max(this.#now(), last);
    if (!Number.isSafeInteger(time) || time < last || time > latestTime)
      throw new DeviceError(
        "time",
        `a row's time is a whole number of ms from the session's start, from ${last} to ${latestTime} here, not ${time}`,
      );
    this.#lastTime = time;
    await outbox.append({ session, time, values });
    this.#accepted += 1;
    if (outbox.usage().rows >= this.#full)
      this.#queue.run(() => this.#sealAndArm(this.#full)).catch(this.#ports.failed);
    else this.#arm();
  }

  async #sealAndArm(least: number): Promise<void> {
    this.#timer?.abort();
    this.#timer = undefined;
    await this.#sealWhile(least);
    if (this.#options.outbox.usage().rows > 0) this.#arm();
  }

  /** Seals frame after frame for as long as `least` rows or more are there for the next. */
  async #sealWhile(least: number): Promise<void> {
    const { outbox } = this.#options;
    for (;;) {
      const oldest = await outbox.unsealed(this.#full);
      if (oldest.length < least) return;
      const sealed = sealRows(withinOneFrame(oldest), this.#sequence, this.#book.quantizer, this.#drawKey);
      await outbox.seal(sealed.frame);
      this.#sequence += 1;
      for (const [c, count] of sealed.clipped.entries()) this.#clipped[c] = (this.#clipped[c] ?? 0) + count;
      this.#ports.sealed(sealed.frame);
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
