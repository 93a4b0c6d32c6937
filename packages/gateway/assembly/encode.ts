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

/** Stochastic rounding of a vector to int16 lattice points 2·code − intervals; all 0 where the scale is. */
export function roundVector(
  values: usize,
  length: i32,
  intervals: i32,
  scale: f64,
  keyLow: i32,
  keyHigh: i32,
  indexLow: i32,
  indexHigh: i32,
  firstWord: f64,
  out: usize,
  scratch: usize,
): void {
  if (scale == 0) {
    memory.fill(out, 0, <usize>((length + 7) & ~7) << 1);
    return;
  }
  const words = drawWords(keyLow, keyHigh, indexLow, indexHigh, <u64>firstWord, length, scratch);
  // (v/scale + 1)/2 · intervals · 2^32, whose powers of two change no rounding.
  const factor = <f64>intervals * 2147483648.0;
  const whole = length & ~3;
  const scales = f64x2.splat(scale);
  const factors = f64x2.splat(factor);
  const low = f64x2.splat(heldDouble(-1, length));
  const half = f64x2.splat(heldDouble(0.5, length));
  const lift = f64x2.splat(heldDouble(magic, length));
  const mask = i32x4.splat(held(0xfffff, length));
  const shift = i32x4.splat(2 - intervals);
  for (let i = 0; i < whole; i += 4) {
    const at = values + (<usize>i << 3);
    const a = fixedPoint(f64x2.div(v128.load(at), scales), low, factors, half, lift);
    const b = fixedPoint(f64x2.div(v128.load(at, 16), scales), low, factors, half, lift);
    const bases = v128.and(
      i8x16.shuffle(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31),
      mask,
    );
    const down = i32x4.ge_u(v128.load(words + (<usize>i << 2)), lowWords(a, b));
    const codes = i32x4.add(bases, down);
    // 2·(code + 1) − intervals
    const points = i32x4.add(i32x4.shl(codes, 1), shift);
    v128.store64_lane(out + (<usize>i << 1), i16x8.narrow_i32x4_s(points, points), 0);
  }
  for (let i = whole; i < length; i++) {
    const position = load<f64>(values + (<usize>i << 3)) / scale;
    const code = encodeOne(position, -1, 1, factor, 1, words + (<usize>i << 2));
    store<i16>(out + (<usize>i << 1), <i16>(2 * <i32>code - intervals));
  }
  for (let i = length; i < ((length + 7) & ~7); i++) store<i16>(out + (<usize>i << 1), 0);
}
