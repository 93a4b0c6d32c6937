import { addSums, heldLanes, madd, pairHigh, pairLow } from "./lanes";

// The gradient of 4-bit codes where residuals are bytes and there are many rows: rows of one residual are added up as bytes, and
// only the sums, a seventh as many, are multiplied.
//
// Rows are sorted by residual, four to a quad: where a residual's last quad is not full, rows of zeros stand in. A group is one
// residual's quads, four of them at most: a byte holds the sum of 16 codes. Sums run on from group to group and wrap; what
// they were at the end of a group less what they were before it is the group's own. So no branch depends on the residuals.
// One sum is of whole bytes and one of their upper codes: what the upper codes leave of the bytes are the lower ones.

/** Most rows that are sorted in one go. */
const groupedRows: i32 = 1024;

/** The fewest rows, and blocks of a row, for which sorting pays. */
export const leastRows: i32 = 384;
export const leastBlocks: i32 = 8;

/** Most quads: all rows, and one that is not full for each residual. */
const mostQuads: usize = 1024 / 4 + 256;
/** Most groups: one that is not full for each residual. */
const mostGroups: usize = 1024 / 16 + 256;

/** Bytes of a group's sums: those of four blocks, 32 each. */
const sumBytes: usize = 128;

// The scratch: a place for each residual; rows by quads; where each quad's sums go; groups' residuals and one more; groups' sums,
// before them those of no row, behind them room for one more; a row of zeros.
const rowsAt: usize = 4 * 256;
const slotsAt: usize = rowsAt + 16 * mostQuads;
const factorsAt: usize = slotsAt + 4 * mostQuads;
const sumsAt: usize = factorsAt + 2 * (mostGroups + 8);
/** `groupedScratch` of the contract. */
const zerosAt: usize = 52 * 1024; // at least sumsAt + sumBytes * (mostGroups + 2)

/** Whether all residuals are bytes. */
export function areBytes(residuals: usize, rows: i32): bool {
  const end = residuals + (<usize>rows << 1);
  let r = residuals;
  let odd = i16x8.splat(0);
  for (; r + 16 <= end; r += 16) {
    const v = v128.load(r);
    odd = v128.or(odd, i16x8.ne(i16x8.extend_low_i8x16_s(i8x16.narrow_i16x8_s(v, v)), v));
  }
  if (v128.any_true(odd)) return false;
  for (; r < end; r += 2) if (<i32>load<i16>(r) != <i32>load<i8>(r)) return false;
  return true;
}

/**
 * Sorts rows by residual: their addresses by quads, where each quad's sums go, each group's residual.
 *
 * @returns Where the list of quads' sums ends.
 */
function sortRows(
  codes: usize,
  stride: usize,
  rows: i32,
  residuals: usize,
  scratch: usize,
): usize {
  const places = scratch + 4 * 128;
  memory.fill(scratch, 0, 4 * 256);
  const end = residuals + (<usize>rows << 1);
  for (let r = residuals; r < end; r += 2) {
    const place = places + (<isize>load<i16>(r) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
  const zeros = <u32>(scratch + zerosAt);
  let at = scratch + rowsAt;
  let slot = scratch + slotsAt;
  let factor = scratch + factorsAt;
  let sums = scratch + sumsAt;
  for (let residual: isize = -128; residual < 128; residual++) {
    const place = places + (residual << 2);
    const count = load<u32>(place);
    if (count == 0) continue;
    store<u32>(place, <u32>at);
    const quads = (count + 3) >> 2;
    for (let quad: u32 = 0; quad < quads; quad++, slot += 4) {
      if ((quad & 3) == 0) {
        sums += sumBytes;
        store<i16>(factor, <i16>residual);
        factor += 2;
      }
      store<u32>(slot, <u32>sums);
    }
    at += <usize>quads << 4;
    v128.store(at - 16, i32x4.splat(zeros));
  }
  // Pairs of groups are multiplied: one more, of residual 0, makes their number even.
  store<i16>(factor, 0);
  for (let r = residuals; r < end; r += 2, codes += stride) {
    const place = places + (<isize>load<i16>(r) << 2);
    const to = load<u32>(place);
    store<u32>(<usize>to, <u32>codes);
    store<u32>(place, to + 4);
  }
  return slot;
}

/** sum + four rows' bytes. */
@inline
function addBytes(sum: v128, a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.add(sum, i8x16.add(i8x16.add(a, b), i8x16.add(c, d)));
}

/** sum + the upper codes: averages of 16 times a code, twice, are exactly 4 times the codes' sum, and a byte still. */
@inline
function addUpper(sum: v128, a: v128, b: v128, c: v128, d: v128, high: v128): v128 {
  const ab = i8x16.avgr_u(v128.and(a, high), v128.and(b, high));
  const cd = i8x16.avgr_u(v128.and(c, high), v128.and(d, high));
  return i8x16.add(sum, i16x8.shr_u(i8x16.avgr_u(ab, cd), 2));
}

/** Running sums over all quads, of the 4 blocks, or the one, at an offset in the rows. */
function addBlocks(scratch: usize, end: usize, offset: usize, blocks: i32): void {
  if (blocks == 4) addQuads(scratch + rowsAt, scratch + slotsAt, end, offset, 4);
  else addQuads(scratch + rowsAt, scratch + slotsAt, end, offset, 1);
}

@inline
function addQuads(rows: usize, slots: usize, end: usize, offset: usize, blocks: i32): void {
  const high = heldLanes(0xf0f0, blocks);
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (; slots < end; slots += 4, rows += 16) {
    const p = <usize>load<u32>(rows) + offset;
    const q = <usize>load<u32>(rows, 4) + offset;
    const r = <usize>load<u32>(rows, 8) + offset;
    const t = <usize>load<u32>(rows, 12) + offset;
    const slot = <usize>load<u32>(slots);
    let a = v128.load(p);
    let b = v128.load(q);
    let c = v128.load(r);
    let d = v128.load(t);
    s0 = addBytes(s0, a, b, c, d);
    s1 = addUpper(s1, a, b, c, d, high);
    v128.store(slot, s0);
    v128.store(slot, s1, 16);
    if (blocks == 1) continue;
    a = v128.load(p, 16);
    b = v128.load(q, 16);
    c = v128.load(r, 16);
    d = v128.load(t, 16);
    s2 = addBytes(s2, a, b, c, d);
    s3 = addUpper(s3, a, b, c, d, high);
    v128.store(slot, s2, 32);
    v128.store(slot, s3, 48);
    a = v128.load(p, 32);
    b = v128.load(q, 32);
    c = v128.load(r, 32);
    d = v128.load(t, 32);
    s4 = addBytes(s4, a, b, c, d);
    s5 = addUpper(s5, a, b, c, d, high);
    v128.store(slot, s4, 64);
    v128.store(slot, s5, 80);
    a = v128.load(p, 48);
    b = v128.load(q, 48);
    c = v128.load(r, 48);
    d = v128.load(t, 48);
    s6 = addBytes(s6, a, b, c, d);
    s7 = addUpper(s7, a, b, c, d, high);
    v128.store(slot, s6, 96);
    v128.store(slot, s7, 112);
  }
}

/** A group's sums of lower codes, from those of bytes, modulo 256, and of upper codes. */
@inline
function lowerSums(bytes: v128, upper: v128, low: v128): v128 {
  return i8x16.sub(bytes, i16x8.shl(v128.and(upper, low), 4));
}

/** Products of the groups' sums, of one block among those that were added up. @param end Of the list of quads' sums. */
function multiplyGroups(scratch: usize, end: usize, block: usize, out: usize): void {
  let sums = scratch + sumsAt + (block << 5);
  const last = <usize>load<u32>(end - 4) + (block << 5);
  let factors = scratch + factorsAt;
  const byte = heldLanes(0xff, 1);
  const low = heldLanes(0x0f0f, 1);
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (; sums < last; sums += 2 * sumBytes, factors += 4) {
    const residual = v128.load32_splat(factors);
    let between = v128.load(sums, 144);
    const u = i8x16.sub(between, v128.load(sums, 16));
    const v = i8x16.sub(v128.load(sums, 272), between);
    between = v128.load(sums, 128);
    const x = lowerSums(i8x16.sub(between, v128.load(sums)), u, low);
    const y = lowerSums(i8x16.sub(v128.load(sums, 256), between), v, low);
    let l = pairLow(x, y);
    let h = pairHigh(x, y);
    s0 = madd(s0, v128.and(l, byte), residual);
    s1 = madd(s1, v128.and(h, byte), residual);
    s4 = madd(s4, i16x8.shr_u(l, 8), residual);
    s5 = madd(s5, i16x8.shr_u(h, 8), residual);
    l = pairLow(u, v);
    h = pairHigh(u, v);
    s2 = madd(s2, v128.and(l, byte), residual);
    s3 = madd(s3, v128.and(h, byte), residual);
    s6 = madd(s6, i16x8.shr_u(l, 8), residual);
    s7 = madd(s7, i16x8.shr_u(h, 8), residual);
  }
  addSums(out, s0, 0);
  addSums(out + 32, s1, 0);
  addSums(out + 64, s2, 0);
  addSums(out + 96, s3, 0);
  addSums(out + 128, s4, 0);
  addSums(out + 160, s5, 0);
  addSums(out + 192, s6, 0);
  addSums(out + 224, s7, 0);
}

/**
 * Whole blocks of all rows; residuals are bytes.
 *
 * @param scratch `groupedScratch` bytes and a row of zeros.
 */
export function groupedGradient(
  codes: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
  scratch: usize,
): void {
  memory.fill(scratch + zerosAt, 0, <usize>blocks << 4);
  memory.fill(scratch + sumsAt, 0, sumBytes);
  const strips = (rows + groupedRows - 1) / groupedRows;
  const strip = (rows + strips - 1) / strips;
  for (let r = 0; r < rows; r += strip) {
    const some = min(rows - r, strip);
    const end = sortRows(codes + <usize>r * stride, stride, some, residuals + (<usize>r << 1), scratch);
    for (let block = 0; block < blocks; ) {
      const next = blocks - block >= 4 ? block + 4 : block + 1;
      addBlocks(scratch, end, <usize>block << 4, next - block);
      for (let first = block; block < next; block++)
        multiplyGroups(scratch, end, <usize>(block - first), out + (<usize>block << 8));
    }
  }
}
