import { held, heldDouble } from "./held";
import { drawWords, fillBlocks, lowWords } from "./philox";

// Position and threshold are one fixed-point number: F = ⌈position · 2^32 − ½⌉ has the base level above and, below, the
// count of words that go up, as word + ½ < x is word < ⌈x − ½⌉. A threshold of 2^32 carries into the base, which is the
// same code.

/** 2^52: adding it to a whole number below leaves that number in the low bits. */
export const magic: f64 = 4503599627370496.0;

@inline
export function fixedPoint(clamped: v128, low: v128, scale: v128, half: v128, lift: v128): v128 {
  const position = f64x2.mul(f64x2.sub(clamped, low), scale);
  return f64x2.add(f64x2.ceil(f64x2.sub(position, half)), lift);
}

@inline
export function encodeOne(value: f64, low: f64, high: f64, scale: f64, samples: i32, words: usize): u32 {
  const clamped = value < low ? low : value > high ? high : value;
  const fixed = <i64>ceil<f64>((clamped - low) * scale - 0.5);
  const threshold = <u32>fixed;
  let code = <u32>samples * <u32>(fixed >> 32);
  for (let draw = 0; draw < samples; draw++) code += <u32>(load<u32>(words + (<usize>draw << 2)) < threshold);
  return code;
}

@inline
function clamp(value: v128, low: v128, high: v128): v128 {
  return f64x2.pmin(f64x2.pmax(value, low), high);
}

/**
 * Codes at k = 2 of eight values after eight, given the words by lanes: the values with even numbers use the first two words
 * of a block, the odd ones the other two.
 *
 * @param count Of values, a multiple of 8.
 * @param period Bytes after which lows, highs and scales come round again, a multiple of 64.
 * @returns Not 0 where a value lies outside its levels, or is none.
 */
@inline
export function encodePairs(
  values: usize,
  count: i32,
  lows: usize,
  highs: usize,
  scales: usize,
  period: usize,
  words: usize,
  codes: usize,
): i32 {
  const half = f64x2.splat(heldDouble(0.5, count));
  const lift = f64x2.splat(heldDouble(magic, count));
  const two = i16x8.splat(<i16>held(2, count));
  const lower = i32x4.splat(held(0xffff, count));
  let outside = i32x4.splat(0);
  const end = values + (<usize>count << 3);
  let at: usize = 0;
  while (values < end) {
    let low = v128.load(lows + at);
    let value = v128.load(values);
    let clamped = clamp(value, low, v128.load(highs + at));
    outside = v128.or(outside, f64x2.ne(clamped, value));
    const a = fixedPoint(clamped, low, v128.load(scales + at), half, lift);
    low = v128.load(lows + at, 16);
    value = v128.load(values, 16);
    clamped = clamp(value, low, v128.load(highs + at, 16));
    outside = v128.or(outside, f64x2.ne(clamped, value));
    const b = fixedPoint(clamped, low, v128.load(scales + at, 16), half, lift);
    low = v128.load(lows + at, 32);
    value = v128.load(values, 32);
    clamped = clamp(value, low, v128.load(highs + at, 32));
    outside = v128.or(outside, f64x2.ne(clamped, value));
    const c = fixedPoint(clamped, low, v128.load(scales + at, 32), half, lift);
    low = v128.load(lows + at, 48);
    value = v128.load(values, 48);
    clamped = clamp(value, low, v128.load(highs + at, 48));
    outside = v128.or(outside, f64x2.ne(clamped, value));
    const d = fixedPoint(clamped, low, v128.load(scales + at, 48), half, lift);

    let first = i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    let last = i8x16.shuffle(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    let thresholds = lowWords(first, last);
    let bases = i8x16.shuffle(first, last, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    let down = i32x4.add(i32x4.ge_u(v128.load(words), thresholds), i32x4.ge_u(v128.load(words, 16), thresholds));
    const even = v128.and(i32x4.add(i32x4.shl(bases, 1), down), lower);

    first = i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    last = i8x16.shuffle(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    thresholds = lowWords(first, last);
    bases = i8x16.shuffle(first, last, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    down = i32x4.add(i32x4.ge_u(v128.load(words, 32), thresholds), i32x4.ge_u(v128.load(words, 48), thresholds));
    const odd = i32x4.shl(i32x4.add(i32x4.shl(bases, 1), down), 16);

    v128.store(codes, i16x8.add(v128.or(even, odd), two));
    values += 64;
    words += 64;
    codes += 16;
    at += 64;
    if (at == period) at = 0;
  }
  return <i32>v128.any_true(outside);
}

/**
 * Codes of whole rows that lie one after another, the words of the stream one after another too.
 *
 * @param samples Int32 per column; looked at unless `pairs`.
 * @param pairs Number of values, from the first on, that are encoded in pairs of words: 0, or a multiple of 8 where all
 * columns have k = 2, `word` is a multiple of 4, and lows, highs and scales stand repeated up to a multiple of 8 columns.
 * @param period Numbers after which they come round again.
 * @param words Of all values together.
 * @returns Not 0 where a value lies outside its levels.
 */
export function encodeFlat(
  values: usize,
  count: i32,
  columns: i32,
  lows: usize,
  highs: usize,
  scales: usize,
  samples: usize,
  pairs: i32,
  period: i32,
  codes: usize,
  keyLow: i32,
  keyHigh: i32,
  indexLow: i32,
  indexHigh: i32,
  firstWord: f64,
  words: i32,
  scratch: usize,
): i32 {
  let word = <u64>firstWord;
  let outside = 0;
  if (pairs > 0) {
    fillBlocks(keyLow, keyHigh, indexLow, indexHigh, word >> 2, pairs >> 1, true, scratch);
    outside = encodePairs(values, pairs, lows, highs, scales, <usize>period << 3, scratch, codes);
    word += 2 * pairs;
    if (pairs == count) return outside;
  }
  let drawn = drawWords(keyLow, keyHigh, indexLow, indexHigh, word, words - 2 * pairs, scratch);
  for (let i = pairs, c = pairs % columns; i < count; i++) {
    const at = <usize>c << 3;
    const low = load<f64>(lows + at);
    const high = load<f64>(highs + at);
    const value = load<f64>(values + (<usize>i << 3));
    const k = load<i32>(samples + (<usize>c << 2));
    outside |= <i32>(value < low) | <i32>(value > high);
    store<u16>(codes + (<usize>i << 1), <u16>encodeOne(value, low, high, load<f64>(scales + at), k, drawn));
    drawn += <usize>k << 2;
    c = c + 1 == columns ? 0 : c + 1;
  }
  return outside;
}

/** Whether all values are finite. */
export function allFinite(values: usize, count: i32): i32 {
  const zero = f64x2.splat(0);
  let sums = zero;
  let i = 0;
  // Times 0 a number is 0, and what is none or has no end is NaN.
  for (; i + 2 <= count; i += 2, values += 16) sums = f64x2.add(sums, f64x2.mul(v128.load(values), zero));
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  if (i < count) sum += load<f64>(values) * 0;
  return <i32>(sum == 0);
}
