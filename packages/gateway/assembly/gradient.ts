import { areBytes, groupedGradient, leastBlocks, leastRows } from "./grouped";
import { addSums, heldLanes, madd, pairHigh, pairLow, stripRows } from "./lanes";

// Two rows lie side by side in a register, so that one multiply-add takes both; a block's sums stay in registers
// over a strip of rows. An odd row at the end is paired with itself at a residual of 0: a copy of the loop that runs once.

@inline
function residualPair(at: usize, lone: bool): v128 {
  return lone ? i32x4.splat(<i32>load<u16>(at)) : v128.load32_splat(at);
}

/**
 * @param scratch `productScratch` bytes.
 * @param narrow 4 or 8 where the last block holds no more columns than that, which are its field 0 alone; otherwise 0.
 */
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
  const even = rows & ~1;
  let whole = narrow ? blocks - 1 : blocks;
  const last = <usize>(blocks - 1) << 4;
  const narrowOut = out + (last << 4);
  // With relaxed instructions all that comes here is the last rows, or residuals that are no bytes.
  if (!ASC_FEATURE_RELAXED_SIMD) {
    if (whole >= leastBlocks && rows >= leastRows && areBytes(residuals, rows)) {
      groupedGradient(codes, stride, rows, whole, residuals, out, scratch);
      whole = 0;
    }
  }
  const beside = narrow == 4 && whole > 0 ? 1 : 0;
  const strip = stripRows(stride);
  for (let r = 0; r < even; r += strip) {
    const at = codes + <usize>r * stride;
    const some = min(even - r, strip);
    const residual = residuals + (<usize>r << 1);
    pairs4(at, stride, some, whole - beside, residual, out, false, false);
    if (beside) pairs4(at + last - 16, stride, some, 1, residual, narrowOut - 256, true, false);
    else if (narrow) narrowPairs4(at + last, stride, some, residual, narrowOut, false);
  }
  if (even == rows) return;
  const row = codes + <usize>even * stride;
  const residual = residuals + (<usize>even << 1);
  pairs4(row, 0, 1, whole, residual, out, false, true);
  if (narrow) narrowPairs4(row + last, 0, 1, residual, narrowOut, true);
}

/** Field 0 of one block alone: the others are padding, which is 0. */
@inline
function narrowPairs4(codes: usize, stride: usize, rows: i32, residuals: usize, out: usize, lone: bool): void {
  const end = residuals + (<usize>rows << 1);
  let s0 = i32x4.splat(0);
  let s1 = s0;
  for (let q = residuals; q < end; q += 4) {
    const residual = residualPair(q, lone);
    const v = v128.load(codes);
    const w = v128.load(codes + stride);
    s0 = madd(s0, pairLow(v, w), residual);
    s1 = madd(s1, pairHigh(v, w), residual);
    codes += stride << 1;
  }
  addSums(out, s0, 0);
  addSums(out + 32, s1, 0);
}

/** @param four Whether a narrow block of four columns lies behind the only one and is summed beside it. */
@inline
function pairs4(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
  four: bool,
  lone: bool,
): void {
  const low = heldLanes(0x0f, rows);
  const high = heldLanes(0xf0, rows);
  const end = residuals + (<usize>rows << 1);
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
    let s8 = s0;
    while (q < end) {
      const residual = residualPair(q, lone);
      const v = v128.load(p);
      const w = v128.load(p + stride);
      const l = pairLow(v, w);
      const h = pairHigh(v, w);
      s0 = madd(s0, v128.and(l, low), residual);
      s1 = madd(s1, v128.and(h, low), residual);
      s2 = madd(s2, v128.and(l, high), residual);
      s3 = madd(s3, v128.and(h, high), residual);
      // The upper byte unmasked is field 2 + 16 · field 3: what field 3 added is taken off at the end.
      s4 = madd(s4, i16x8.shr_u(l, 8), residual);
      s5 = madd(s5, i16x8.shr_u(h, 8), residual);
      s6 = madd(s6, i16x8.shr_u(l, 12), residual);
      s7 = madd(s7, i16x8.shr_u(h, 12), residual);
      if (four) s8 = madd(s8, pairLow(v128.load64_zero(p, 16), v128.load64_zero(p + stride, 16)), residual);
      q += 4;
      p += stride << 1;
    }
    addSums(out, s0, 0);
    addSums(out + 32, s1, 0);
    addSums(out + 64, s2, 4);
    addSums(out + 96, s3, 4);
    addSums(out + 128, i32x4.sub(s4, i32x4.shl(s6, 4)), 0);
    addSums(out + 160, i32x4.sub(s5, i32x4.shl(s7, 4)), 0);
    addSums(out + 192, s6, 0);
    addSums(out + 224, s7, 0);
    out += 256;
    if (four) addSums(out, s8, 0);
  }
}

export function gradient8(codes: usize, stride: usize, rows: i32, blocks: i32, residuals: usize, out: usize): void {
  const even = rows & ~1;
  const strip = stripRows(stride);
  for (let r = 0; r < even; r += strip)
    pairs8(codes + <usize>r * stride, stride, min(even - r, strip), blocks, residuals + (<usize>r << 1), out, false);
  if (even < rows) pairs8(codes + <usize>even * stride, 0, 1, blocks, residuals + (<usize>even << 1), out, true);
}

@inline
function pairs8(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
  lone: bool,
): void {
  const low = heldLanes(0xff, rows);
  const end = residuals + (<usize>rows << 1);
  for (let block = 0; block < blocks; block++) {
    let p = codes + (<usize>block << 4);
    let q = residuals;
    let s0 = i32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    while (q < end) {
      const residual = residualPair(q, lone);
      const v = v128.load(p);
      const w = v128.load(p + stride);
      const l = pairLow(v, w);
      const h = pairHigh(v, w);
      s0 = madd(s0, v128.and(l, low), residual);
      s1 = madd(s1, v128.and(h, low), residual);
      s2 = madd(s2, i16x8.shr_u(l, 8), residual);
      s3 = madd(s3, i16x8.shr_u(h, 8), residual);
      q += 4;
      p += stride << 1;
    }
    addSums(out, s0, 0);
    addSums(out + 32, s1, 0);
    addSums(out + 64, s2, 0);
    addSums(out + 96, s3, 0);
    out += 128;
  }
}

export function gradient2(codes: usize, stride: usize, rows: i32, blocks: i32, residuals: usize, out: usize): void {
  const even = rows & ~1;
  const strip = stripRows(stride);
  for (let r = 0; r < even; r += strip)
    pairs2(codes + <usize>r * stride, stride, min(even - r, strip), blocks, residuals + (<usize>r << 1), out, false);
  if (even < rows) pairs2(codes + <usize>even * stride, 0, 1, blocks, residuals + (<usize>even << 1), out, true);
}

/** Half a block at a time: 4 lanes of 8 fields are the 8 sums that registers hold. */
@inline
function pairs2(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
  lone: bool,
): void {
  const f0 = heldLanes(0x03, rows);
  const f1 = heldLanes(0x0c, rows);
  const f2 = heldLanes(0x30, rows);
  const f3 = heldLanes(0xc0, rows);
  const end = residuals + (<usize>rows << 1);
  for (let half = 0; half < blocks << 1; half++) {
    let p = codes + (<usize>half << 3);
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
      const residual = residualPair(q, lone);
      let l = pairLow(v128.load64_zero(p), v128.load64_zero(p + stride));
      s0 = madd(s0, v128.and(l, f0), residual);
      s1 = madd(s1, v128.and(l, f1), residual);
      s2 = madd(s2, v128.and(l, f2), residual);
      s3 = madd(s3, v128.and(l, f3), residual);
      l = i16x8.shr_u(l, 8);
      s4 = madd(s4, v128.and(l, f0), residual);
      s5 = madd(s5, v128.and(l, f1), residual);
      s6 = madd(s6, v128.and(l, f2), residual);
      s7 = madd(s7, v128.and(l, f3), residual);
      q += 4;
      p += stride << 1;
    }
    const to = out + (<usize>(half >> 1) << 9) + (<usize>(half & 1) << 5);
    addSums(to, s0, 0);
    addSums(to + 64, s1, 2);
    addSums(to + 128, s2, 4);
    addSums(to + 192, s3, 6);
    addSums(to + 256, s4, 0);
    addSums(to + 320, s5, 2);
    addSums(to + 384, s6, 4);
    addSums(to + 448, s7, 6);
  }
}

export function gradient1(codes: usize, stride: usize, rows: i32, blocks: i32, residuals: usize, out: usize): void {
  const even = rows & ~1;
  const strip = stripRows(stride);
  for (let r = 0; r < even; r += strip) {
    const at = codes + <usize>r * stride;
    const some = min(even - r, strip);
    pairs1(at, stride, some, blocks, residuals + (<usize>r << 1), out, 0, false);
    pairs1(at, stride, some, blocks, residuals + (<usize>r << 1), out + 512, 8, false);
  }
  if (even == rows) return;
  const last = codes + <usize>even * stride;
  pairs1(last, 0, 1, blocks, residuals + (<usize>even << 1), out, 0, true);
  pairs1(last, 0, 1, blocks, residuals + (<usize>even << 1), out + 512, 8, true);
}

/** Half a block at a time, and of that the fields of one byte. */
@inline
function pairs1(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
  shift: i32,
  lone: bool,
): void {
  const f0 = heldLanes(1, rows);
  const f1 = heldLanes(2, rows);
  const f2 = heldLanes(4, rows);
  const f3 = heldLanes(8, rows);
  const f4 = heldLanes(16, rows);
  const f5 = heldLanes(32, rows);
  const f6 = heldLanes(64, rows);
  const f7 = heldLanes(128, rows);
  const end = residuals + (<usize>rows << 1);
  for (let half = 0; half < blocks << 1; half++) {
    let p = codes + (<usize>half << 3);
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
      const residual = residualPair(q, lone);
      const l = i16x8.shr_u(pairLow(v128.load64_zero(p), v128.load64_zero(p + stride)), shift);
      s0 = madd(s0, v128.and(l, f0), residual);
      s1 = madd(s1, v128.and(l, f1), residual);
      s2 = madd(s2, v128.and(l, f2), residual);
      s3 = madd(s3, v128.and(l, f3), residual);
      s4 = madd(s4, v128.and(l, f4), residual);
      s5 = madd(s5, v128.and(l, f5), residual);
      s6 = madd(s6, v128.and(l, f6), residual);
      s7 = madd(s7, v128.and(l, f7), residual);
      q += 4;
      p += stride << 1;
    }
    const to = out + (<usize>(half >> 1) << 10) + (<usize>(half & 1) << 5);
    addSums(to, s0, 0);
    addSums(to + 64, s1, 1);
    addSums(to + 128, s2, 2);
    addSums(to + 192, s3, 3);
    addSums(to + 256, s4, 4);
    addSums(to + 320, s5, 5);
    addSums(to + 384, s6, 6);
    addSums(to + 448, s7, 7);
  }
}

@inline
function addWide(out: usize, sums: v128): void {
  store<f64>(out, load<f64>(out) + <f64>i64x2.extract_lane(sums, 0));
  store<f64>(out, load<f64>(out, 8) + <f64>i64x2.extract_lane(sums, 1), 8);
}

/** Int16 values in natural order, 8 columns at a time, every sum of two products widened. */
export function gradientLattice(
  values: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
): void {
  const even = rows & ~1;
  pairsLattice(values, stride, even, blocks, residuals, out, false);
  if (even < rows) pairsLattice(values + <usize>even * stride, 0, 1, blocks, residuals + (<usize>even << 1), out, true);
}

@inline
function pairsLattice(
  values: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
  lone: bool,
): void {
  const end = residuals + (<usize>rows << 1);
  for (let block = 0; block < blocks; block++) {
    let p = values + (<usize>block << 4);
    let q = residuals;
    let s0 = i64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    while (q < end) {
      const residual = residualPair(q, lone);
      const v = v128.load(p);
      const w = v128.load(p + stride);
      const l = i32x4.dot_i16x8_s(pairLow(v, w), residual);
      const h = i32x4.dot_i16x8_s(pairHigh(v, w), residual);
      s0 = i64x2.add(s0, i64x2.extend_low_i32x4_s(l));
      s1 = i64x2.add(s1, i64x2.extend_high_i32x4_s(l));
      s2 = i64x2.add(s2, i64x2.extend_low_i32x4_s(h));
      s3 = i64x2.add(s3, i64x2.extend_high_i32x4_s(h));
      q += 4;
      p += stride << 1;
    }
    addWide(out, s0);
    addWide(out + 16, s1);
    addWide(out + 32, s2);
    addWide(out + 48, s3);
    out += 64;
  }
}
