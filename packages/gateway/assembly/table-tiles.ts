import { addSums, bytesHigh, bytesLow, madd, pairHigh, pairLow, wordsHigh, wordsLow } from "./lanes";

// Sixteen rows against tables of 4-bit codes. Eight bytes of each row are transposed by interleaving rows 8, 4, 2 and 1
// apart, so that a register holds one byte of all sixteen: two columns of codes.

@inline
function halvesLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

@inline
function halvesHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

/** Entries of a column's table by their low bytes. */
@inline
function lowPlane(table: usize): v128 {
  return i8x16.shuffle(v128.load(table), v128.load(table, 16), 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

/** Entries of a column's table by their high bytes. */
@inline
function highPlane(table: usize): v128 {
  return i8x16.shuffle(v128.load(table), v128.load(table, 16), 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/** Factors of columns c and c + 8 side by side; 0 beyond the last column, whose table may hold anything. */
@inline
function factorPair(model: usize, c: i32, columns: i32): v128 {
  const at = model + (<usize>c << 1);
  const one: i32 = c < columns ? <i32>load<u16>(at) : 0;
  const other: i32 = c + 8 < columns ? <i32>load<u16>(at, 16) : 0;
  return i32x4.splat(one | (other << 16));
}

/** Four partial sums of one column's sixteen rows times their residuals. */
@inline
function rowProducts(codes: v128, table: usize, r0: v128, r1: v128): v128 {
  const low = i8x16.swizzle(lowPlane(table), codes);
  const high = i8x16.swizzle(highPlane(table), codes);
  return i32x4.add(i32x4.dot_i16x8_s(bytesLow(low, high), r0), i32x4.dot_i16x8_s(bytesHigh(low, high), r1));
}

/** Lane i is the sum of vector i's lanes. */
@inline
function addAcross(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(wordsLow(a, b), wordsHigh(a, b));
  const cd = i32x4.add(wordsLow(c, d), wordsHigh(c, d));
  return i32x4.add(halvesLow(ab, cd), halvesHigh(ab, cd));
}

/** Half a block of sixteen rows: vector t_b holds byte b of the half, fields 2(b mod 2) and the next of lane ⌊b/2⌋. */
export function dotTile(at: usize, stride: usize, columns: i32, tables: usize, model: usize, out: usize): void {
  for (let i = 0; i < 16; i++) store<f64>(out + (<usize>i << 3), 0);
  for (let first = 0; first < columns; first += 32) {
    for (let half = 0; half < 8; half += 4) {
      const p0 = bytesLow(v128.load64_zero(at + 0 * stride), v128.load64_zero(at + 8 * stride));
      const p1 = bytesLow(v128.load64_zero(at + 1 * stride), v128.load64_zero(at + 9 * stride));
      const p2 = bytesLow(v128.load64_zero(at + 2 * stride), v128.load64_zero(at + 10 * stride));
      const p3 = bytesLow(v128.load64_zero(at + 3 * stride), v128.load64_zero(at + 11 * stride));
      const p4 = bytesLow(v128.load64_zero(at + 4 * stride), v128.load64_zero(at + 12 * stride));
      const p5 = bytesLow(v128.load64_zero(at + 5 * stride), v128.load64_zero(at + 13 * stride));
      const p6 = bytesLow(v128.load64_zero(at + 6 * stride), v128.load64_zero(at + 14 * stride));
      const p7 = bytesLow(v128.load64_zero(at + 7 * stride), v128.load64_zero(at + 15 * stride));
      const q0 = bytesLow(p0, p4);
      const q4 = bytesHigh(p0, p4);
      const q1 = bytesLow(p1, p5);
      const q5 = bytesHigh(p1, p5);
      const q2 = bytesLow(p2, p6);
      const q6 = bytesHigh(p2, p6);
      const q3 = bytesLow(p3, p7);
      const q7 = bytesHigh(p3, p7);
      const s0 = bytesLow(q0, q2);
      const s2 = bytesHigh(q0, q2);
      const s1 = bytesLow(q1, q3);
      const s3 = bytesHigh(q1, q3);
      const s4 = bytesLow(q4, q6);
      const s6 = bytesHigh(q4, q6);
      const s5 = bytesLow(q5, q7);
      const s7 = bytesHigh(q5, q7);
      const t0 = bytesLow(s0, s1);
      const t1 = bytesHigh(s0, s1);
      const t2 = bytesLow(s2, s3);
      const t3 = bytesHigh(s2, s3);
      const t4 = bytesLow(s4, s5);
      const t5 = bytesHigh(s4, s5);
      const t6 = bytesLow(s6, s7);
      const t7 = bytesHigh(s6, s7);
      let sums0 = i32x4.splat(0);
      let sums1 = sums0;
      let sums2 = sums0;
      let sums3 = sums0;
      {
        const c = first + half + 0;
        const factors = factorPair(model, c, columns);
        const low = v128.and(t0, i8x16.splat(15));
        const high = i8x16.shr_u(t0, 4);
        const one = tables + (<usize>c << 5);
        const l0 = i8x16.swizzle(lowPlane(one), low);
        const h0 = i8x16.swizzle(highPlane(one), low);
        const l1 = i8x16.swizzle(lowPlane(one + 256), high);
        const h1 = i8x16.swizzle(highPlane(one + 256), high);
        const a = bytesLow(l0, h0);
        const b = bytesLow(l1, h1);
        sums0 = madd(sums0, pairLow(a, b), factors);
        sums1 = madd(sums1, pairHigh(a, b), factors);
        const d = bytesHigh(l0, h0);
        const e = bytesHigh(l1, h1);
        sums2 = madd(sums2, pairLow(d, e), factors);
        sums3 = madd(sums3, pairHigh(d, e), factors);
      }
      {
        const c = first + half + 16;
        const factors = factorPair(model, c, columns);
        const low = v128.and(t1, i8x16.splat(15));
        const high = i8x16.shr_u(t1, 4);
        const one = tables + (<usize>c << 5);
        const l0 = i8x16.swizzle(lowPlane(one), low);
        const h0 = i8x16.swizzle(highPlane(one), low);
        const l1 = i8x16.swizzle(lowPlane(one + 256), high);
        const h1 = i8x16.swizzle(highPlane(one + 256), high);
        const a = bytesLow(l0, h0);
        const b = bytesLow(l1, h1);
        sums0 = madd(sums0, pairLow(a, b), factors);
        sums1 = madd(sums1, pairHigh(a, b), factors);
        const d = bytesHigh(l0, h0);
        const e = bytesHigh(l1, h1);
        sums2 = madd(sums2, pairLow(d, e), factors);
        sums3 = madd(sums3, pairHigh(d, e), factors);
      }
      {
        const c = first + half + 1;
        const factors = factorPair(model, c, columns);
        const low = v128.and(t2, i8x16.splat(15));
        const high = i8x16.shr_u(t2, 4);
        const one = tables + (<usize>c << 5);
        const l0 = i8x16.swizzle(lowPlane(one), low);
        const h0 = i8x16.swizzle(highPlane(one), low);
        const l1 = i8x16.swizzle(lowPlane(one + 256), high);
        const h1 = i8x16.swizzle(highPlane(one + 256), high);
        const a = bytesLow(l0, h0);
        const b = bytesLow(l1, h1);
        sums0 = madd(sums0, pairLow(a, b), factors);
        sums1 = madd(sums1, pairHigh(a, b), factors);
        const d = bytesHigh(l0, h0);
        const e = bytesHigh(l1, h1);
        sums2 = madd(sums2, pairLow(d, e), factors);
        sums3 = madd(sums3, pairHigh(d, e), factors);
      }
      {
        const c = first + half + 17;
        const factors = factorPair(model, c, columns);
        const low = v128.and(t3, i8x16.splat(15));
        const high = i8x16.shr_u(t3, 4);
        const one = tables + (<usize>c << 5);
        const l0 = i8x16.swizzle(lowPlane(one), low);
        const h0 = i8x16.swizzle(highPlane(one), low);
        const l1 = i8x16.swizzle(lowPlane(one + 256), high);
        const h1 = i8x16.swizzle(highPlane(one + 256), high);
        const a = bytesLow(l0, h0);
        const b = bytesLow(l1, h1);
        sums0 = madd(sums0, pairLow(a, b), factors);
        sums1 = madd(sums1, pairHigh(a, b), factors);
        const d = bytesHigh(l0, h0);
        const e = bytesHigh(l1, h1);
        sums2 = madd(sums2, pairLow(d, e), factors);
        sums3 = madd(sums3, pairHigh(d, e), factors);
      }
      {
        const c = first + half + 2;
        const factors = factorPair(model, c, columns);
        const low = v128.and(t4, i8x16.splat(15));
        const high = i8x16.shr_u(t4, 4);
        const one = tables + (<usize>c << 5);
        const l0 = i8x16.swizzle(lowPlane(one), low);
        const h0 = i8x16.swizzle(highPlane(one), low);
        const l1 = i8x16.swizzle(lowPlane(one + 256), high);
        const h1 = i8x16.swizzle(highPlane(one + 256), high);
        const a = bytesLow(l0, h0);
        const b = bytesLow(l1, h1);
        sums0 = madd(sums0, pairLow(a, b), factors);
        sums1 = madd(sums1, pairHigh(a, b), factors);
        const d = bytesHigh(l0, h0);
        const e = bytesHigh(l1, h1);
        sums2 = madd(sums2, pairLow(d, e), factors);
        sums3 = madd(sums3, pairHigh(d, e), factors);
      }
      {
        const c = first + half + 18;
        const factors = factorPair(model, c, columns);
        const low = v128.and(t5, i8x16.splat(15));
        const high = i8x16.shr_u(t5, 4);
        const one = tables + (<usize>c << 5);
        const l0 = i8x16.swizzle(lowPlane(one), low);
        const h0 = i8x16.swizzle(highPlane(one), low);
        const l1 = i8x16.swizzle(lowPlane(one + 256), high);
        const h1 = i8x16.swizzle(highPlane(one + 256), high);
        const a = bytesLow(l0, h0);
        const b = bytesLow(l1, h1);
        sums0 = madd(sums0, pairLow(a, b), factors);
        sums1 = madd(sums1, pairHigh(a, b), factors);
        const d = bytesHigh(l0, h0);
        const e = bytesHigh(l1, h1);
        sums2 = madd(sums2, pairLow(d, e), factors);
        sums3 = madd(sums3, pairHigh(d, e), factors);
      }
      {
        const c = first + half + 3;
        const factors = factorPair(model, c, columns);
        const low = v128.and(t6, i8x16.splat(15));
        const high = i8x16.shr_u(t6, 4);
        const one = tables + (<usize>c << 5);
        const l0 = i8x16.swizzle(lowPlane(one), low);
        const h0 = i8x16.swizzle(highPlane(one), low);
        const l1 = i8x16.swizzle(lowPlane(one + 256), high);
        const h1 = i8x16.swizzle(highPlane(one + 256), high);
        const a = bytesLow(l0, h0);
        const b = bytesLow(l1, h1);
        sums0 = madd(sums0, pairLow(a, b), factors);
        sums1 = madd(sums1, pairHigh(a, b), factors);
        const d = bytesHigh(l0, h0);
        const e = bytesHigh(l1, h1);
        sums2 = madd(sums2, pairLow(d, e), factors);
        sums3 = madd(sums3, pairHigh(d, e), factors);
      }
      {
        const c = first + half + 19;
        const factors = factorPair(model, c, columns);
        const low = v128.and(t7, i8x16.splat(15));
        const high = i8x16.shr_u(t7, 4);
        const one = tables + (<usize>c << 5);
        const l0 = i8x16.swizzle(lowPlane(one), low);
        const h0 = i8x16.swizzle(highPlane(one), low);
        const l1 = i8x16.swizzle(lowPlane(one + 256), high);
        const h1 = i8x16.swizzle(highPlane(one + 256), high);
        const a = bytesLow(l0, h0);
        const b = bytesLow(l1, h1);
        sums0 = madd(sums0, pairLow(a, b), factors);
        sums1 = madd(sums1, pairHigh(a, b), factors);
        const d = bytesHigh(l0, h0);
        const e = bytesHigh(l1, h1);
        sums2 = madd(sums2, pairLow(d, e), factors);
        sums3 = madd(sums3, pairHigh(d, e), factors);
      }
      addSums(out, sums0, 0);
      addSums(out + 32, sums1, 0);
      addSums(out + 64, sums2, 0);
      addSums(out + 96, sums3, 0);
      at += 8;
    }
  }
}

/** As {@link dotTile}: each column's sixteen rows against the residuals, four neighbouring columns at a time. */
export function gradientTile(at: usize, stride: usize, columns: i32, tables: usize, residuals: usize, out: usize): void {
  const r0 = v128.load(residuals);
  const r1 = v128.load(residuals, 16);
  for (let first = 0; first < columns; first += 32) {
    for (let half = 0; half < 8; half += 4) {
      const p0 = bytesLow(v128.load64_zero(at + 0 * stride), v128.load64_zero(at + 8 * stride));
      const p1 = bytesLow(v128.load64_zero(at + 1 * stride), v128.load64_zero(at + 9 * stride));
      const p2 = bytesLow(v128.load64_zero(at + 2 * stride), v128.load64_zero(at + 10 * stride));
      const p3 = bytesLow(v128.load64_zero(at + 3 * stride), v128.load64_zero(at + 11 * stride));
      const p4 = bytesLow(v128.load64_zero(at + 4 * stride), v128.load64_zero(at + 12 * stride));
      const p5 = bytesLow(v128.load64_zero(at + 5 * stride), v128.load64_zero(at + 13 * stride));
      const p6 = bytesLow(v128.load64_zero(at + 6 * stride), v128.load64_zero(at + 14 * stride));
      const p7 = bytesLow(v128.load64_zero(at + 7 * stride), v128.load64_zero(at + 15 * stride));
      const q0 = bytesLow(p0, p4);
      const q4 = bytesHigh(p0, p4);
      const q1 = bytesLow(p1, p5);
      const q5 = bytesHigh(p1, p5);
      const q2 = bytesLow(p2, p6);
      const q6 = bytesHigh(p2, p6);
      const q3 = bytesLow(p3, p7);
      const q7 = bytesHigh(p3, p7);
      const s0 = bytesLow(q0, q2);
      const s2 = bytesHigh(q0, q2);
      const s1 = bytesLow(q1, q3);
      const s3 = bytesHigh(q1, q3);
      const s4 = bytesLow(q4, q6);
      const s6 = bytesHigh(q4, q6);
      const s5 = bytesLow(q5, q7);
      const s7 = bytesHigh(q5, q7);
      const t0 = bytesLow(s0, s1);
      const t1 = bytesHigh(s0, s1);
      const t2 = bytesLow(s2, s3);
      const t3 = bytesHigh(s2, s3);
      const t4 = bytesLow(s4, s5);
      const t5 = bytesHigh(s4, s5);
      const t6 = bytesLow(s6, s7);
      const t7 = bytesHigh(s6, s7);
      const table = tables + (<usize>(first + half) << 5);
      const to = out + (<usize>(first + half) << 3);
      addSums(
        to + 0,
        addAcross(
          rowProducts(v128.and(t0, i8x16.splat(15)), table + 0, r0, r1),
          rowProducts(v128.and(t2, i8x16.splat(15)), table + 32, r0, r1),
          rowProducts(v128.and(t4, i8x16.splat(15)), table + 64, r0, r1),
          rowProducts(v128.and(t6, i8x16.splat(15)), table + 96, r0, r1),
        ),
        0,
      );
      addSums(
        to + 64,
        addAcross(
          rowProducts(i8x16.shr_u(t0, 4), table + 256, r0, r1),
          rowProducts(i8x16.shr_u(t2, 4), table + 288, r0, r1),
          rowProducts(i8x16.shr_u(t4, 4), table + 320, r0, r1),
          rowProducts(i8x16.shr_u(t6, 4), table + 352, r0, r1),
        ),
        0,
      );
      addSums(
        to + 128,
        addAcross(
          rowProducts(v128.and(t1, i8x16.splat(15)), table + 512, r0, r1),
          rowProducts(v128.and(t3, i8x16.splat(15)), table + 544, r0, r1),
          rowProducts(v128.and(t5, i8x16.splat(15)), table + 576, r0, r1),
          rowProducts(v128.and(t7, i8x16.splat(15)), table + 608, r0, r1),
        ),
        0,
      );
      addSums(
        to + 192,
        addAcross(
          rowProducts(i8x16.shr_u(t1, 4), table + 768, r0, r1),
          rowProducts(i8x16.shr_u(t3, 4), table + 800, r0, r1),
          rowProducts(i8x16.shr_u(t5, 4), table + 832, r0, r1),
          rowProducts(i8x16.shr_u(t7, 4), table + 864, r0, r1),
        ),
        0,
      );
      at += 8;
    }
  }
}
