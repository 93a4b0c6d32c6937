import type { Stalls } from "./accelerator.ts";
import type { Platform } from "./platform.ts";

/**
 * A card's registers, 32 bits each, by byte address. `…Low` and `…High` are the halves of a 64-bit count. Addresses of
 * buffers count 32-bit words.
 */
export const register = Object.freeze({
  /** Read: {@link cardIdentity}. */
  identity: 0x00,
  /** Read: version of this map, 1. */
  version: 0x04,
  /** Write: a {@link control} word. */
  control: 0x08,
  /** Read: bits of {@link status}. */
  status: 0x0c,
  /** Read, once `status.failed` is set: a {@link fault} number. */
  fault: 0x10,
  /** Index into `layoutNames`. */
  layout: 0x20,
  bits: 0x24,
  draws: 0x28,
  rows: 0x2c,
  features: 0x30,
  batch: 0x34,
  stepShift: 0x38,
  copies: 0x3c,
  epoch: 0x40,
  /** Bits of {@link mode}. */
  mode: 0x44,
  /** Buffers: lines; labels of `weave`; the model, read at the start and written at the end; constants of the columns. */
  lines: 0x50,
  labels: 0x54,
  model: 0x58,
  centres: 0x5c,
  shifts: 0x60,
  /** Read, after an epoch: sums modulo 2³² of all words of the copy as they were read, and of the running sums. */
  linesSum: 0x70,
  linesSums: 0x74,
  /** Read, after an epoch: the same of the model as it was written. */
  modelSum: 0x78,
  modelSums: 0x7c,
  cyclesLow: 0x80,
  cyclesHigh: 0x84,
  bytesReadLow: 0x88,
  bytesReadHigh: 0x8c,
  bytesWritten: 0x90,
  wraps: 0x94,
  linesPerRow: 0x98,
  /** First of six pairs of stall counters, low and high, in the order of {@link stallOrder}. */
  stalls: 0xa0,
} as const);

/** What the register `identity` of every such card reads: "ZML1". */
export const cardIdentity = 0x5a4d4c31;

/** Words for the register `control`. */
export const control = Object.freeze({ start: 1, reset: 2 } as const);

/** Bits of the register `status`. */
export const status = Object.freeze({ busy: 1, done: 2, failed: 4 } as const);

/** Bits of the register `mode`. */
export const mode = Object.freeze({ faithful: 1, saturating: 2, signed: 4, columns: 8 } as const);

/** What the register `fault` tells. */
export const fault = Object.freeze({ none: 0, configuration: 1, capacity: 2, bus: 3, wrap: 4, data: 5 } as const);

/** Order of the stall counters. */
export const stallOrder: readonly (keyof Stalls)[] = Object.freeze([
  "memory",
  "hazard",
  "rate",
  "fifo",
  "drain",
  "writeBack",
]);

/** Memory that host and card share. */
export interface CardBuffer {
  /** What is written into a register that wants a buffer. */
  readonly address: number;
  readonly words: Uint32Array;
}

/**
 * A card as a driver sees it: registers, shared memory and an interrupt. The emulated one is made by `createEmulatedCard`; a
 * driver of a real card implements these members, and nothing above it changes.
 */
export interface Card {
  readonly platform: Platform;
  /** @param address One of {@link register}. */
  read(address: number): number;
  /** @param address One of {@link register}. */
  write(address: number, value: number): void;
  /** @throws {@link CardError} `memory` where there is no room. */
  allocate(words: number): CardBuffer;
  /** Gives all buffers back. */
  release(): void;
  /** Resolves when the epoch that was started is over, however it ended; at once where none runs. */
  interrupt(): Promise<void>;
}

/** What a {@link CardError} found wrong. */
export type CardErrorCode =
  | "card" // it is no such card, or of another version
  | "memory" // buffers do not fit
  | "configuration" // the card refused what the registers say
  | "capacity" // more features than it holds
  | "bus" // a memory access failed
  | "timeout" // no interrupt came
  | "checksum" // what the card read or wrote is not what memory holds
  | "wrap" // a sum left 32 bits
  | "data"; // a line holds what can't be

/** The error of a card and its driver. */
export class CardError extends Error {
  readonly code: CardErrorCode;
  /** Epoch that ran, from 0, where one did. */
  readonly epoch: number | undefined;

  /**
   * @param code What kind of fault it is.
   * @param message What happened.
   * @param epoch Where.
   */
  constructor(code: CardErrorCode, message: string, epoch?: number) {
    super(epoch === undefined ? message : `${message} (epoch ${epoch})`);
    this.name = "CardError";
    this.code = code;
    this.epoch = epoch;
  }
}

/** Two sums of words, modulo 2³²: any single flipped bit changes the first, exchanged words the second. */
export function checksum(words: Uint32Array): readonly [sum: number, sums: number] {
  let sum = 0;
  let sums = 0;
  for (let i = 0; i < words.length; i++) {
    sum = (sum + (words[i] as number)) | 0;
    sums = (sums + sum) | 0;
  }
  return [sum >>> 0, sums >>> 0];
}
