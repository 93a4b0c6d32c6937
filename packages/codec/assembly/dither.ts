import { held, heldDouble } from "./held";
import { highWords, lowWords, m0, m1, w0, w1 } from "./philox";

/** High word of a double that is 2^52 and, in its low word, a whole number. */
const lifted: i32 = 0x43300000;
/** 2^52 less one half: what to take off such a double for the number and one half. */
const lift: f64 = 4503599627370495.5;

/** u = (word + ½)/2^32 − ½ of two words, each with {@link lifted} behind it. Every step is exact. */
@inline
function uniform(pair: v128, less: v128, scale: v128, half: v128): v128 {
  return f64x2.sub(f64x2.mul(f64x2.sub(pair, less), scale), half);
}

/**
 * Dither of readings one after another in the order row, column: the first word of the Philox block with counter (channel,
 * row, sequence low, sequence high), eight readings side by side.
 *
 * @param channels Int32: numbers of the columns' channels, repeated up to the period.
 * @param offsets Int32: rows from the first of a period on.
 * @param period Numbers after which columns come round again, a multiple of 8.
 * @param rows Of a period.
 * @param count Readings; up to seven more are written.
 * @param out Doubles.
 */
export function fillDither(
  keyLow: i32,
  keyHigh: i32,
  sequenceLow: i32,
  sequenceHigh: i32,
  channels: usize,
  offsets: usize,
  period: i32,
  firstRow: i32,
  rows: i32,
  count: i32,
  out: usize,
): void {
  const mul0 = i32x4.splat(held(<i32>m0, count));
  const mul1 = i32x4.splat(held(<i32>m1, count));
  const step0 = i32x4.splat(held(w0, count));
  const step1 = i32x4.splat(held(w1, count));
  const high = i32x4.splat(held(lifted, count));
  const less = f64x2.splat(heldDouble(lift, count));
  const scale = f64x2.splat(heldDouble(1.0 / 4294967296.0, count));
  const half = f64x2.splat(heldDouble(0.5, count));
  const span = <usize>period << 2;
  const end = out + (<usize>count << 3);
  let at: usize = 0;
  let base = firstRow;
  while (out < end) {
    const row = i32x4.splat(base);
    let x0 = v128.load(channels + at);
    let x1 = i32x4.add(row, v128.load(offsets + at));
    let x2 = i32x4.splat(sequenceLow);
    let x3 = i32x4.splat(sequenceHigh);
    let y0 = v128.load(channels + at, 16);
    let y1 = i32x4.add(row, v128.load(offsets + at, 16));
    let y2 = x2;
    let y3 = x3;
    let k0 = i32x4.splat(keyLow);
    let k1 = i32x4.splat(keyHigh);
    for (let round = 0; round < 9; round++) {
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
    // Of the last round the first word alone.
    const a = i64x2.extmul_low_i32x4_u(x2, mul1);
    const b = i64x2.extmul_high_i32x4_u(x2, mul1);
    x0 = v128.xor(highWords(a, b), v128.xor(x1, k0));
    const c = i64x2.extmul_low_i32x4_u(y2, mul1);
    const d = i64x2.extmul_high_i32x4_u(y2, mul1);
    y0 = v128.xor(highWords(c, d), v128.xor(y1, k0));
    v128.store(out, uniform(unpackLow(x0, high), less, scale, half));
    v128.store(out, uniform(unpackHigh(x0, high), less, scale, half), 16);
    v128.store(out, uniform(unpackLow(y0, high), less, scale, half), 32);
    v128.store(out, uniform(unpackHigh(y0, high), less, scale, half), 48);
    out += 64;
    at += 32;
    if (at == span) {
      at = 0;
      base += rows;
    }
  }
}

@inline
function unpackLow(words: v128, high: v128): v128 {
  return i8x16.shuffle(words, high, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}

@inline
function unpackHigh(words: v128, high: v128): v128 {
  return i8x16.shuffle(words, high, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
}
