import { blockLimit, bothTotals, heldLanes, madd, total } from "./lanes";

// Two rows at a time share the model's loads; they lie half the rows apart, as two long runs through memory are read
// faster than one. A field that lies higher in its lane is masked in place and its sum
// scaled down at the end, which saves the shift; the scale is a power of two, so nothing is rounded.

/** @param _scratch For the kernel that stands in its place where there are relaxed instructions. */
export function dot4(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  model: usize,
  out: usize,
  _scratch: usize,
): void {
  const low = heldLanes(0x0f, rows);
  const high = heldLanes(0xf0, rows);
  const half = (rows + 1) >> 1;
  for (let r = 0; r < half; r++) {
    const pair = r + half < rows;
    let a = codes + <usize>r * stride;
    let b = pair ? a + <usize>half * stride : a;
    let m = model;
    let sums = f64x2.splat(0);
    for (let left = blocks; left > 0; left -= blockLimit) {
      const end = a + (<usize>min(left, blockLimit) << 4);
      let a0 = i32x4.splat(0);
      let a1 = i32x4.splat(0);
      let b0 = i32x4.splat(0);
      let b1 = i32x4.splat(0);
      while (a < end) {
        const m0 = v128.load(m);
        const m1 = v128.load(m, 16);
        const m2 = v128.load(m, 32);
        const m3 = v128.load(m, 48);
        let v = v128.load(a);
        let w = i16x8.shr_u(v, 8);
        a0 = madd(a0, v128.and(v, low), m0);
        a1 = madd(a1, v128.and(v, high), m1);
        a0 = madd(a0, v128.and(w, low), m2);
        a1 = madd(a1, v128.and(w, high), m3);
        v = v128.load(b);
        w = i16x8.shr_u(v, 8);
        b0 = madd(b0, v128.and(v, low), m0);
        b1 = madd(b1, v128.and(v, high), m1);
        b0 = madd(b0, v128.and(w, low), m2);
        b1 = madd(b1, v128.and(w, high), m3);
        a += 16;
        b += 16;
        m += 64;
      }
      // 64 blocks of 32 products of 15 and 2^15 stay below 2^31.
      const a = i32x4.add(a0, i32x4.shr_s(a1, 4));
      const b = i32x4.add(b0, i32x4.shr_s(b1, 4));
      sums = f64x2.add(sums, bothTotals(a, b));
    }
    store<f64>(out + (<usize>r << 3), f64x2.extract_lane(sums, 0));
    if (pair) store<f64>(out + (<usize>(r + half) << 3), f64x2.extract_lane(sums, 1));
  }
}

export function dot8(codes: usize, stride: usize, rows: i32, blocks: i32, model: usize, out: usize): void {
  const low = heldLanes(0xff, rows);
  const half = (rows + 1) >> 1;
  for (let r = 0; r < half; r++) {
    const pair = r + half < rows;
    let a = codes + <usize>r * stride;
    let b = pair ? a + <usize>half * stride : a;
    let m = model;
    let sumA: f64 = 0;
    let sumB: f64 = 0;
    for (let left = blocks; left > 0; left -= blockLimit) {
      const end = a + (<usize>min(left, blockLimit) << 4);
      let a0 = i32x4.splat(0);
      let b0 = i32x4.splat(0);
      while (a < end) {
        const m0 = v128.load(m);
        const m1 = v128.load(m, 16);
        let v = v128.load(a);
        a0 = madd(a0, v128.and(v, low), m0);
        a0 = madd(a0, i16x8.shr_u(v, 8), m1);
        v = v128.load(b);
        b0 = madd(b0, v128.and(v, low), m0);
        b0 = madd(b0, i16x8.shr_u(v, 8), m1);
        a += 16;
        b += 16;
        m += 32;
      }
      sumA += total(a0);
      sumB += total(b0);
    }
    store<f64>(out + (<usize>r << 3), sumA);
    if (pair) store<f64>(out + (<usize>(r + half) << 3), sumB);
  }
}

export function dot2(codes: usize, stride: usize, rows: i32, blocks: i32, model: usize, out: usize): void {
  const f0 = heldLanes(0x03, rows);
  const f1 = heldLanes(0x0c, rows);
  const f2 = heldLanes(0x30, rows);
  const f3 = heldLanes(0xc0, rows);
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
        const v = v128.load(a);
        const w = i16x8.shr_u(v, 8);
        a0 = madd(a0, v128.and(v, f0), v128.load(m));
        a1 = madd(a1, v128.and(v, f1), v128.load(m, 16));
        a2 = madd(a2, v128.and(v, f2), v128.load(m, 32));
        a3 = madd(a3, v128.and(v, f3), v128.load(m, 48));
        a0 = madd(a0, v128.and(w, f0), v128.load(m, 64));
        a1 = madd(a1, v128.and(w, f1), v128.load(m, 80));
        a2 = madd(a2, v128.and(w, f2), v128.load(m, 96));
        a3 = madd(a3, v128.and(w, f3), v128.load(m, 112));
        a += 16;
        m += 128;
      }
      sum += total(a0) + total(a1) * 0.25 + total(a2) * 0.0625 + total(a3) * 0.015625;
    }
    store<f64>(out + (<usize>r << 3), sum);
  }
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
