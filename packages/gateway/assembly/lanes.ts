import { held } from "../../codec/assembly/held";

// Shared pieces. Everything is inlined: a call in an inner loop would spill the accumulators.

/** Most 16-byte blocks of a row between two widenings: 64 · 4 products of 255 · 32,768 stay below 2^31. */
export const blockLimit: i32 = 64;

/** Most rows of a gradient between two widenings: 128 sums of two products of 255 · 32,768 stay below 2^31. */
export const rowLimit: i32 = 256;

const stripBytes: usize = 160 * 1024;

/**
 * Rows, a multiple of 4, whose blocks a gradient reads one column of blocks after the other, with a widening after each: so
 * many that they stay in the nearer caches, and their pages in the processor's table of addresses, until the last column is
 * read, and no more than {@link rowLimit}.
 */
@inline
export function stripRows(stride: usize): i32 {
  return min(rowLimit, max(32, <i32>(stripBytes / stride) & ~3));
}

/** accumulator + sums of neighbouring products. */
@inline
export function madd(accumulator: v128, a: v128, b: v128): v128 {
  return i32x4.add(accumulator, i32x4.dot_i16x8_s(a, b));
}

@inline
export function swapHalves(a: v128): v128 {
  return i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
}

/** The four int32 as doubles, added up: the sum may leave 32 bits. */
@inline
export function total(a: v128): f64 {
  const pairs = f64x2.add(lowDoubles(a), highDoubles(a));
  return f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1);
}

/** Of two registers by turns: their bytes, or their words of 32 bits; the lower halves, or the upper. */
@inline
export function bytesLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline
export function bytesHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

@inline
export function wordsLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}

@inline
export function wordsHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
}

/** Sums of the lanes of each, as two doubles; they must fit int32. */
@inline
export function bothTotals(a: v128, b: v128): v128 {
  const pairs = i32x4.add(wordsLow(a, b), wordsHigh(a, b));
  return lowDoubles(i32x4.add(pairs, swapHalves(pairs)));
}

/** Sums of the lanes of each, one a lane; they must fit int32. */
@inline
export function fourTotals(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(wordsLow(a, b), wordsHigh(a, b));
  const cd = i32x4.add(wordsLow(c, d), wordsHigh(c, d));
  return i32x4.add(
    i8x16.shuffle(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    i8x16.shuffle(ab, cd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  );
}

/** Lanes 0 and 1 as doubles. */
@inline
export function lowDoubles(a: v128): v128 {
  return f64x2.convert_low_i32x4_s(a);
}

/** Lanes 2 and 3 as doubles. */
@inline
export function highDoubles(a: v128): v128 {
  return f64x2.convert_low_i32x4_s(swapHalves(a));
}

/** Four doubles, `gap` bytes from each other. */
@inline
export function storeFour(out: usize, gap: usize, near: v128, far: v128): void {
  v128.store64_lane(out, near, 0);
  v128.store64_lane(out + gap, near, 1);
  v128.store64_lane(out + 2 * gap, far, 0);
  v128.store64_lane(out + 3 * gap, far, 1);
}

/** Lanes 0 to 3 of two rows side by side: even lanes from the first, odd ones from the second. */
@inline
export function pairLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

@inline
export function pairHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}

/** out[0 … 3] += the int32 shifted right; what is shifted out is 0. */
@inline
export function addSums(out: usize, sums: v128, shift: i32): void {
  const whole = i32x4.shr_s(sums, shift);
  v128.store(out, f64x2.add(v128.load(out), lowDoubles(whole)));
  v128.store(out, f64x2.add(v128.load(out, 16), highDoubles(whole)), 16);
}

/** A constant in every 16-bit lane, {@link held}. */
@inline
export function heldLanes(constant: i32, count: i32): v128 {
  return i16x8.splat(<i16>held(constant, count));
}

/** 2^width − 1 in every lane. */
@inline
export function fieldMask(width: i32): v128 {
  const mask: i32 = (1 << width) - 1;
  return i16x8.splat(<i16>mask);
}
