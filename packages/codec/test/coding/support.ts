import fc from "fast-check";
import type { CodeLayout } from "../../src/coding/layout.ts";
import { DecodeError } from "../../src/errors.ts";
import type { Stream } from "../../src/stream.ts";

/** What decoding gives: `sound`, the code of the DecodeError, or whatever else was thrown, which must not happen. */
export function faultOf(act: () => unknown): unknown {
  try {
    act();
    return "sound";
  } catch (error) {
    return error instanceof DecodeError ? error.code : error;
  }
}

/** Alphabets of 1 to 5 channels, of every width and with every kind of top code. */
export const layouts: fc.Arbitrary<CodeLayout> = fc
  .array(
    fc
      .integer({ min: 1, max: 16 })
      .chain((bits) =>
        fc.record({ bits: fc.constant(bits), top: fc.integer({ min: 2 ** (bits - 1), max: 2 ** bits - 1 }) }),
      ),
    { minLength: 1, maxLength: 5 },
  )
  .map((channels) => ({ channels }));

/** Whether two arrays hold the same numbers. */
export function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A layout with one channel of full width. */
export const single = (bits: number): CodeLayout => ({ channels: [{ bits, top: 2 ** bits - 1 }] });

/**
 * Codes that wander: each differs from the one before by up to `wander` of its alphabet, now and then by anything.
 *
 * @param wander 0 for channels that stand still, 1 for codes without memory.
 */
export function wanderingCodes(words: Stream, rows: number, { channels }: CodeLayout, wander: number): Uint16Array {
  const codes = new Uint16Array(rows * channels.length);
  for (const [c, { top }] of channels.entries()) {
    let code = words.word() % (top + 1);
    for (let i = c; i < codes.length; i += channels.length) {
      codes[i] = code;
      const stride = words.word() % 512 === 0 ? top : Math.round(top * wander);
      code = Math.min(top, Math.max(0, code + Math.round((2 * words.uniform() - 1) * stride)));
    }
  }
  return codes;
}

/** Offsets as scheme `dither` has them. */
export function someOffsets(words: Stream, count: number): Int8Array {
  return Int8Array.from({ length: count }, () => (words.word() >>> 24) - 128);
}

/** A body with bytes changed, cut or joined, by a stream's words. */
export function harmed(body: Uint8Array, words: Stream): Uint8Array {
  const kind = words.word() % 4;
  if (kind === 0) return body.slice(0, words.word() % (body.length + 1));
  if (kind === 1) return Uint8Array.of(...body, words.word() & 0xff);
  const copy = Uint8Array.from(body);
  const flips = 1 + (words.word() % 3);
  for (let i = 0; i < flips && copy.length > 0; i++) {
    const at = words.word() % copy.length;
    copy[at] = (copy[at] as number) ^ (kind === 2 ? 1 << (words.word() & 7) : words.word() & 0xff);
  }
  return copy;
}

/** Bits a code of the zero-order entropy of numbers. */
export function entropy(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts.values()].reduce((sum, n) => sum - (n / numbers.length) * Math.log2(n / numbers.length), 0);
}
