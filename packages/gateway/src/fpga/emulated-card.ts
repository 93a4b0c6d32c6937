import type { Accelerator, AcceleratorConfig, EpochCounters, FastEpoch, LayoutSpec } from "./accelerator.ts";
import {
  type Card,
  type CardBuffer,
  CardError,
  cardIdentity,
  checksum,
  control,
  fault,
  mode,
  register,
  stallOrder,
  status,
} from "./card.ts";
import { createAccelerator } from "./emulator.ts";
import { AcceleratorError } from "./errors.ts";
import { layoutNames, type Platform } from "./platform.ts";

/** Something that goes wrong with an emulated card, once. */
export type CardFault =
  /** The epoch ends with a failed memory access. */
  | { readonly kind: "bus"; readonly start: number }
  /** The epoch never ends. */
  | { readonly kind: "timeout"; readonly start: number }
  /** A bit of the lines in memory, or of the model as it is written back, is another. */
  | {
      readonly kind: "flip";
      readonly start: number;
      readonly in: "lines" | "model";
      readonly word: number;
      readonly bit: number;
    };

/** Options of {@link createEmulatedCard}. */
export interface EmulatedCardOptions {
  readonly platform: Platform;
  /** Lets others work: awaited after every so many values. Default nothing is awaited but a resolved promise. */
  readonly pause?: (() => Promise<void>) | undefined;
  /** Most words of shared memory. Default 2²⁸, 1 GiB. */
  readonly memory?: number | undefined;
  /** What goes wrong; `start` counts the epochs that are started, from 0, repeated ones too. */
  readonly faults?: readonly CardFault[] | undefined;
}

/** Values after which the emulation pauses. */
const turnValues = 2 ** 22;
/** Buffers begin at multiples of a line. */
const lineWords = 16;

/**
 * A card whose datapath is the emulator, in fast mode.
 *
 * @param options Platform, and what goes wrong.
 */
export function createEmulatedCard(options: EmulatedCardOptions): Card {
  return new EmulatedCard(options);
}

function faultOf(error: AcceleratorError): number {
  switch (error.code) {
    case "capacity":
      return fault.capacity;
    case "wrap":
      return fault.wrap;
    case "range":
      return fault.data;
    default:
      return fault.configuration;
  }
}

class EmulatedCard implements Card {
  readonly platform: Platform;
  readonly #options: EmulatedCardOptions;
  readonly #registers = new Map<number, number>();
  readonly #buffers = new Map<number, Uint32Array>();
  #next = lineWords;
  #starts = 0;
  #running: Promise<void> | undefined;
  #made: { readonly key: string; readonly accelerator: Accelerator } | undefined;

  constructor(options: EmulatedCardOptions) {
    this.platform = options.platform;
    this.#options = options;
    this.#registers.set(register.identity, cardIdentity).set(register.version, 1);
  }

  read(address: number): number {
    return this.#registers.get(address) ?? 0;
  }

  write(address: number, value: number): void {
    if (address !== register.control) {
      if (address >= register.layout && address <= register.shifts) this.#registers.set(address, value >>> 0);
      return;
    }
    if (value === control.reset) this.#reset();
    if (value !== control.start || this.#running !== undefined) return;
    this.#registers.set(register.status, status.busy).set(register.fault, fault.none);
    this.#running = this.#run(this.#starts++);
  }

  allocate(words: number): CardBuffer {
    const most = this.#options.memory ?? 2 ** 28;
    if (this.#next + words > most)
      throw new CardError("memory", `${words} words do not fit beside ${this.#next} of ${most}`);
    const buffer = { address: this.#next, words: new Uint32Array(words) };
    this.#buffers.set(buffer.address, buffer.words);
    this.#next += Math.ceil(words / lineWords) * lineWords;
    return buffer;
  }

  release(): void {
    this.#reset();
    this.#buffers.clear();
    this.#next = lineWords;
    this.#made = undefined;
  }

  async interrupt(): Promise<void> {
    await this.#running;
  }

  #reset(): void {
    this.#running = undefined;
    this.#registers.set(register.status, 0).set(register.fault, fault.none);
  }

  async #run(start: number): Promise<void> {
    const faults = (this.#options.faults ?? []).filter((one) => one.start === start);
    if (faults.some(({ kind }) => kind === "timeout")) return new Promise(() => {});
    // A reset meanwhile leaves the registers to the run after it.
    const isCurrent = () => this.#starts === start + 1 && this.#running !== undefined;
    await Promise.resolve();
    try {
      await this.#epoch(faults, isCurrent);
    } catch (error) {
      if (!(error instanceof AcceleratorError)) throw error;
      this.#made = undefined;
      if (isCurrent()) this.#end(status.failed, faultOf(error));
    }
  }

  #end(state: number, what: number): void {
    this.#registers.set(register.status, state).set(register.fault, what);
    this.#running = undefined;
  }

  async #epoch(faults: readonly CardFault[], isCurrent: () => boolean): Promise<void> {
    const config = this.#config();
    const accelerator = this.#accelerator(config);
    const words = this.#buffer(register.lines);
    for (const one of faults) if (one.kind === "flip" && one.in === "lines") flip(words, one.word, one.bit);
    const { rows, features } = config;
    const isWoven = config.layout.kind === "weave";
    const labels = isWoven ? this.#signed(register.labels, (config.copies ?? 1) * rows) : undefined;
    accelerator.load(words.subarray(0, (config.copies ?? 1) * accelerator.shape.words), labels);
    accelerator.writeModel(this.#signed(register.model, features));
    accelerator.setStepShift(config.stepShift);
    const run = accelerator.startFast(this.read(register.epoch));
    await this.#advance(run, config);
    if (!isCurrent()) return;
    if (faults.some(({ kind }) => kind === "bus")) {
      this.#end(status.failed, fault.bus);
      return;
    }
    const model = Uint32Array.from(accelerator.readModel());
    this.#tellSums(words, accelerator, config, model);
    for (const one of faults) if (one.kind === "flip" && one.in === "model") flip(model, one.word, one.bit);
    this.#buffer(register.model).set(model);
    this.#tellCounters(run.counters(), accelerator);
    this.#end(status.done, fault.none);
  }

  async #advance(run: FastEpoch, { features }: AcceleratorConfig): Promise<void> {
    const turn = Math.max(8, Math.floor(turnValues / features));
    while (!run.advance(turn)) await this.#options.pause?.();
  }

  #accelerator(config: AcceleratorConfig): Accelerator {
    const { stepShift: _, columns, ...fixed } = config;
    const constants = [columns?.centre, columns?.shift].map((values) => values && Array.from(values));
    const key = JSON.stringify([fixed, constants]);
    if (this.#made?.key !== key) this.#made = { key, accelerator: createAccelerator(config) };
    return this.#made.accelerator;
  }

  #config(): AcceleratorConfig {
    const bits = this.read(register.mode);
    const features = this.read(register.features);
    const faithful = (bits & mode.faithful) !== 0;
    const layout = layoutOf(this.read(register.layout), this.read(register.bits), this.read(register.draws));
    const isHardware = faithful && (layout.kind === "pairs" || layout.kind === "beats");
    return {
      platform: this.platform,
      layout,
      rows: this.read(register.rows),
      features,
      batch: this.read(register.batch),
      stepShift: this.read(register.stepShift),
      copies: this.read(register.copies),
      faithful,
      saturating: (bits & mode.saturating) !== 0,
      ...(isHardware ? { range: (bits & mode.signed) === 0 ? ("unit" as const) : ("signed" as const) } : {}),
      ...((bits & mode.columns) === 0
        ? {}
        : {
            columns: {
              centre: this.#signed(register.centres, features),
              shift: Int8Array.from(this.#signed(register.shifts, features)),
            },
          }),
    };
  }

  #buffer(address: number): Uint32Array {
    const words = this.#buffers.get(this.read(address));
    if (words === undefined) throw new AcceleratorError("options", `there is no buffer at ${this.read(address)}`);
    return words;
  }

  #signed(address: number, length: number): Int32Array {
    const words = this.#buffer(address);
    if (words.length < length)
      throw new AcceleratorError("shape", `a buffer of ${words.length} words in place of ${length}`);
    return new Int32Array(words.buffer, words.byteOffset, length);
  }

  #tellSums(words: Uint32Array, { shape }: Accelerator, { copies = 1 }: AcceleratorConfig, model: Uint32Array): void {
    const first = (this.read(register.epoch) % copies) * shape.words;
    const [linesSum, linesSums] = checksum(words.subarray(first, first + shape.words));
    const [modelSum, modelSums] = checksum(model);
    this.#registers.set(register.linesSum, linesSum).set(register.linesSums, linesSums);
    this.#registers.set(register.modelSum, modelSum).set(register.modelSums, modelSums);
  }

  #tellCounters(counters: EpochCounters, { shape }: Accelerator): void {
    this.#set64(register.cyclesLow, counters.cycles);
    this.#set64(register.bytesReadLow, counters.bytesRead);
    this.#registers.set(register.bytesWritten, counters.bytesWritten).set(register.wraps, counters.wraps);
    this.#registers.set(register.linesPerRow, shape.linesPerRow);
    for (const [i, name] of stallOrder.entries()) this.#set64(register.stalls + 8 * i, counters.stalls[name]);
  }

  #set64(low: number, value: number): void {
    this.#registers.set(low, value >>> 0).set(low + 4, Math.floor(value / 2 ** 32));
  }
}

function flip(words: Uint32Array, word: number, bit: number): void {
  words[word] = ((words[word] ?? 0) ^ (1 << bit)) >>> 0;
}

function layoutOf(index: number, bits: number, draws: number): LayoutSpec {
  const kind = layoutNames[index];
  switch (kind) {
    case "float32":
      return { kind };
    case "weave":
      return { kind, bits };
    case "code":
      return { kind, bits, draws: draws === 1 ? 1 : 2 };
    case "pairs":
      return { kind, bits: bits as 1 | 2 | 4 | 8 };
    case "beats":
      return { kind, bits: bits as 1 | 2 | 4 | 8 | 32 };
    default:
      throw new AcceleratorError("options", `there is no layout ${index}`);
  }
}
