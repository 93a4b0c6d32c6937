import { blockLimit, bothTotals, heldLanes, madd, total } from "./lanes";

// Four rows at a time (two at 2 bits) share the model's loads. They lie a quarter (half) of the rows apart: long runs through
// memory are read faster side by side than one alone. Four bits have a file of their own.

export function dot8(codes: usize, stride: usize, rows: i32, blocks: i32, model: usize, out: usize): void {
  const quarter = rows >> 2;
  const apart = <usize>quarter * stride;
  for (let r = 0; r < quarter; r++)
    quadDots8(codes + <usize>r * stride, apart, blocks, model, out + (<usize>r << 3), <usize>quarter << 3);
  for (let r = quarter << 2; r < rows; r++)
    quadDots8(codes + <usize>r * stride, 0, blocks, model, out + (<usize>r << 3), 0);
}

/** Dots of four rows, `apart` bytes from each other, stored `gap` bytes from each other; the sum of all lanes may leave 32 bits. */
@inline
function quadDots8(a: usize, apart: usize, blocks: i32, model: usize, out: usize, gap: usize): void {
  const low = heldLanes(0xff, blocks);
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  for (let left = blocks; left > 0; left -= blockLimit) {
    const end = a + (<usize>min(left, blockLimit) << 4);
    let a0 = i32x4.splat(0);
    let b0 = a0;
    let c0 = a0;
    let d0 = a0;
    while (a < end) {
      const across = a + 2 * apart;
      const m = v128.load(model);
      const n = v128.load(model, 16);
      let v = v128.load(a);
      a0 = madd(a0, v128.and(v, low), m);
      a0 = madd(a0, i16x8.shr_u(v, 8), n);
      v = v128.load(a + apart);
      b0 = madd(b0, v128.and(v, low), m);
      b0 = madd(b0, i16x8.shr_u(v, 8), n);
      v = v128.load(across);
      c0 = madd(c0, v128.and(v, low), m);
      c0 = madd(c0, i16x8.shr_u(v, 8), n);
      v = v128.load(across + apart);
      d0 = madd(d0, v128.and(v, low), m);
      d0 = madd(d0, i16x8.shr_u(v, 8), n);
      a += 16;
      model += 32;
    }
    s0 += total(a0);
    s1 += total(b0);
    s2 += total(c0);
    s3 += total(d0);
  }
  store<f64>(out, s0);
  store<f64>(out + gap, s1);
  store<f64>(out + 2 * gap, s2);
  store<f64>(out + 3 * gap, s3);
}

export function dot2(codes: usize, stride: usize, rows: i32, blocks: i32, model: usize, out: usize): void {
  const half = rows >> 1;
  const apart = <usize>half * stride;
  for (let r = 0; r < half; r++)
    pairDots2(codes + <usize>r * stride, apart, blocks, model, out + (<usize>r << 3), <usize>half << 3);
  if (rows & 1) pairDots2(codes + <usize>(rows - 1) * stride, 0, blocks, model, out + (<usize>(rows - 1) << 3), 0);
}

/** Sums of four fields of a byte, of which each lies 2 bits higher than the one before. */
@inline
function joined2(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
  return i32x4.add(i32x4.add(s0, i32x4.shr_s(s1, 2)), i32x4.add(i32x4.shr_s(s2, 4), i32x4.shr_s(s3, 6)));
}

/**
 * As {@link quadDots8}, two rows: at 2 bits they need as many sums. A field that lies higher in its byte is masked in place
 * and its sum scaled down at the end, which saves the shift; the scale is a power of two, so nothing is rounded.
 */
@inline
function pairDots2(a: usize, apart: usize, blocks: i32, model: usize, out: usize, gap: usize): void {
  const f0 = heldLanes(0x03, blocks);
  const f1 = heldLanes(0x0c, blocks);
  const f2 = heldLanes(0x30, blocks);
  const f3 = heldLanes(0xc0, blocks);
  let sums = f64x2.splat(0);
  for (let left = blocks; left > 0; left -= blockLimit) {
    const end = a + (<usize>min(left, blockLimit) << 4);
    let a0 = i32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    while (a < end) {
      let v = v128.load(a);
      let w = v128.load(a + apart);
      let m = v128.load(model);
      a0 = madd(a0, v128.and(v, f0), m);
      b0 = madd(b0, v128.and(w, f0), m);
      m = v128.load(model, 16);
      a1 = madd(a1, v128.and(v, f1), m);
      b1 = madd(b1, v128.and(w, f1), m);
      m = v128.load(model, 32);
      a2 = madd(a2, v128.and(v, f2), m);
      b2 = madd(b2, v128.and(w, f2), m);
      m = v128.load(model, 48);
      a3 = madd(a3, v128.and(v, f3), m);
      b3 = madd(b3, v128.and(w, f3), m);
      v = i16x8.shr_u(v, 8);
      w = i16x8.shr_u(w, 8);
      m = v128.load(model, 64);
      a0 = madd(a0, v128.and(v, f0), m);
      b0 = madd(b0, v128.and(w, f0), m);
      m = v128.load(model, 80);
      a1 = madd(a1, v128.and(v, f1), m);
      b1 = madd(b1, v128.and(w, f1), m);
      m = v128.load(model, 96);
      a2 = madd(a2, v128.and(v, f2), m);
      b2 = madd(b2, v128.and(w, f2), m);
      m = v128.load(model, 112);
      a3 = madd(a3, v128.and(v, f3), m);
      b3 = madd(b3, v128.and(w, f3), m);
      a += 16;
      model += 128;
    }
    // 64 blocks of 64 products of 3 and 2^15 stay below 2^31.
    sums = f64x2.add(sums, bothTotals(joined2(a0, a1, a2, a3), joined2(b0, b1, b2, b3)));
  }
  v128.store64_lane(out, sums, 0);
  v128.store64_lane(out + gap, sums, 1);
}

export function dot1(codes: usize, stride: usize, rows: i32, blocks: i32, model: usize, out: usize): void {
  const f0 = heldLanes(1, rows);
  const f1 = heldLanes(2, rows);
  const f2 = heldLanes(4, rows);
  const f3 = heldLanes(8, rows);
  for (let r = 0; r < rows; r++) {
    let a = codes + <usize>r * stride;
    let m = model;
    let sum: f64 = 0;
    for (let left = blocks; left > 0; left -= blockLimit) {
      const end = a + (<usize>min(left, blockLimit) << 4);
      let a0 = i32x4.splat(0);
      let a1 = i32x4.splat(0);
      let a2 = i32x4.splat(0);
      let a3 = i32x4.splat(0);
      while (a < end) {
        let v = v128.load(a);
        a0 = madd(a0, v128.and(v, f0), v128.load(m));
        a1 = madd(a1, v128.and(v, f1), v128.load(m, 16));
        a2 = madd(a2, v128.and(v, f2), v128.load(m, 32));
        a3 = madd(a3, v128.and(v, f3), v128.load(m, 48));
        let w = i16x8.shr_u(v, 4);
        a0 = madd(a0, v128.and(w, f0), v128.load(m, 64));
        a1 = madd(a1, v128.and(w, f1), v128.load(m, 80));
        a2 = madd(a2, v128.and(w, f2), v128.load(m, 96));
        a3 = madd(a3, v128.and(w, f3), v128.load(m, 112));
        w = i16x8.shr_u(v, 8);
        a0 = madd(a0, v128.and(w, f0), v128.load(m, 128));
        a1 = madd(a1, v128.and(w, f1), v128.load(m, 144));
        a2 = madd(a2, v128.and(w, f2), v128.load(m, 160));
        a3 = madd(a3, v128.and(w, f3), v128.load(m, 176));
        w = i16x8.shr_u(v, 12);
        a0 = madd(a0, v128.and(w, f0), v128.load(m, 192));
        a1 = madd(a1, v128.and(w, f1), v128.load(m, 208));
        a2 = madd(a2, v128.and(w, f2), v128.load(m, 224));
        a3 = madd(a3, v128.and(w, f3), v128.load(m, 240));
        a += 16;
        m += 256;
      }
      sum += total(a0) + total(a1) * 0.5 + total(a2) * 0.25 + total(a3) * 0.125;
    }
    store<f64>(out + (<usize>r << 3), sum);
  }
}

/** Int16 values in natural order; every sum of two products is widened, so rows may be as long as they like. */
export function dotLattice(values: usize, stride: usize, rows: i32, blocks: i32, model: usize, out: usize): void {
  for (let r = 0; r < rows; r++) {
    let a = values + <usize>r * stride;
    const end = a + (<usize>blocks << 4);
    let m = model;
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    while (a < end) {
      const sums = i32x4.dot_i16x8_s(v128.load(a), v128.load(m));
      low = i64x2.add(low, i64x2.extend_low_i32x4_s(sums));
      high = i64x2.add(high, i64x2.extend_high_i32x4_s(sums));
      a += 16;
      m += 16;
    }
    low = i64x2.add(low, high);
    store<f64>(out + (<usize>r << 3), <f64>(i64x2.extract_lane(low, 0) + i64x2.extract_lane(low, 1)));
  }
}
