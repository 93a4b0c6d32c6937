import { DecodeError } from "../errors.ts";
import { LevelError } from "./level-error.ts";

/** Most bins of a histogram that travels. */
export const maxCountBins = 4096;

/** Largest count of a bin that travels. */
export const maxCount = 0xffff_ffff;

/** Bytes of the longest number, 2³² − 1. */
const longest = 5;

function putNumber(bytes: number[], value: number): void {
  let rest = value;
  // Not by shifts, which end at 31 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

/**
 * Counts of a histogram as bytes: a count above 0 as itself, a run of zeros as a 0 and its length, each number with 7 bits
 * a byte, the lowest first, and the top bit set where another byte follows. `docs/wire-format.md`, section "histogram".
 *
 * @param counts Whole numbers from 0 to {@link maxCount}, 2 to {@link maxCountBins} of them.
 * @returns A copy; at most 5 bytes a bin.
 * @throws {@link LevelError} `count` for their number, `counts` with the index of a bad one.
 */
export function encodeCounts(counts: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  if (counts.length < 2 || counts.length > maxCountBins)
    throw new LevelError("count", `a histogram that travels has 2 to ${maxCountBins} bins, not ${counts.length}`);
  const bytes: number[] = [];
  let zeros = 0;
  const endRun = (): void => {
    if (zeros === 0) return;
    bytes.push(0);
    putNumber(bytes, zeros);
    zeros = 0;
  };
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? Number.NaN;
    if (!Number.isInteger(count) || count < 0 || count > maxCount)
      throw new LevelError("counts", `count ${i} is ${count}: whole numbers from 0 to ${maxCount}`, i);
    if (count === 0) zeros++;
    else {
      endRun();
      putNumber(bytes, count);
    }
  }
  endRun();
  return Uint8Array.from(bytes);
}

/** Reads the numbers of {@link encodeCounts} one after another. */
class NumberReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#at;
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  next(what: string): number {
    const start = this.#at;
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new DecodeError("truncated", `${what}: the bytes end within it`, this.#at);
      this.#at += 1;
      value += (byte & 127) * scale;
      if (value > maxCount) throw new DecodeError("range", `${what} is above ${maxCount}`, start);
      if (byte >= 128) {
        if (this.#at - start >= longest) throw new DecodeError("form", `${what} has more than ${longest} bytes`, start);
        continue;
      }
      if (byte === 0 && this.#at - start > 1) throw new DecodeError("form", `${what}: not in its shortest form`, start);
      return value;
    }
  }
}

/**
 * Reads counts of a histogram from bytes that came from elsewhere. The same counts have one spelling only.
 *
 * @param bytes What {@link encodeCounts} gave.
 * @param bins How many bins they fill, 2 to {@link maxCountBins}.
 * @returns One count a bin; a copy.
 * @throws {@link DecodeError} `range` for the number of bins or a number above 2³² − 1, `size` for more than 5 bytes a bin,
 * both before anything is allocated; `truncated`, `form`, `trailing`, or `length` where the bins are not filled exactly.
 */
export function decodeCounts(bytes: Uint8Array, bins: number): Float64Array {
  if (!Number.isInteger(bins) || bins < 2 || bins > maxCountBins)
    throw new DecodeError("range", `a histogram that travels has 2 to ${maxCountBins} bins, not ${bins}`, 0);
  if (bytes.length > longest * bins)
    throw new DecodeError("size", `${bytes.length} bytes for ${bins} bins: at most ${longest} a bin`, 0);
  const counts = new Float64Array(bins);
  const reader = new NumberReader(bytes);
  let wasRun = false;
  for (let i = 0; i < bins; ) {
    const start = reader.offset;
    if (reader.isDone) throw new DecodeError("length", `the bytes fill ${i} of ${bins} bins`, start);
    const count = reader.next(`count ${i}`);
    if (count > 0) {
      counts[i] = count;
      i += 1;
      wasRun = false;
      continue;
    }
    if (wasRun) throw new DecodeError("form", "two runs of zeros follow each other", start);
    const run = reader.next(`run of zeros from ${i}`);
    if (run === 0) throw new DecodeError("form", "a run of no zeros", start);
    if (run > bins - i)
      throw new DecodeError("length", `a run of ${run} zeros where ${bins - i} of ${bins} bins are left`, start);
    i += run;
    wasRun = true;
  }
  if (!reader.isDone)
    throw new DecodeError("trailing", `${bytes.length - reader.offset} bytes after ${bins} bins`, reader.offset);
  return counts;
}
