import { philox4x32, type StreamKey } from "./philox.ts";

/**
 * The key of a named stream: 64-bit FNV-1a of the name's UTF-8 bytes, low word first. Purposes that must be independent
 * (draws, coins, model, residual, gradient) have names of their own.
 *
 * @param name Any text; the purpose, then what tells two streams of that purpose apart.
 */
export function streamKey(name: string): StreamKey {
  // 0xcbf29ce484222325 and the prime 0x100000001b3, in 16-bit limbs that multiply exactly in doubles.
  let h0 = 0x2325;
  let h1 = 0x8422;
  let h2 = 0x9ce4;
  let h3 = 0xcbf2;
  for (const byte of utf8(name)) {
    h0 ^= byte;
    const p0 = h0 * 0x1b3;
    const p1 = h1 * 0x1b3 + Math.floor(p0 / 0x10000);
    const p2 = h2 * 0x1b3 + h0 * 0x100 + Math.floor(p1 / 0x10000);
    const p3 = h3 * 0x1b3 + h1 * 0x100 + Math.floor(p2 / 0x10000);
    h0 = p0 % 0x10000;
    h1 = p1 % 0x10000;
    h2 = p2 % 0x10000;
    h3 = p3 % 0x10000;
  }
  return [((h1 << 16) | h0) >>> 0, ((h3 << 16) | h2) >>> 0];
}

/** UTF-8 without TextEncoder, which the language alone does not promise. A lone surrogate becomes U+FFFD. */
function* utf8(text: string): Generator<number> {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0xfffd;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) yield code;
    else if (code < 0x800) yield* [0xc0 | (code >> 6), 0x80 | (code & 63)];
    else if (code < 0x10000) yield* [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
    else yield* [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  }
}

/** A source of random words. Positions are fixed by the order of calls. */
export interface Stream {
  /** The next word, 0 … 2³² − 1. */
  word(): number;
  /** (word + ½) / 2³², strictly between 0 and 1. */
  uniform(): number;
  /** As many words as there are places, in order, as {@link Stream.word} would give them one by one; faster for many. */
  fill?(words: Uint32Array): void;
}

/** Blocks made at a time; a power of two, so that none straddles the counter's low word. */
const bufferedBlocks = 4;

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
  const [keyLow, keyHigh] = typeof key === "string" ? streamKey(key) : key;
  // Signed words stay small integers; above 2^31 − 1 each would be a double on the heap.
  const signedKey: StreamKey = [keyLow | 0, keyHigh | 0];
  const indexLow = index | 0;
  const indexHigh = Math.floor(index / 0x100000000) | 0;
  const words = new Uint32Array(bufferedBlocks * 4);
  let blockLow = 0;
  let blockHigh = 0;
  let next = words.length;
  const refill = (): void => {
    for (let at = 0; at < words.length; at += 4)
      philox4x32(blockLow + (at >> 2), blockHigh, indexLow, indexHigh, signedKey, words, at);
    blockLow = (blockLow + bufferedBlocks) | 0;
    if (blockLow === 0) blockHigh += 1;
    next = 0;
  };
  const word = (): number => {
    if (next === words.length) refill();
    return words[next++] as number;
  };
  const fill = (out: Uint32Array): void => {
    let at = 0;
    while (at < out.length && next < words.length) out[at++] = words[next++] as number;
    for (; at + words.length <= out.length && blockLow + bufferedBlocks < 0x7fffffff; at += words.length) {
      for (let block = 0; block < bufferedBlocks; block++)
        philox4x32(blockLow + block, blockHigh, indexLow, indexHigh, signedKey, out, at + 4 * block);
      blockLow += bufferedBlocks;
    }
    while (at < out.length) out[at++] = word();
  };
  return { word, uniform: () => (word() + 0.5) / 0x100000000, fill };
}
