/**
 * Philox4x32-10 (Salmon et al., SC 2011): a counter-based generator. The same counter and key give the same four words
 * in any language, in any order, so no state is shared between device, gateway and simulator.
 */

// The multipliers are 0xd2511f53 and 0xcd9e8d57, the key's steps 0x9e3779b9 and 0xbb67ae85. They stand below as signed
// words and halves, because a constant above 2^31 − 1 would be carried as a double.

/**
 * High 32 bits of the 64-bit product of (aHigh·2¹⁶ + aLow) and b, as a signed 32-bit integer. The four products of
 * 16-bit halves and their sums all fit in 32 bits, so nothing leaves integer registers: twice as fast as doubles.
 */
function multiplyHigh(aLow: number, aHigh: number, b: number): number {
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const cross = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/** The 64-bit key of a stream: low word, high word. */
export type StreamKey = readonly [low: number, high: number];

/**
 * One block of Philox4x32-10.
 *
 * @param c0 Counter words, least significant first, each 0 … 2³² − 1 or the same bits as a signed word.
 * @param key Key words, least significant first; unsigned or signed likewise.
 * @param out Receives the four words, 0 … 2³² − 1, from `at` on.
 * @param at Where in `out`; default 0.
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  key: StreamKey,
  out: Uint32Array,
  at = 0,
): void {
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  let x0 = c0 | 0;
  let x1 = c1 | 0;
  let x2 = c2 | 0;
  let x3 = c3 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0x1f53, 0xd251, x0);
    const high1 = multiplyHigh(0x8d57, 0xcd9e, x2);
    const low0 = Math.imul(-0x2daee0ad, x0);
    const low1 = Math.imul(-0x326172a9, x2);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 - 0x61c88647) | 0;
    k1 = (k1 - 0x4498517b) | 0;
  }
  out[at] = x0;
  out[at + 1] = x1;
  out[at + 2] = x2;
  out[at + 3] = x3;
}
