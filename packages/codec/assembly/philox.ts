import { held } from "./held";

// Philox4x32-10 (Salmon et al., SC 2011), eight counters side by side: lane i of x0 … x3 is the state of block b + i, of
// y0 … y3 that of block b + 4 + i. Two sets, because a round's steps wait for each other.
//
// The blocks of a stream differ in the counter's lowest word alone. So the first round's one product is the same for all
// and the other grows by a constant from block to block, and of the second round's two one is the same: 3 of 20
// multiplications are saved.

export const m0: u64 = 0xd2511f53;
export const m1: u64 = 0xcd9e8d57;
export const w0: i32 = 0x9e3779b9;
export const w1: i32 = 0xbb67ae85;

@inline
export function highWords(even: v128, odd: v128): v128 {
  return i8x16.shuffle(even, odd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

@inline
export function lowWords(even: v128, odd: v128): v128 {
  return i8x16.shuffle(even, odd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

/** One block, its words `gap` bytes apart: for the eight blocks in which the counter's low word comes round to 0. */
function oneBlock(keyLow: i32, keyHigh: i32, indexLow: i32, indexHigh: i32, block: u64, out: usize, gap: usize): void {
  let x0 = <u32>block;
  let x1 = <u32>(block >> 32);
  let x2 = <u32>indexLow;
  let x3 = <u32>indexHigh;
  let k0 = <u32>keyLow;
  let k1 = <u32>keyHigh;
  for (let round = 0; round < 10; round++) {
    const a = m0 * <u64>x0;
    const b = m1 * <u64>x2;
    x0 = <u32>(b >> 32) ^ x1 ^ k0;
    x1 = <u32>b;
    x2 = <u32>(a >> 32) ^ x3 ^ k1;
    x3 = <u32>a;
    k0 += w0;
    k1 += w1;
  }
  store<u32>(out, x0);
  store<u32>(out + gap, x1);
  store<u32>(out + 2 * gap, x2);
  store<u32>(out + 3 * gap, x3);
}

/**
 * Words of `blocks` blocks: in the stream's order, or by lanes, where four blocks stand as their four first words, their four
 * second ones and so on.
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
  byLanes: bool,
  out: usize,
): void {
  const mul0 = i32x4.splat(held(<i32>m0, blocks));
  const mul1 = i32x4.splat(held(<i32>m1, blocks));
  const step0 = i32x4.splat(held(w0, blocks));
  const step1 = i32x4.splat(held(w1, blocks));
  const two = i64x2.splat(m0 * 2);
  const same1 = m1 * <u64>(<u32>indexLow);
  const first2 = i32x4.splat(indexHigh ^ keyHigh);
  const end = out + (<usize>blocks << 4);
  while (out < end) {
    const low = <u32>first;
    if (low > 0xfffffff8) {
      for (let i = 0; i < 8 && out < end; i++) {
        const at = byLanes ? (<usize>(i >> 2) << 6) + (<usize>(i & 3) << 2) : <usize>i << 4;
        if (out + (<usize>(i & 4) << 4) < end)
          oneBlock(keyLow, keyHigh, indexLow, indexHigh, first + i, out + at, byLanes ? 16 : 4);
      }
      first += 8;
      out += 128;
      continue;
    }
    const same0 = m0 * <u64>(<u32>(same1 >> 32) ^ <u32>(first >> 32) ^ <u32>keyLow);
    const second0 = i32x4.splat(<i32>same1 ^ (keyLow + w0));
    const second2 = i32x4.splat(<i32>(same0 >> 32) ^ (keyHigh + w1));
    let p = i64x2.replace_lane(i64x2.splat(m0 * <u64>low), 1, m0 * (<u64>low + 1));
    let q = i64x2.add(p, two);
    let x2 = v128.xor(highWords(p, q), first2);
    let x3 = lowWords(p, q);
    p = i64x2.add(q, two);
    q = i64x2.add(p, two);
    let y2 = v128.xor(highWords(p, q), first2);
    let y3 = lowWords(p, q);
    p = i64x2.extmul_low_i32x4_u(x2, mul1);
    q = i64x2.extmul_high_i32x4_u(x2, mul1);
    let x0 = v128.xor(highWords(p, q), second0);
    let x1 = lowWords(p, q);
    x2 = v128.xor(x3, second2);
    x3 = i32x4.splat(<i32>same0);
    p = i64x2.extmul_low_i32x4_u(y2, mul1);
    q = i64x2.extmul_high_i32x4_u(y2, mul1);
    let y0 = v128.xor(highWords(p, q), second0);
    let y1 = lowWords(p, q);
    y2 = v128.xor(y3, second2);
    y3 = x3;
    let k0 = i32x4.splat(keyLow + 2 * w0);
    let k1 = i32x4.splat(keyHigh + 2 * w1);
    for (let round = 2; round < 10; round++) {
      const a0 = i64x2.extmul_low_i32x4_u(x0, mul0);
      const b0 = i64x2.extmul_high_i32x4_u(x0, mul0);
      const a1 = i64x2.extmul_low_i32x4_u(x2, mul1);
      const b1 = i64x2.extmul_high_i32x4_u(x2, mul1);
      const c0 = i64x2.extmul_low_i32x4_u(y0, mul0);
      const d0 = i64x2.extmul_high_i32x4_u(y0, mul0);
      const c1 = i64x2.extmul_low_i32x4_u(y2, mul1);
      const d1 = i64x2.extmul_high_i32x4_u(y2, mul1);
      x0 = v128.xor(highWords(a1, b1), v128.xor(x1, k0));
      x1 = lowWords(a1, b1);
      x2 = v128.xor(highWords(a0, b0), v128.xor(x3, k1));
      x3 = lowWords(a0, b0);
      y0 = v128.xor(highWords(c1, d1), v128.xor(y1, k0));
      y1 = lowWords(c1, d1);
      y2 = v128.xor(highWords(c0, d0), v128.xor(y3, k1));
      y3 = lowWords(c0, d0);
      k0 = i32x4.add(k0, step0);
      k1 = i32x4.add(k1, step1);
    }
    const pair = out + 64 < end;
    if (byLanes) {
      storeLanes(out, x0, x1, x2, x3);
      if (pair) storeLanes(out + 64, y0, y1, y2, y3);
    } else {
      storeWords(out, x0, x1, x2, x3);
      if (pair) storeWords(out + 64, y0, y1, y2, y3);
    }
    first += 8;
    out += 128;
  }
}

@inline
function storeLanes(out: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  v128.store(out, x0);
  v128.store(out, x1, 16);
  v128.store(out, x2, 32);
  v128.store(out, x3, 48);
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
  const blocks = (((count + skipped + 3) >> 2) + 3) & ~3;
  fillBlocks(keyLow, keyHigh, indexLow, indexHigh, word >> 2, blocks, false, scratch);
  return scratch + (<usize>skipped << 2);
}
