import { gradient4 as plainGradient4 } from "./gradient";
import {
  addSums,
  bytesHigh,
  bytesLow,
  fourTotals,
  heldLanes,
  pairHigh,
  pairLow,
  stripRows,
} from "./lanes";

// The kernels of 4-bit codes with four products of bytes added up in each lane by one instruction. Its second operand has 7
// bits: codes; the first is a signed byte: a residual, or one of a model's two digits. With 7 bits there the instruction
// leaves nothing to the machine: the integers are those of the other kernels.

@inline
function dotAdd(sums: v128, digits: v128, codes: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(digits, codes, sums);
}

/** Whether every entry is two signed bytes, 256 · upper + lower: none is above 32,639. */
export function fitsDigits(model: usize, blocks: i32): bool {
  let above = i16x8.splat(0);
  const end = model + (<usize>blocks << 6);
  for (let m = model; m < end; m += 16) above = v128.or(above, i16x8.gt_s(v128.load(m), i16x8.splat(32_639)));
  return !v128.any_true(above);
}

@inline
function upper(v: v128): v128 {
  return i16x8.shr_s(i16x8.add(v, i16x8.splat(128)), 8);
}

/** Bytes of one register from two: even ones from the lower bytes of `a`, odd ones from those of `b`. */
@inline
function lowerBytes(a: v128, b: v128): v128 {
  return v128.or(v128.and(a, i16x8.splat(0xff)), i16x8.shl(b, 8));
}

/** The model as 256 · upper + lower digit, in the order in which nibbles lie: fields 0 and 2 of a block, then 1 and 3. */
export function splitModel(model: usize, blocks: i32, out: usize): void {
  const end = model + (<usize>blocks << 6);
  for (let m = model; m < end; m += 64, out += 64) {
    const m0 = v128.load(m);
    const m1 = v128.load(m, 16);
    const m2 = v128.load(m, 32);
    const m3 = v128.load(m, 48);
    v128.store(out, lowerBytes(upper(m0), upper(m2)));
    v128.store(out, lowerBytes(m0, m2), 16);
    v128.store(out, lowerBytes(upper(m1), upper(m3)), 32);
    v128.store(out, lowerBytes(m1, m3), 48);
  }
}

/** Most 16-byte blocks between two widenings: 128 · 32 products of 15 and 2^15 stay below 2^31, all lanes together. */
export const digitLimit: i32 = 128;

/** A row's two sums of digits put together; what has left int32 comes back. */
@inline
function joined(upper: v128, lower: v128): v128 {
  return i32x4.add(i32x4.shl(upper, 8), lower);
}

/** As the plain kernel's dots of four rows. @param low 15 in every byte. */
@inline
export function quadDigits(
  a: usize,
  apart: usize,
  whole: usize,
  digits: usize,
  narrow: i32,
  low: v128,
): v128 {
  const end = a + whole;
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  while (a < end) {
    const across = a + 2 * apart;
    const evenUpper = v128.load(digits);
    const evenLower = v128.load(digits, 16);
    const oddUpper = v128.load(digits, 32);
    const oddLower = v128.load(digits, 48);
    let v = v128.load(a);
    let f = v128.and(v, low);
    let g = v128.and(i16x8.shr_u(v, 4), low);
    a0 = dotAdd(dotAdd(a0, evenUpper, f), oddUpper, g);
    a1 = dotAdd(dotAdd(a1, evenLower, f), oddLower, g);
    v = v128.load(a + apart);
    f = v128.and(v, low);
    g = v128.and(i16x8.shr_u(v, 4), low);
    b0 = dotAdd(dotAdd(b0, evenUpper, f), oddUpper, g);
    b1 = dotAdd(dotAdd(b1, evenLower, f), oddLower, g);
    v = v128.load(across);
    f = v128.and(v, low);
    g = v128.and(i16x8.shr_u(v, 4), low);
    c0 = dotAdd(dotAdd(c0, evenUpper, f), oddUpper, g);
    c1 = dotAdd(dotAdd(c1, evenLower, f), oddLower, g);
    v = v128.load(across + apart);
    f = v128.and(v, low);
    g = v128.and(i16x8.shr_u(v, 4), low);
    d0 = dotAdd(dotAdd(d0, evenUpper, f), oddUpper, g);
    d1 = dotAdd(dotAdd(d1, evenLower, f), oddLower, g);
    a += 16;
    digits += 64;
  }
  if (narrow) {
    const upper = v128.load(digits);
    const lower = v128.load(digits, 16);
    let f = v128.load(a);
    a0 = dotAdd(a0, upper, f);
    a1 = dotAdd(a1, lower, f);
    f = v128.load(a + apart);
    b0 = dotAdd(b0, upper, f);
    b1 = dotAdd(b1, lower, f);
    f = v128.load(a + 2 * apart);
    c0 = dotAdd(c0, upper, f);
    c1 = dotAdd(c1, lower, f);
    f = v128.load(a + 3 * apart);
    d0 = dotAdd(d0, upper, f);
    d1 = dotAdd(d1, lower, f);
  }
  return fourTotals(joined(a0, a1), joined(b0, b1), joined(c0, c1), joined(d0, d1));
}

/** Copies residuals as bytes; false where one does not fit. */
function narrowed(residuals: usize, rows: i32, out: usize): bool {
  let i = 0;
  for (; i + 8 <= rows; i += 8) {
    const v = v128.load(residuals + (<usize>i << 1));
    const bytes = i8x16.narrow_i16x8_s(v, v);
    if (!i16x8.all_true(i16x8.eq(i16x8.extend_low_i8x16_s(bytes), v))) return false;
    v128.store64_lane(out + <usize>i, bytes, 0);
  }
  for (; i < rows; i++) {
    const residual = <i32>load<i16>(residuals + (<usize>i << 1));
    if (residual != <i32>(<i8>residual)) return false;
    store<i8>(out + <usize>i, <i8>residual);
  }
  return true;
}

/** Rows in fours while their residuals are bytes; the others two by two. `narrow` as in the plain kernel. */
export function gradient4(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
  scratch: usize,
  narrow: i32,
): void {
  const fours = narrowed(residuals, rows, scratch) ? rows & ~3 : 0;
  const last = <usize>(blocks - 1) << 4;
  const strip = stripRows(stride);
  for (let r = 0; r < fours; r += strip) {
    const at = codes + <usize>r * stride;
    const some = min(fours - r, strip);
    quads4(at, stride, some, narrow ? blocks - 1 : blocks, scratch + <usize>r, out);
    if (narrow == 4) narrowQuads4(at + last, stride, some, scratch + <usize>r, out + (last << 4), true);
    else if (narrow) narrowQuads4(at + last, stride, some, scratch + <usize>r, out + (last << 4), false);
  }
  if (fours == rows) return;
  const rest = codes + <usize>fours * stride;
  plainGradient4(rest, stride, rows - fours, blocks, residuals + (<usize>fours << 1), out, scratch, narrow);
}

/** Field 0 of one block alone, which lies in its even bytes, or of the first four lanes of it; the odd bytes are 0. */
@inline
function narrowQuads4(codes: usize, stride: usize, rows: i32, residuals: usize, out: usize, four: bool): void {
  const end = residuals + <usize>rows;
  const two = stride << 1;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  for (let q = residuals; q < end; q += 4) {
    const residual = v128.load32_splat(q);
    // Bytes of two rows by turns: eight columns each.
    const ab = besides(narrowAt(codes, four), narrowAt(codes + stride, four));
    codes += two;
    const cd = besides(narrowAt(codes, four), narrowAt(codes + stride, four));
    codes += two;
    s0 = dotAdd(s0, residual, pairLow(ab, cd));
    if (!four) s1 = dotAdd(s1, residual, pairHigh(ab, cd));
  }
  addSums(out, s0, 0);
  if (!four) addSums(out + 32, s1, 0);
}

/** A narrow block, or the first four lanes of it. */
@inline
function narrowAt(at: usize, four: bool): v128 {
  return four ? v128.load64_zero(at) : v128.load(at);
}

@inline
function besides(even: v128, odd: v128): v128 {
  return v128.or(even, i16x8.shl(odd, 8));
}

/** Lanes are the sums of a block's bytes 0 … 7: of columns 0, 16, 1, 17 and 2, 18, 3, 19 from `out` on. */
@inline
function addBytes(out: usize, a: v128, b: v128): void {
  addSums(out, i8x16.shuffle(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27), 0);
  addSums(out + 128, i8x16.shuffle(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31), 0);
}

/** The bytes of four rows, two codes each, side by side in a lane. */
@inline
function quads4(codes: usize, stride: usize, rows: i32, blocks: i32, residuals: usize, out: usize): void {
  const low = heldLanes(0x0f0f, rows);
  const end = residuals + <usize>rows;
  const two = stride << 1;
  for (let block = 0; block < blocks; block++) {
    let p = codes + (<usize>block << 4);
    let q = residuals;
    let s0 = i32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    while (q < end) {
      const residual = v128.load32_splat(q);
      let v = v128.load(p);
      let w = v128.load(p + stride);
      p += two;
      const a = bytesLow(v, w);
      const b = bytesHigh(v, w);
      v = v128.load(p);
      w = v128.load(p + stride);
      p += two;
      const c = bytesLow(v, w);
      const d = bytesHigh(v, w);
      v = pairLow(a, c);
      s0 = dotAdd(s0, residual, v128.and(v, low));
      s4 = dotAdd(s4, residual, v128.and(i16x8.shr_u(v, 4), low));
      v = pairHigh(a, c);
      s1 = dotAdd(s1, residual, v128.and(v, low));
      s5 = dotAdd(s5, residual, v128.and(i16x8.shr_u(v, 4), low));
      v = pairLow(b, d);
      s2 = dotAdd(s2, residual, v128.and(v, low));
      s6 = dotAdd(s6, residual, v128.and(i16x8.shr_u(v, 4), low));
      v = pairHigh(b, d);
      s3 = dotAdd(s3, residual, v128.and(v, low));
      s7 = dotAdd(s7, residual, v128.and(i16x8.shr_u(v, 4), low));
      q += 4;
    }
    addBytes(out, s0, s1);
    addBytes(out + 32, s2, s3);
    addBytes(out + 64, s4, s5);
    addBytes(out + 96, s6, s7);
    out += 256;
  }
}
