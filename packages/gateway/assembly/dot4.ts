import { blockLimit, fourTotals, heldLanes, highDoubles, lowDoubles, madd, storeFour } from "./lanes";
import { digitLimit, fitsDigits, quadDigits, splitModel } from "./relaxed";
import { larger, largestOf, loadTwo, odder, residualsOf } from "./residuals";

// Dots of 4-bit codes, four rows at a time that share the model's loads and lie a quarter of the rows apart: long runs through
// memory are read faster side by side than one alone.

/**
 * Dots of all rows; where there are labels, their residuals in their place, without a second pass.
 *
 * @param scratch For a model's digits, where there are relaxed instructions.
 * @param narrow Not 0 where the last block holds eight columns at most, which are its field 0 alone.
 * @param labels Float64; 0 for none.
 * @returns The largest magnitude of the residuals; NaN where any is NaN.
 */
export function dot4(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  model: usize,
  out: usize,
  scratch: usize,
  narrow: i32,
  labels: usize,
  unit: f64,
  offset: f64,
): f64 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (fitsDigits(model, blocks)) {
      splitModel(model, blocks, scratch);
      return blocks <= digitLimit
        ? shortDigits(codes, stride, rows, blocks, scratch, out, narrow, labels, unit, offset)
        : longDigits(codes, stride, rows, blocks, scratch, out, narrow, labels, unit, offset);
    }
  }
  return blocks <= blockLimit
    ? shortRows(codes, stride, rows, blocks, model, out, narrow, labels, unit, offset)
    : longRows(codes, stride, rows, blocks, model, out, narrow, labels, unit, offset);
}

// Copies of the loop, as rows of more blocks than fit 32 bits have sums of doubles beside, which take registers. Each is a
// function: the optimizer folds copies in the arms of one branch into one loop, with the branch inside.

function shortRows(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  model: usize,
  out: usize,
  narrow: i32,
  labels: usize,
  unit: f64,
  offset: f64,
): f64 {
  return eachQuad(codes, stride, rows, blocks, model, out, narrow, labels, unit, offset, false, false);
}

function longRows(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  model: usize,
  out: usize,
  narrow: i32,
  labels: usize,
  unit: f64,
  offset: f64,
): f64 {
  return eachQuad(codes, stride, rows, blocks, model, out, narrow, labels, unit, offset, true, false);
}

function shortDigits(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  model: usize,
  out: usize,
  narrow: i32,
  labels: usize,
  unit: f64,
  offset: f64,
): f64 {
  return eachQuad(codes, stride, rows, blocks, model, out, narrow, labels, unit, offset, false, true);
}

function longDigits(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  model: usize,
  out: usize,
  narrow: i32,
  labels: usize,
  unit: f64,
  offset: f64,
): f64 {
  return eachQuad(codes, stride, rows, blocks, model, out, narrow, labels, unit, offset, true, true);
}

@inline
function quadTotals(
  a: usize,
  apart: usize,
  whole: usize,
  model: usize,
  narrow: i32,
  low: v128,
  digits: bool,
): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (digits) return quadDigits(a, apart, whole, model, narrow, low);
  }
  return quadDots(a, apart, whole, model, narrow, low);
}

/** Four rows a turn, and the last one to three each as four times the same. */
@inline
function eachQuad(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  model: usize,
  out: usize,
  narrow: i32,
  labels: usize,
  unit: f64,
  offset: f64,
  wide: bool,
  digits: bool,
): f64 {
  const quarter = rows >> 2;
  const turns = quarter + (rows & 3);
  const units = f64x2.splat(unit);
  const offsets = f64x2.splat(offset);
  // Here, as it would be made anew for every four rows below.
  const low = heldLanes(digits ? 0x0f0f : 0x0f, rows);
  const limit: usize = (digits ? digitLimit : blockLimit) << 4;
  const whole = <usize>(narrow ? blocks - 1 : blocks) << 4;
  const label = labels - out;
  let apart = <usize>quarter * stride;
  let gap = <usize>quarter << 3;
  let most = f64x2.splat(0);
  let odd = most;
  for (let turn = 0; turn < turns; turn++, codes += stride, out += 8) {
    if (turn == quarter) {
      codes += 3 * apart;
      out += 3 * gap;
      apart = 0;
      gap = 0;
    }
    let near = f64x2.splat(0);
    let far = near;
    let a = codes;
    let m = model;
    let left = whole;
    if (wide)
      for (; left > limit; left -= limit) {
        const totals = quadTotals(a, apart, limit, m, 0, low, digits);
        near = f64x2.add(near, lowDoubles(totals));
        far = f64x2.add(far, highDoubles(totals));
        a += limit;
        m += limit << 2;
      }
    const totals = quadTotals(a, apart, left, m, narrow, low, digits);
    near = wide ? f64x2.add(near, lowDoubles(totals)) : lowDoubles(totals);
    far = wide ? f64x2.add(far, highDoubles(totals)) : highDoubles(totals);
    if (labels) {
      near = residualsOf(near, loadTwo(out + label, gap), units, offsets);
      far = residualsOf(far, loadTwo(out + label + 2 * gap, gap), units, offsets);
      most = larger(larger(most, near), far);
      odd = odder(odder(odd, near), far);
    }
    storeFour(out, gap, near, far);
  }
  return largestOf(most, odd);
}

/**
 * sum + products of the four fields of the block that lies there. One sum a row: more of them would leave the registers. The
 * upper byte of a lane is read from one byte on, which saves a shift.
 */
@inline
function addBlock(sum: v128, at: usize, low: v128, m: v128, n: v128, o: v128, p: v128): v128 {
  const v = v128.load(at);
  sum = madd(sum, v128.and(v, low), m);
  sum = madd(sum, v128.and(v128.load(at, 1), low), o);
  sum = madd(sum, v128.and(i16x8.shr_u(v, 4), low), n);
  return madd(sum, i16x8.shr_u(v, 12), p);
}

/**
 * Dots of four rows, `apart` bytes from each other, of so many bytes of whole blocks and perhaps a narrow one: int32, as 65
 * blocks of 32 products of 15 and 2^15 stay below 2^31.
 */
@inline
function quadDots(a: usize, apart: usize, whole: usize, model: usize, narrow: i32, low: v128): v128 {
  const end = a + whole;
  let sumA = i32x4.splat(0);
  let sumB = sumA;
  let sumC = sumA;
  let sumD = sumA;
  while (a < end) {
    const across = a + 2 * apart;
    const m = v128.load(model);
    const n = v128.load(model, 16);
    const o = v128.load(model, 32);
    const p = v128.load(model, 48);
    sumA = addBlock(sumA, a, low, m, n, o, p);
    sumB = addBlock(sumB, a + apart, low, m, n, o, p);
    sumC = addBlock(sumC, across, low, m, n, o, p);
    sumD = addBlock(sumD, across + apart, low, m, n, o, p);
    a += 16;
    model += 64;
  }
  if (narrow) {
    // The other fields are padding, which is 0.
    const across = a + 2 * apart;
    const m = v128.load(model);
    sumA = madd(sumA, v128.load(a), m);
    sumB = madd(sumB, v128.load(a + apart), m);
    sumC = madd(sumC, v128.load(across), m);
    sumD = madd(sumD, v128.load(across + apart), m);
  }
  return fourTotals(sumA, sumB, sumC, sumD);
}
