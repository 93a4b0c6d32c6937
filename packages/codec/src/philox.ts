/**
 * Philox4x32-10 (Salmon et al., SC 2011): a counter-based generator. The same counter and key give the same four words
 * in any language, in any order, so no state is shared between device, gateway and simulator.
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two unsigned words, from 16-bit halves that stay exact in doubles. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const cross = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/** The 64-bit key of a stream: low word, high word. */
export type StreamKey = readonly [low: number, high: number];

/**
 * One block of Philox4x32-10.
 *
 * @param c0 Counter words, least significant first, each 0 … 2³² − 1.
 * @param key Key words, least significant first.
 * @param out Receives the four words, 0 … 2³² − 1, at 0 … 3.
 */
export function philox4x32(c0: number, c1: number, c2: number, c3: number, key: StreamKey, out: Uint32Array): void {
  let [k0, k1] = key;
  let x0 = c0;
  let x1 = c1;
  let x2 = c2;
  let x3 = c3;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplier0, x0);
    const low0 = Math.imul(multiplier0, x0);
    const high1 = multiplyHigh(multiplier1, x2);
    const low1 = Math.imul(multiplier1, x2);
    x0 = (high1 ^ x1 ^ k0) >>> 0;
    x1 = low1 >>> 0;
    x2 = (high0 ^ x3 ^ k1) >>> 0;
    x3 = low0 >>> 0;
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}
