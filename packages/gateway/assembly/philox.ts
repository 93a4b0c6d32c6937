import { held } from "./lanes";

// Philox4x32-10 (Salmon et al., SC 2011), eight counters side by side: lane i of x0 … x3 is the state of block b + i, of
// y0 … y3 that of block b + 4 + i. Two sets, because a round's steps wait for each other.

@inline
function highWords(even: v128, odd: v128): v128 {
  return i8x16.shuffle(even, odd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

@inline
export function lowWords(even: v128, odd: v128): v128 {
  return i8x16.shuffle(even, odd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

/**
 * Words of `blocks` blocks in the stream's order.
 *
 * @param first Number of the first block.
 * @param blocks A multiple of 4.
 */
export function fillBlocks(
  keyLow: i32,
  keyHigh: i32,
  indexLow: i32,
  indexHigh: i32,
  first: u64,
  blocks: i32,
  out: usize,
): void {
  const m0 = i32x4.splat(held(0xd2511f53, blocks));
  const m1 = i32x4.splat(held(0xcd9e8d57, blocks));
  const w0 = i32x4.splat(held(0x9e3779b9, blocks));
  const w1 = i32x4.splat(held(0xbb67ae85, blocks));
  const end = out + (<usize>blocks << 4);
  while (out < end) {
    const start = i32x4.splat(<i32>first);
    const high = i32x4.splat(<i32>(first >> 32));
    let x0 = i32x4.add(start, i32x4(0, 1, 2, 3));
    let x1 = i32x4.sub(high, i32x4.lt_u(x0, start));
    let x2 = i32x4.splat(indexLow);
    let x3 = i32x4.splat(indexHigh);
    let y0 = i32x4.add(start, i32x4(4, 5, 6, 7));
    let y1 = i32x4.sub(high, i32x4.lt_u(y0, start));
    let y2 = x2;
    let y3 = x3;
    let k0 = i32x4.splat(keyLow);
    let k1 = i32x4.splat(keyHigh);
    for (let round = 0; round < 10; round++) {
      const a0 = i64x2.extmul_low_i32x4_u(x0, m0);
      const b0 = i64x2.extmul_high_i32x4_u(x0, m0);
      const a1 = i64x2.extmul_low_i32x4_u(x2, m1);
      const b1 = i64x2.extmul_high_i32x4_u(x2, m1);
      const c0 = i64x2.extmul_low_i32x4_u(y0, m0);
      const d0 = i64x2.extmul_high_i32x4_u(y0, m0);
      const c1 = i64x2.extmul_low_i32x4_u(y2, m1);
      const d1 = i64x2.extmul_high_i32x4_u(y2, m1);
      x0 = v128.xor(highWords(a1, b1), v128.xor(x1, k0));
      x1 = lowWords(a1, b1);
      x2 = v128.xor(highWords(a0, b0), v128.xor(x3, k1));
      x3 = lowWords(a0, b0);
      y0 = v128.xor(highWords(c1, d1), v128.xor(y1, k0));
      y1 = lowWords(c1, d1);
      y2 = v128.xor(highWords(c0, d0), v128.xor(y3, k1));
      y3 = lowWords(c0, d0);
      k0 = i32x4.add(k0, w0);
      k1 = i32x4.add(k1, w1);
    }
    storeWords(out, x0, x1, x2, x3);
    if (out + 64 < end) storeWords(out + 64, y0, y1, y2, y3);
    first += 8;
    out += 128;
  }
}

/** Four blocks from lanes to the stream's order. */
@inline
function storeWords(out: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const a = i8x16.shuffle(x0, x1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const b = i8x16.shuffle(x2, x3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const c = i8x16.shuffle(x0, x1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const d = i8x16.shuffle(x2, x3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(out, i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(out, i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 16);
  v128.store(out, i8x16.shuffle(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), 32);
  v128.store(out, i8x16.shuffle(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 48);
}

export function fillWords(
  keyLow: i32,
  keyHigh: i32,
  indexLow: i32,
  indexHigh: i32,
  first: f64,
  blocks: i32,
  out: usize,
): void {
  fillBlocks(keyLow, keyHigh, indexLow, indexHigh, <u64>first, blocks, out);
}

/** Draws `count` words from position `word` on into scratch. @returns Where the first of them stands. */
export function drawWords(
  keyLow: i32,
  keyHigh: i32,
  indexLow: i32,
  indexHigh: i32,
  word: u64,
  count: i32,
  scratch: usize,
): usize {
  const skipped = <i32>(word & 3);
  fillBlocks(keyLow, keyHigh, indexLow, indexHigh, word >> 2, (((count + skipped + 3) >> 2) + 3) & ~3, scratch);
  return scratch + (<usize>skipped << 2);
}
