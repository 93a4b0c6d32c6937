import { codecKernels } from "./kernels/codec-kernels.ts";
import { philox4x32, type StreamKey } from "./philox.ts";

/**
 * The key of a named stream: 64-bit FNV-1a of the name's UTF-8 bytes, low word first. Purposes that must be independent
 * (draws, coins, model, residual, gradient) have names of their own.
 *
 * @param name Any text; the purpose, then what tells two streams of that purpose apart.
 */
export function streamKey(name: string): StreamKey {
  // 0xcbf29ce484222325 and the prime 0x100000001b3, in 16-bit limbs: no product leaves 32 bits.
  let h0 = 0x2325;
  let h1 = 0x8422;
  let h2 = 0x9ce4;
  let h3 = 0xcbf2;
  for (const byte of utf8(name)) {
    h0 ^= byte;
    const p0 = h0 * 0x1b3;
    const p1 = h1 * 0x1b3 + (p0 >>> 16);
    const p2 = h2 * 0x1b3 + h0 * 0x100 + (p1 >>> 16);
    const p3 = h3 * 0x1b3 + h1 * 0x100 + (p2 >>> 16);
    h0 = p0 & 0xffff;
    h1 = p1 & 0xffff;
    h2 = p2 & 0xffff;
    h3 = p3 & 0xffff;
  }
  return [((h1 << 16) | h0) >>> 0, ((h3 << 16) | h2) >>> 0];
}

/** UTF-8 without TextEncoder, which the language alone does not promise. A lone surrogate becomes U+FFFD. */
function utf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0xfffd;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else
      bytes.push(
        ...[0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63)],
        ...[0x80 | ((code >> 6) & 63), 0x80 | (code & 63)],
      );
  }
  return bytes;
}

/** Words of a stream of {@link createStream}: its key and index as signed 32-bit halves, and which of its words. */
export interface WordRun {
  readonly keyLow: number;
  readonly keyHigh: number;
  readonly indexLow: number;
  readonly indexHigh: number;
  /** Position of the first, 0 … 2⁵³ − 1. */
  readonly first: number;
}

/** A source of random words. Positions are fixed by the order of calls. */
export interface Stream {
  /** The next word, 0 … 2³² − 1. */
  word(): number;
  /** (word + ½) / 2³², strictly between 0 and 1. */
  uniform(): number;
  /** As many words as there are places, in order, as {@link Stream.word} would give them one by one; faster for many. */
  fill?(words: Uint32Array): void;
  /**
   * Takes that many words as used without making them, and tells their place, so that whoever asks can make them; with 0 it
   * only tells where the next word stands.
   */
  take?(count: number): WordRun;
}

/** Blocks made at a time; a power of two, so that none straddles the counter's low word. */
const bufferedBlocks = 4;
const bufferedWords = 4 * bufferedBlocks;

/** From so many words on, the kernel is worth its call; so many it makes in one. */
const leastKernelWords = 64;
const mostKernelWords = 32_768;

/** Fills the array from a stream's run of words. @returns False where there is no kernel. */
function fillByKernel(run: WordRun, out: Uint32Array): boolean {
  const kernels = codecKernels();
  if (kernels === undefined) return false;
  const { keyLow, keyHigh, indexLow, indexHigh, first } = run;
  const skipped = first % 4;
  let block = (first - skipped) / 4;
  for (let at = 0, skip = skipped; at < out.length; skip = 0) {
    const words = Math.min(out.length - at, mostKernelWords - skip);
    const blocks = Math.ceil((words + skip) / 16) * 4;
    kernels.calls.fillWords(keyLow, keyHigh, indexLow, indexHigh, block, blocks, 0);
    out.set(kernels.words.subarray(skip, skip + words), at);
    at += words;
    block += blocks;
  }
  return true;
}

/**
 * A stream of words. Word i of a stream is word i mod 4 of the Philox block whose counter is
 * (⌊i/4⌋ low, ⌊i/4⌋ high, index low, index high), low and high being 32-bit halves.
 *
 * @param key The stream's key, or its name ({@link streamKey}).
 * @param index Which of the key's sub-streams: for draws the frame's sequence number. 0 … 2⁵³ − 1.
 * @throws RangeError for an index outside that range.
 */
export function createStream(key: StreamKey | string, index = 0): Stream {
  if (!Number.isSafeInteger(index) || index < 0)
    throw new RangeError(`a stream's index must be a whole number from 0 to 2^53 - 1, not ${index}`);
  return new PhiloxStream(typeof key === "string" ? streamKey(key) : key, index);
}

const noWords: Uint32Array = new Uint32Array(0);

/**
 * A class, as one is made for every frame: methods are shared. But for `word` and `uniform`, which are handed on as
 * functions, and made with the first look at them, like the words: where a kernel makes these, nobody looks.
 */
class PhiloxStream implements Stream {
  /** Signed words stay small integers; above 2^31 − 1 each would be a double on the heap. */
  readonly #key: StreamKey;
  readonly #indexLow: number;
  readonly #indexHigh: number;
  #words: Uint32Array = noWords;
  #word: (() => number) | undefined;
  #uniform: (() => number) | undefined;
  #blockLow = 0;
  #blockHigh = 0;
  #next: number = bufferedWords;

  constructor([low, high]: StreamKey, index: number) {
    this.#key = [low | 0, high | 0];
    this.#indexLow = index | 0;
    this.#indexHigh = Math.floor(index / 0x100000000) | 0;
  }

  #refill(): void {
    const low = this.#blockLow;
    if (this.#words === noWords) this.#words = new Uint32Array(bufferedWords);
    for (let at = 0; at < this.#words.length; at += 4)
      philox4x32(low + (at >> 2), this.#blockHigh, this.#indexLow, this.#indexHigh, this.#key, this.#words, at);
    this.#blockLow = (low + bufferedBlocks) | 0;
    if (this.#blockLow === 0) this.#blockHigh += 1;
    this.#next = 0;
  }

  #nextWord(): number {
    if (this.#next === bufferedWords) this.#refill();
    return this.#words[this.#next++] as number;
  }

  get word(): () => number {
    this.#word ??= () => this.#nextWord();
    return this.#word;
  }

  get uniform(): () => number {
    this.#uniform ??= () => (this.#nextWord() + 0.5) / 0x100000000;
    return this.#uniform;
  }

  fill(out: Uint32Array): void {
    if (out.length >= leastKernelWords && codecKernels() !== undefined) fillByKernel(this.take(out.length), out);
    else for (let at = 0; at < out.length; at++) out[at] = this.#nextWord();
  }

  take(count: number): WordRun {
    const buffered = bufferedWords;
    const first = 4 * (this.#blockHigh * 0x100000000 + (this.#blockLow >>> 0)) - (buffered - this.#next);
    this.#next += count;
    if (this.#next > buffered) {
      const after = (first + count) % buffered;
      const block = (first + count - after) / 4;
      this.#blockLow = block | 0;
      this.#blockHigh = Math.floor(block / 0x100000000);
      this.#next = buffered;
      if (after > 0) {
        this.#refill();
        this.#next = after;
      }
    }
    const [keyLow, keyHigh] = this.#key;
    return { keyLow, keyHigh, indexLow: this.#indexLow, indexHigh: this.#indexHigh, first };
  }
}
