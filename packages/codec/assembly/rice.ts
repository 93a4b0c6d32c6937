/** Quotients from here on are escaped. */
const escapeZeros: u32 = 8;
const parameterBits: u32 = 4;
/** Two histograms in turn: what comes often would otherwise wait for its own counter. */
const countBytes: usize = 1024;

/** Differences from the row before, folded, eight at a time; tops are below 2^15, so that every one that counts fits int16. */
function foldRows(codes: usize, count: i32, columns: i32, tops: usize, period: i32, folded: usize): void {
  const end = folded + (<usize>(count - columns) << 1);
  for (let p = 0; folded < end; folded += 16) {
    const before = v128.load(codes);
    const top = v128.load(tops + (<usize>p << 1));
    const difference = i16x8.sub(v128.load(codes + (<usize>columns << 1)), before);
    const distance = i16x8.abs(difference);
    const room = i16x8.min_s(before, i16x8.sub(top, before));
    const both = v128.xor(i16x8.shl(difference, 1), i16x8.shr_s(difference, 15));
    v128.store(folded, v128.bitselect(i16x8.add(distance, room), both, i16x8.gt_s(distance, room)));
    codes += 16;
    p += 8;
    if (p == period) p = 0;
  }
}

/** Bits of all numbers of a channel at parameter k, from their counts, those above the top being 0, or one by one. */
function bitsAt(k: u32, width: u32, top: u32, folded: usize, end: usize, stride: usize, counts: usize): u32 {
  let bits: u32 = 0;
  if (top < 256) {
    const escape = i32x4.splat(escapeZeros + width);
    const limit = i32x4.splat(escapeZeros);
    const own = i32x4.splat(1 + k);
    const four = i32x4.splat(4);
    let number = i32x4(0, 1, 2, 3);
    let sum = i32x4.splat(0);
    for (const last = counts + (<usize>top << 2); counts <= last; counts += 16) {
      const quotient = i32x4.shr_u(number, k);
      const each = v128.bitselect(i32x4.add(quotient, own), escape, i32x4.lt_s(quotient, limit));
      sum = i32x4.add(sum, i32x4.mul(i32x4.add(v128.load(counts), v128.load(counts + countBytes)), each));
      number = i32x4.add(number, four);
    }
    bits = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1);
    return bits + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
  }
  for (; folded < end; folded += stride) {
    const quotient = <u32>load<u16>(folded) >> k;
    bits += quotient < escapeZeros ? quotient + 1 + k : escapeZeros + width;
  }
  return bits;
}

/**
 * Folds the differences and chooses each channel's parameter, that of the fewest bits, the smallest of equals.
 *
 * @param count Codes, whole rows, at least one; 16 bytes past them are readable.
 * @param widths Int32 per column.
 * @param tops As for `anyAbove`, below 2^15.
 * @param folded Receives the numbers of all rows but the first, in the order of the codes, and up to 16 bytes more.
 * @param plans Receives a byte per column: 0 where nothing changes, else k + 1.
 * @param counts 2,048 bytes.
 * @returns Bits of the body.
 */
export function planRice(
  codes: usize,
  count: i32,
  columns: i32,
  widths: usize,
  tops: usize,
  period: i32,
  folded: usize,
  plans: usize,
  counts: usize,
): u32 {
  foldRows(codes, count, columns, tops, period, folded);
  const end = folded + (<usize>(count - columns) << 1);
  const stride = <usize>columns << 1;
  let total: u32 = 0;
  for (let c = 0; c < columns; c++) {
    const width = load<u32>(widths + (<usize>c << 2));
    const top = <u32>load<u16>(tops + (<usize>c << 1));
    const from = folded + (<usize>c << 1);
    memory.fill(counts, 0, 2 * countBytes);
    let any: u32 = 0;
    let turn = counts;
    const other = counts + counts + countBytes;
    for (let at = from; at < end; at += stride) {
      const number = <u32>load<u16>(at);
      any |= number;
      const counter = turn + (<usize>(number & 255) << 2);
      store<u32>(counter, load<u32>(counter) + 1);
      turn = other - turn;
    }
    let parameter: u32 = 0;
    let least: u32 = 0;
    if (any != 0) {
      least = 0xffffffff;
      for (let k: u32 = 0; k < min<u32>(width, 15); k++) {
        const bits = bitsAt(k, width, top, from, end, stride, counts);
        if (bits < least) {
          least = bits;
          parameter = k + 1;
        }
      }
    }
    store<u8>(plans + c, <u8>parameter);
    total += least + parameterBits + width;
  }
  return total;
}

/** Writes the body that was planned; up to 8 bytes past its end are overwritten. */
export function writeRice(
  codes: usize,
  count: i32,
  columns: i32,
  widths: usize,
  folded: usize,
  plans: usize,
  out: usize,
): void {
  const end = folded + (<usize>(count - columns) << 1);
  const stride = <usize>columns << 1;
  let buffer: u64 = 0;
  let held: u32 = 0;
  for (let c = 0; c < columns; c++) {
    const width = load<u32>(widths + (<usize>c << 2));
    const parameter = <u32>load<u8>(plans + c);
    buffer |= <u64>(parameter | (<u32>load<u16>(codes + (<usize>c << 1)) << parameterBits)) << held;
    held += parameterBits + width;
    store<u64>(out, buffer);
    out += held >> 3;
    buffer >>= held & ~7;
    held &= 7;
    if (parameter == 0) continue;
    const k = parameter - 1;
    const low: u32 = (1 << k) - 1;
    for (let at = folded + (<usize>c << 1); at < end; at += stride) {
      const number = <u32>load<u16>(at);
      const quotient = number >> k;
      if (quotient < escapeZeros) {
        buffer |= <u64>((1 | ((number & low) << 1)) << quotient) << held;
        held += quotient + 1 + k;
      } else {
        buffer |= <u64>number << (held + escapeZeros);
        held += escapeZeros + width;
      }
      store<u64>(out, buffer);
      out += held >> 3;
      buffer >>= held & ~7;
      held &= 7;
    }
  }
}

@inline
function unfold(before: i32, folded: i32, top: i32): i32 {
  const room = min(before, top - before);
  const both = before + ((folded >> 1) ^ -(folded & 1));
  const one = top < 2 * before ? top - folded : folded;
  return folded > 2 * room ? one : both;
}

/**
 * Reads a body.
 *
 * @param body Of which 8 bytes past the end are readable.
 * @param size Its bytes.
 * @returns 0, or 1 for a body that no encoder writes.
 */
export function readRice(
  body: usize,
  size: i32,
  count: i32,
  columns: i32,
  widths: usize,
  tops: usize,
  codes: usize,
): i32 {
  const bits = <u32>size << 3;
  const end = codes + (<usize>count << 1);
  const stride = <usize>columns << 1;
  let at: u32 = 0;
  for (let c = 0; c < columns; c++) {
    const width = load<u32>(widths + (<usize>c << 2));
    const top = <i32>load<u16>(tops + (<usize>c << 1));
    const head = <u32>(load<u64>(body + <usize>(at >> 3)) >> (at & 7));
    at += parameterBits + width;
    const parameter = head & 15;
    let before = <i32>((head >> parameterBits) & ((1 << width) - 1));
    if (at > bits || parameter > width || before > top) return 1;
    let to = codes + (<usize>c << 1);
    store<u16>(to, <u16>before);
    to += stride;
    if (parameter == 0) {
      for (; to < end; to += stride) store<u16>(to, <u16>before);
      continue;
    }
    const k = parameter - 1;
    const low: u32 = (1 << k) - 1;
    const all: u32 = (1 << width) - 1;
    for (; to < end; to += stride) {
      if (at >= bits) return 1;
      const word = <u32>(load<u64>(body + <usize>(at >> 3)) >> (at & 7));
      const quotient = ctz(word | 256);
      let folded: u32;
      if (quotient < escapeZeros) {
        folded = (quotient << k) | ((word >> (quotient + 1)) & low);
        at += quotient + 1 + k;
      } else {
        folded = (word >> escapeZeros) & all;
        at += escapeZeros + width;
        if (folded >> k < escapeZeros) return 1;
      }
      if (<i32>folded > top) return 1;
      before = unfold(before, folded, top);
      store<u16>(to, <u16>before);
    }
    if (at > bits) return 1;
  }
  const used = (at + 7) >> 3;
  const unused = (used << 3) - at;
  return <i32>(used < <u32>size || (unused > 0 && <u32>load<u8>(body + used - 1) >> (8 - unused) != 0));
}
