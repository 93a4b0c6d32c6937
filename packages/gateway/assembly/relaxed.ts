import { dot4 as plainDot4 } from "./dot";
import { gradient4 as plainGradient4 } from "./gradient";
import { addSums, bytesHigh, bytesLow, fourTotals, heldLanes, pairHigh, pairLow, stripRows, swapHalves } from "./lanes";

// The kernels of 4-bit codes with four products of bytes added up in each lane by one instruction. Its second operand has 7
// bits: codes; the first is a signed byte: a residual, or one of a model's two digits. With 7 bits there the instruction
// leaves nothing to the machine: the integers are those of the other kernels.

@inline
function dotAdd(sums: v128, digits: v128, codes: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(digits, codes, sums);
}

/** Whether every entry is two signed bytes, 256 · upper + lower: none is above 32,639. */
function fitsDigits(model: usize, blocks: i32): bool {
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
function splitModel(model: usize, blocks: i32, out: usize): void {
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
const dotBlocks: i32 = 128;

/** A row's two sums of digits put together; what has left int32 comes back. */
@inline
function joined(upper: v128, lower: v128): v128 {
  return i32x4.add(i32x4.shl(upper, 8), lower);
}

/**
 * Four rows at a time share the model's loads and have their lanes added up at once; two and two of them lie half the rows
 * apart, as two long runs through memory are read faster than one.
 */
export function dot4(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  model: usize,
  out: usize,
  scratch: usize,
): void {
  if (!fitsDigits(model, blocks)) {
    plainDot4(codes, stride, rows, blocks, model, out, scratch);
    return;
  }
  splitModel(model, blocks, scratch);
  const quarter = rows >> 2;
  const apart = <usize>quarter * stride;
  for (let r = 0; r < quarter; r++)
    quadDots(codes + <usize>r * stride, apart, blocks, scratch, out + (<usize>r << 3), <usize>quarter << 3);
  for (let r = quarter << 2; r < rows; r++)
    quadDots(codes + <usize>r * stride, 0, blocks, scratch, out + (<usize>r << 3), 0);
}

/** Dots of four rows, `apart` bytes from each other; they are stored `gap` bytes from each other. */
@inline
function quadDots(a: usize, apart: usize, blocks: i32, digits: usize, out: usize, gap: usize): void {
  const low = heldLanes(0x0f0f, blocks);
  let nearSums = f64x2.splat(0);
  let farSums = nearSums;
  for (let left = blocks; left > 0; left -= dotBlocks) {
    const end = a + (<usize>min(left, dotBlocks) << 4);
    let a0 = i32x4.splat(0);
    let a1 = a0;
    let b0 = a0;
    let b1 = a0;
    let c0 = a0;
    let c1 = a0;
    let d0 = a0;
    let d1 = a0;
    while (a < end) {
      const evenUpper = v128.load(digits);
      const evenLower = v128.load(digits, 16);
      const oddUpper = v128.load(digits, 32);
      const oddLower = v128.load(digits, 48);
      let v = v128.load(a);
      let f = v128.and(v, low);
      a0 = dotAdd(a0, evenUpper, f);
      a1 = dotAdd(a1, evenLower, f);
      f = v128.and(i16x8.shr_u(v, 4), low);
      a0 = dotAdd(a0, oddUpper, f);
      a1 = dotAdd(a1, oddLower, f);
      v = v128.load(a + apart);
      f = v128.and(v, low);
      b0 = dotAdd(b0, evenUpper, f);
      b1 = dotAdd(b1, evenLower, f);
      f = v128.and(i16x8.shr_u(v, 4), low);
      b0 = dotAdd(b0, oddUpper, f);
      b1 = dotAdd(b1, oddLower, f);
      const across = a + 2 * apart;
      v = v128.load(across);
      f = v128.and(v, low);
      c0 = dotAdd(c0, evenUpper, f);
      c1 = dotAdd(c1, evenLower, f);
      f = v128.and(i16x8.shr_u(v, 4), low);
      c0 = dotAdd(c0, oddUpper, f);
      c1 = dotAdd(c1, oddLower, f);
      v = v128.load(across + apart);
      f = v128.and(v, low);
      d0 = dotAdd(d0, evenUpper, f);
      d1 = dotAdd(d1, evenLower, f);
      f = v128.and(i16x8.shr_u(v, 4), low);
      d0 = dotAdd(d0, oddUpper, f);
      d1 = dotAdd(d1, oddLower, f);
      a += 16;
      digits += 64;
    }
    const totals = fourTotals(joined(a0, a1), joined(b0, b1), joined(c0, c1), joined(d0, d1));
    nearSums = f64x2.add(nearSums, f64x2.convert_low_i32x4_s(totals));
    farSums = f64x2.add(farSums, f64x2.convert_low_i32x4_s(swapHalves(totals)));
  }
  v128.store64_lane(out, nearSums, 0);
  v128.store64_lane(out + gap, nearSums, 1);
  v128.store64_lane(out + 2 * gap, farSums, 0);
  v128.store64_lane(out + 3 * gap, farSums, 1);
}

/** Most rows of a gradient between two widenings: sums of 15 · 128 stay below 2^31. */
const quadRows: i32 = 1 << 20;

/** Copies residuals as bytes; false where one does not fit. */
function narrow(residuals: usize, rows: i32, out: usize): bool {
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

/** Rows in fours while their residuals are bytes; the others two by two. */
export function gradient4(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
  scratch: usize,
): void {
  const fours = rows <= quadRows && narrow(residuals, rows, scratch) ? rows & ~3 : 0;
  const strip = stripRows(stride);
  for (let r = 0; r < fours; r += strip)
    quads4(codes + <usize>r * stride, stride, min(fours - r, strip), blocks, scratch + <usize>r, out);
  if (fours == rows) return;
  const rest = codes + <usize>fours * stride;
  plainGradient4(rest, stride, rows - fours, blocks, residuals + (<usize>fours << 1), out, scratch);
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
