import { encodeOne, encodePairs, fixedPoint, magic } from "../../codec/assembly/encode";
import { held, heldDouble } from "../../codec/assembly/held";
import { drawWords, fillBlocks, lowWords } from "../../codec/assembly/philox";

/** Codes of two values at k = 2, in the low words, less 2. */
@inline
function pairOfCodes(fixed: v128, words: v128, mask: v128): v128 {
  const thresholds = i8x16.shuffle(fixed, fixed, 0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11);
  const down = i32x4.ge_u(words, thresholds);
  const base = v128.and(i64x2.shr_u(fixed, 31), mask);
  return i32x4.add(base, i32x4.add(down, i64x2.shr_u(down, 32)));
}

/** Counts what was clipped among columns `from` to `to` of a row; the first that is not finite, or −1. */
function countClipped(values: usize, lows: usize, highs: usize, from: i32, to: i32, clipped: usize): i32 {
  for (let c = from; c < to; c++) {
    const at = <usize>c << 3;
    const value = load<f64>(values + at);
    if (!isFinite<f64>(value)) return c;
    if (clipped != 0 && (value < load<f64>(lows + at) || value > load<f64>(highs + at))) {
      const counter = clipped + (<usize>c << 2);
      store<u32>(counter, load<u32>(counter) + 1);
    }
  }
  return -1;
}

/** A row's columns from `first` on, whose words stand at `words`; the first column that is not finite, or −1. */
function encodeRow(
  values: usize,
  first: i32,
  columns: i32,
  lows: usize,
  highs: usize,
  scales: usize,
  samples: i32,
  codes: usize,
  words: usize,
  clipped: usize,
): i32 {
  const whole = samples == 2 ? first + ((columns - first) & ~7) : first;
  const half = f64x2.splat(heldDouble(0.5, columns));
  const lift = f64x2.splat(heldDouble(magic, columns));
  const mask = i64x2.splat(<i64>held(0x1ffffe, columns));
  const two = i32x4.splat(held(2, columns));
  for (let c = first; c < whole; c += 8) {
    const at = <usize>c << 3;
    const w = words + (<usize>(c - first) << 3);
    let low = v128.load(lows + at);
    let value = v128.load(values + at);
    let clamped = f64x2.pmin(f64x2.pmax(value, low), v128.load(highs + at));
    let outside = f64x2.ne(clamped, value);
    const a = pairOfCodes(fixedPoint(clamped, low, v128.load(scales + at), half, lift), v128.load(w), mask);
    low = v128.load(lows + at, 16);
    value = v128.load(values + at, 16);
    clamped = f64x2.pmin(f64x2.pmax(value, low), v128.load(highs + at, 16));
    outside = v128.or(outside, f64x2.ne(clamped, value));
    const b = pairOfCodes(fixedPoint(clamped, low, v128.load(scales + at, 16), half, lift), v128.load(w, 16), mask);
    low = v128.load(lows + at, 32);
    value = v128.load(values + at, 32);
    clamped = f64x2.pmin(f64x2.pmax(value, low), v128.load(highs + at, 32));
    outside = v128.or(outside, f64x2.ne(clamped, value));
    const d = pairOfCodes(fixedPoint(clamped, low, v128.load(scales + at, 32), half, lift), v128.load(w, 32), mask);
    low = v128.load(lows + at, 48);
    value = v128.load(values + at, 48);
    clamped = f64x2.pmin(f64x2.pmax(value, low), v128.load(highs + at, 48));
    outside = v128.or(outside, f64x2.ne(clamped, value));
    const e = pairOfCodes(fixedPoint(clamped, low, v128.load(scales + at, 48), half, lift), v128.load(w, 48), mask);
    if (v128.any_true(outside)) {
      const odd = countClipped(values, lows, highs, c, c + 8, clipped);
      if (odd >= 0) return odd;
    }
    const narrow = i16x8.narrow_i32x4_u(i32x4.add(lowWords(a, b), two), i32x4.add(lowWords(d, e), two));
    v128.store(codes + (<usize>c << 1), narrow);
  }
  const odd = countClipped(values, lows, highs, whole, columns, clipped);
  if (odd >= 0) return odd;
  for (let c = whole; c < columns; c++) {
    const at = <usize>c << 3;
    const code = encodeOne(
      load<f64>(values + at),
      load<f64>(lows + at),
      load<f64>(highs + at),
      load<f64>(scales + at),
      samples,
      words + <usize>((c - first) * samples) * 4,
    );
    store<u16>(codes + (<usize>c << 1), <u16>code);
  }
  return -1;
}

/** @returns −1, or row · columns + column of the first value that is not finite. */
export function encodeRows(
  values: usize,
  valueStride: usize,
  rows: i32,
  columns: i32,
  lows: usize,
  highs: usize,
  scales: usize,
  samples: i32,
  codes: usize,
  codeStride: usize,
  keyLow: i32,
  keyHigh: i32,
  indexLow: i32,
  indexHigh: i32,
  firstWord: f64,
  wordsPerRow: i32,
  clipped: usize,
  scratch: usize,
): f64 {
  let word = <u64>firstWord;
  const whole = columns & ~7;
  for (let r = 0; r < rows; r++) {
    let first = 0;
    if (samples == 2 && (word & 3) == 0 && whole > 0) {
      fillBlocks(keyLow, keyHigh, indexLow, indexHigh, word >> 2, whole >> 1, true, scratch);
      if (encodePairs(values, whole, lows, highs, scales, 0, scratch, codes)) {
        const odd = countClipped(values, lows, highs, 0, whole, clipped);
        if (odd >= 0) return <f64>r * <f64>columns + <f64>odd;
      }
      first = whole;
    }
    if (first < columns) {
      const left = (columns - first) * samples;
      const words = drawWords(keyLow, keyHigh, indexLow, indexHigh, word + first * samples, left, scratch);
      const odd = encodeRow(values, first, columns, lows, highs, scales, samples, codes, words, clipped);
      if (odd >= 0) return <f64>r * <f64>columns + <f64>odd;
    }
    values += valueStride;
    codes += codeStride;
    word += wordsPerRow;
  }
  return -1;
}

/**
 * Stochastic rounding of a vector to int16 lattice points 2·code − intervals; all 0 where the scale is, or is so small that
 * nothing can be divided by it. A draw of 16 bits is added to the position in 2^−16 of a step, and what is below a step left out.
 * Returns the sum of the points.
 */
export function roundVector(
  values: usize,
  length: i32,
  intervals: i32,
  scale: f64,
  keyLow: i32,
  keyHigh: i32,
  indexLow: i32,
  indexHigh: i32,
  firstBlock: f64,
  out: usize,
  scratch: usize,
): f64 {
  // (v/scale + 1)/2 · intervals · 2^16; adding 2^52 as well rounds it to a whole number.
  const middle = <f64>intervals * 32768.0;
  const slope = middle / scale;
  if (!(slope < Infinity)) {
    memory.fill(out, 0, <usize>((length + 7) & ~7) << 1);
    return 0;
  }
  const blocks = (((length + 7) >> 3) + 3) & ~3;
  fillBlocks(keyLow, keyHigh, indexLow, indexHigh, <u64>firstBlock, blocks, false, scratch);
  const slopes = f64x2.splat(slope);
  const lift = f64x2.splat(middle + magic);
  const below = i16x8.splat(<i16>intervals);
  const one = i16x8.splat(1);
  // 64 bits, as there may be a million points.
  let sums = i64x2.splat(0);
  const end = out + (<usize>(length & ~7) << 1);
  for (; out < end; out += 16, values += 64, scratch += 16) {
    const draws = v128.load(scratch);
    const a = f64x2.add(f64x2.mul(v128.load(values), slopes), lift);
    const b = f64x2.add(f64x2.mul(v128.load(values, 16), slopes), lift);
    const c = f64x2.add(f64x2.mul(v128.load(values, 32), slopes), lift);
    const d = f64x2.add(f64x2.mul(v128.load(values, 48), slopes), lift);
    const codes = i16x8.narrow_i32x4_s(
      i32x4.shr_u(i32x4.add(lowWords(a, b), i32x4.extend_low_i16x8_u(draws)), 16),
      i32x4.shr_u(i32x4.add(lowWords(c, d), i32x4.extend_high_i16x8_u(draws)), 16),
    );
    const points = i16x8.sub(i16x8.add(codes, codes), below);
    v128.store(out, points);
    const pairs = i32x4.dot_i16x8_s(points, one);
    sums = i64x2.add(sums, i64x2.add(i64x2.extend_low_i32x4_s(pairs), i64x2.extend_high_i32x4_s(pairs)));
  }
  let sum = i64x2.extract_lane(sums, 0) + i64x2.extract_lane(sums, 1);
  for (let i = 0; i < (length & 7); i++, values += 8, scratch += 2, out += 2) {
    const fixed = <u32>reinterpret<u64>(load<f64>(values) * slope + (middle + magic));
    const point = 2 * <i32>((fixed + <u32>load<u16>(scratch)) >> 16) - intervals;
    store<i16>(out, <i16>point);
    sum += point;
  }
  for (let i = length; i < ((length + 7) & ~7); i++, out += 2) store<i16>(out, 0);
  return <f64>sum;
}
