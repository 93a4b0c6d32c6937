import { addSums, fieldMask, madd, rowLimit, total } from "./lanes";

/** Column sums of code, code² and u(k − u). */
export function columnSums(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  blocks: i32,
  samples: i32,
  out: usize,
): void {
  const plane = <usize>(blocks * (128 / width)) << 3;
  for (let r = 0; r < count; r += rowLimit) {
    const some = min(count - r, rowLimit);
    let to = out;
    for (let block = 0; block < blocks; block++)
      for (let shift = 0; shift < 16; shift += width) {
        sumEight(width, rows + <usize>r * stride + (<usize>block << 4), stride, some, shift, samples, to, plane);
        to += 64;
      }
  }
}

/**
 * Eight columns over at most 256 rows: 256 · 255 and 256 · 56 fit 16 bits. u = code mod k needs ⌊code/k⌋, which is
 * (2·code − k + 1)/(2k) rounded: at least 1/(2k) from a half, against an error below 1/64.
 */
function sumEight(
  width: i32,
  at: usize,
  stride: usize,
  rows: i32,
  shift: i32,
  samples: i32,
  out: usize,
  plane: usize,
): void {
  const masks = fieldMask(width);
  const k = i16x8.splat(<i16>samples);
  const lift = i16x8.splat(<i16>(samples - 1));
  const inverse = i16x8.splat(<i16>((16384 + (samples >> 1)) / samples));
  let sums = i16x8.splat(0);
  let spreads = i16x8.splat(0);
  let low = i32x4.splat(0);
  let high = i32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    const codes = v128.and(i16x8.shr_u(v128.load(at), shift), masks);
    const base = i16x8.q15mulr_sat_s(i16x8.sub(i16x8.shl(codes, 1), lift), inverse);
    const up = i16x8.sub(codes, i16x8.mul(base, k));
    sums = i16x8.add(sums, codes);
    spreads = i16x8.add(spreads, i16x8.mul(up, i16x8.sub(k, up)));
    low = i32x4.add(low, i32x4.extmul_low_i16x8_u(codes, codes));
    high = i32x4.add(high, i32x4.extmul_high_i16x8_u(codes, codes));
    at += stride;
  }
  addSums(out, i32x4.extend_low_i16x8_u(sums), 0);
  addSums(out + 32, i32x4.extend_high_i16x8_u(sums), 0);
  addSums(out + plane, low, 0);
  addSums(out + plane + 32, high, 0);
  addSums(out + 2 * plane, i32x4.extend_low_i16x8_u(spreads), 0);
  addSums(out + 2 * plane + 32, i32x4.extend_high_i16x8_u(spreads), 0);
}

/** Gram sums of code · code for j ≥ i. Scratch: int16 columns of 256 rows each. */
export function gramRows(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  columns: i32,
  blocks: i32,
  out: usize,
  scratch: usize,
): void {
  for (let r = 0; r < count; r += rowLimit) {
    const some = min(count - r, rowLimit);
    const padded = (some + 7) & ~7;
    transpose(width, rows + <usize>r * stride, stride, some, blocks, scratch, padded);
    for (let i = 0; i < columns; i++) products(i, columns, padded, out + (<usize>i * <usize>columns << 3), scratch);
  }
}

function transpose(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  blocks: i32,
  scratch: usize,
  padded: i32,
): void {
  const masks = fieldMask(width);
  let to = scratch;
  for (let block = 0; block < blocks; block++)
    for (let shift = 0; shift < 16; shift += width) {
      let at = rows + (<usize>block << 4);
      for (let r = 0; r < padded; r++) {
        const codes = r < count ? v128.and(i16x8.shr_u(v128.load(at), shift), masks) : i16x8.splat(0);
        const cell = to + (<usize>r << 1);
        v128.store16_lane(cell, codes, 0);
        v128.store16_lane(cell, codes, 1, 512);
        v128.store16_lane(cell, codes, 2, 1024);
        v128.store16_lane(cell, codes, 3, 1536);
        v128.store16_lane(cell, codes, 4, 2048);
        v128.store16_lane(cell, codes, 5, 2560);
        v128.store16_lane(cell, codes, 6, 3072);
        v128.store16_lane(cell, codes, 7, 3584);
        at += stride;
      }
      to += 4096;
    }
}

/** Column i with four columns at a time: 32 sums of two products of 255² stay far below 2^31. */
function products(i: i32, columns: i32, rows: i32, out: usize, scratch: usize): void {
  const own = scratch + (<usize>i << 9);
  const bytes = <usize>rows << 1;
  let j = i;
  for (; j + 4 <= columns; j += 4) {
    const others = scratch + (<usize>j << 9);
    let s0 = i32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let at: usize = 0; at < bytes; at += 16) {
      const v = v128.load(own + at);
      s0 = madd(s0, v, v128.load(others + at));
      s1 = madd(s1, v, v128.load(others + at, 512));
      s2 = madd(s2, v, v128.load(others + at, 1024));
      s3 = madd(s3, v, v128.load(others + at, 1536));
    }
    addTotal(out, j, s0);
    addTotal(out, j + 1, s1);
    addTotal(out, j + 2, s2);
    addTotal(out, j + 3, s3);
  }
  for (; j < columns; j++) {
    const other = scratch + (<usize>j << 9);
    let sum = i32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) sum = madd(sum, v128.load(own + at), v128.load(other + at));
    addTotal(out, j, sum);
  }
}

@inline
function addTotal(out: usize, j: i32, sum: v128): void {
  const at = out + (<usize>j << 3);
  store<f64>(at, load<f64>(at) + total(sum));
}
