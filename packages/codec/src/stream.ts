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
}

/**
 * A stream of words. Word i of a stream is word i mod 4 of the Philox block whose counter is
 * (⌊i/4⌋ low, ⌊i/4⌋ high, index low, index high), low and high being 32-bit halves.
 *
 * @param key The stream's key, or its name ({@link streamKey}).
 * @param index Which of the key's sub-streams: for draws the frame's sequence number. 0 … 2⁵³ − 1.
 */
export function createStream(key: StreamKey | string, index = 0): Stream {
  const words = new Uint32Array(4);
  const resolved = typeof key === "string" ? streamKey(key) : key;
  const indexLow = index >>> 0;
  const indexHigh = Math.floor(index / 0x100000000) >>> 0;
  let block = 0;
  let next = 4;
  const word = (): number => {
    if (next === 4) {
      philox4x32(block >>> 0, Math.floor(block / 0x100000000), indexLow, indexHigh, resolved, words);
      block += 1;
      next = 0;
    }
    return words[next++] as number;
  };
  return { word, uniform: () => (word() + 0.5) / 0x100000000 };
}
