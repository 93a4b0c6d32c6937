import type { AcceleratorConfig, Stalls } from "./accelerator.ts";
import {
  type Card,
  type CardBuffer,
  CardError,
  type CardErrorCode,
  cardIdentity,
  checksum,
  control,
  fault,
  mode,
  register,
  stallOrder,
  status,
} from "./card.ts";
import { layoutNames } from "./platform.ts";

/** What a card counted over one epoch. */
export interface CardCounters {
  readonly cycles: number;
  /** cycles over the platform's clock. Of the emulated card modelled, no measurement. */
  readonly modelledSeconds: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly wraps: number;
  readonly linesPerRow: number;
  readonly stalls: Stalls;
}

/** Waits, as a clock does. */
export interface Patience {
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Options of {@link openDriver}. */
export interface DriverOptions {
  readonly clock: Patience;
  /** Longest wait for an epoch's interrupt, ms. Default 60,000. */
  readonly timeout?: number | undefined;
  /** How often an epoch that a fault has spoilt is run again. Default 2. */
  readonly retries?: number | undefined;
}

/** What is trained on: lines as the layout has them, and constants of the columns in the configuration. */
export interface CardData {
  readonly config: AcceleratorConfig;
  readonly lines: Uint32Array;
  /** Of `weave` only. */
  readonly labels?: Int32Array | undefined;
}

/** A card with data loaded. */
export interface Driver {
  /**
   * Runs an epoch.
   *
   * @param epoch From 0: reads copy epoch mod copies.
   * @param stepShift The step is 2^−stepShift.
   * @param model The model to begin with; not changed.
   * @returns The model after it, a new array, and what was counted.
   * @throws {@link CardError}: `bus`, `timeout` and `checksum` once all repetitions are spent, anything else at once. The
   * model given is still the newest that is known to be right.
   */
  run(
    epoch: number,
    stepShift: number,
    model: Int32Array,
  ): Promise<{ readonly model: Int32Array; readonly counters: CardCounters }>;
  /** Faults that a repetition has mended so far, in words. */
  readonly mended: readonly string[];
  /** Gives the card's memory back. */
  close(): void;
}

const faultNames: Readonly<Record<number, CardErrorCode>> = {
  [fault.configuration]: "configuration",
  [fault.capacity]: "capacity",
  [fault.bus]: "bus",
  [fault.wrap]: "wrap",
  [fault.data]: "data",
};

const mendable: readonly CardErrorCode[] = ["bus", "timeout", "checksum"];

/**
 * Loads data onto a card. The driver knows the card by its registers, memory and interrupt alone.
 *
 * @throws {@link CardError} `card` where it is none of this kind, `memory`.
 */
export function openDriver(card: Card, data: CardData, options: DriverOptions): Driver {
  if (card.read(register.identity) !== cardIdentity || card.read(register.version) !== 1)
    throw new CardError("card", "this is no card of this kind, or of another version than 1");
  return new CardDriver(card, data, options);
}

class CardDriver implements Driver {
  readonly mended: string[] = [];
  readonly #card: Card;
  readonly #data: CardData;
  readonly #options: DriverOptions;
  readonly #lines: CardBuffer;
  readonly #model: CardBuffer;
  /** Sums of each copy's words. */
  readonly #sums: readonly (readonly [number, number])[];

  constructor(card: Card, data: CardData, options: DriverOptions) {
    this.#card = card;
    this.#data = data;
    this.#options = options;
    const { copies = 1, features, columns } = data.config;
    const size = data.lines.length / copies;
    this.#sums = Array.from({ length: copies }, (_, i) => checksum(data.lines.subarray(i * size, (i + 1) * size)));
    card.release();
    this.#lines = this.#put(register.lines, data.lines);
    this.#model = this.#put(register.model, new Uint32Array(features));
    if (data.labels !== undefined) this.#put(register.labels, Uint32Array.from(data.labels));
    if (columns !== undefined) {
      this.#put(register.centres, Uint32Array.from(columns.centre ?? new Int32Array(features)));
      this.#put(register.shifts, Uint32Array.from(columns.shift ?? new Int8Array(features)));
    }
    this.#configure();
  }

  #put(address: number, words: Uint32Array): CardBuffer {
    const buffer = this.#card.allocate(words.length);
    buffer.words.set(words);
    this.#card.write(address, buffer.address);
    return buffer;
  }

  #configure(): void {
    const { layout, rows, features, batch, copies = 1, faithful, saturating, range, columns } = this.#data.config;
    const flags =
      (faithful === true ? mode.faithful : 0) |
      (saturating === true ? mode.saturating : 0) |
      (range === "signed" ? mode.signed : 0) |
      (columns === undefined ? 0 : mode.columns);
    const values = {
      layout: layoutNames.indexOf(layout.kind),
      bits: "bits" in layout ? layout.bits : 32,
      draws: layout.kind === "code" ? layout.draws : 0,
      rows,
      features,
      batch,
      copies,
      mode: flags,
    } as const;
    for (const [name, value] of Object.entries(values)) this.#card.write(register[name as keyof typeof values], value);
  }

  async run(epoch: number, stepShift: number, model: Int32Array) {
    const { retries = 2 } = this.#options;
    for (let attempt = 0; ; attempt++)
      try {
        return await this.#attempt(epoch, stepShift, model);
      } catch (error) {
        if (!(error instanceof CardError) || !mendable.includes(error.code) || attempt >= retries) throw error;
        this.mended.push(error.message);
        this.#card.write(register.control, control.reset);
        this.#lines.words.set(this.#data.lines);
      }
  }

  async #attempt(epoch: number, stepShift: number, model: Int32Array) {
    const card = this.#card;
    this.#model.words.set(model);
    card.write(register.epoch, epoch);
    card.write(register.stepShift, stepShift);
    card.write(register.control, control.start);
    await this.#interrupt(epoch);
    const state = card.read(register.status);
    if ((state & status.failed) !== 0) {
      const code = faultNames[card.read(register.fault)] ?? "bus";
      throw new CardError(code, `the card stopped with fault ${card.read(register.fault)}, ${code}`, epoch);
    }
    if ((state & status.done) === 0) throw new CardError("bus", `the card interrupted with status ${state}`, epoch);
    this.#check(epoch);
    return { model: Int32Array.from(this.#model.words), counters: this.#counters() };
  }

  /** @throws CardError `timeout`. */
  async #interrupt(epoch: number): Promise<void> {
    const { clock, timeout = 60_000 } = this.#options;
    const over = new AbortController();
    const late = clock.sleep(timeout, over.signal).then(
      () => true,
      () => false, // the interrupt came
    );
    const inTime = this.#card.interrupt().then(() => false);
    try {
      if (await Promise.race([late, inTime]))
        throw new CardError("timeout", `no interrupt within ${timeout} ms`, epoch);
    } finally {
      over.abort();
    }
  }

  /** What the card read must be what was put into memory, and what is in memory what the card wrote. */
  #check(epoch: number): void {
    const card = this.#card;
    const [sum, sums] = this.#sums[epoch % this.#sums.length] as readonly [number, number];
    if (card.read(register.linesSum) !== sum || card.read(register.linesSums) !== sums)
      throw new CardError("checksum", "the card read other lines than were written", epoch);
    const [modelSum, modelSums] = checksum(this.#model.words);
    if (card.read(register.modelSum) !== modelSum || card.read(register.modelSums) !== modelSums)
      throw new CardError("checksum", "the model in memory is not the one that the card wrote", epoch);
  }

  #read64(low: number): number {
    return this.#card.read(low) + this.#card.read(low + 4) * 2 ** 32;
  }

  #counters(): CardCounters {
    const cycles = this.#read64(register.cyclesLow);
    const stalls = Object.fromEntries(stallOrder.map((name, i) => [name, this.#read64(register.stalls + 8 * i)]));
    return {
      cycles,
      modelledSeconds: cycles / this.#card.platform.clock,
      bytesRead: this.#read64(register.bytesReadLow),
      bytesWritten: this.#card.read(register.bytesWritten),
      wraps: this.#card.read(register.wraps),
      linesPerRow: this.#card.read(register.linesPerRow),
      stalls: stalls as Record<keyof Stalls, number>,
    };
  }

  close(): void {
    this.#card.release();
  }
}
