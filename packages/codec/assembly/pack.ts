/**
 * Whether any code is above its channel's top.
 *
 * @param tops Uint16 per column, repeated up to `period`, a multiple of 8 columns.
 */
export function anyAbove(codes: usize, count: i32, tops: usize, period: i32): i32 {
  let above = i32x4.splat(0);
  let p = 0;
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    above = v128.or(above, i16x8.sub_sat_u(v128.load(codes), v128.load(tops + (<usize>p << 1))));
    codes += 16;
    p += 8;
    if (p == period) p = 0;
  }
  let rest: u32 = 0;
  for (; i < count; i++, p++, codes += 2) rest |= <u32>(load<u16>(codes) > load<u16>(tops + (<usize>p << 1)));
  return <i32>v128.any_true(above) | rest;
}

/**
 * Codes that fit their widths, least significant bit first without padding.
 *
 * @param widths Int32 per column.
 * @param even The width where all columns have the same and it is even and below 16, else 0.
 * @param out Of which 16 bytes past the end are writable, and which need not be 0.
 */
export function packCodes(codes: usize, count: i32, columns: i32, widths: usize, even: i32, out: usize): void {
  let i = 0;
  if (even > 0) {
    const factor: i32 = 1 | (1 << (16 + even));
    const factors = i32x4.splat(factor);
    const lower = i64x2.splat(0xffffffff);
    const half = <usize>even >> 1;
    const third = 2 * even;
    for (; i + 8 <= count; i += 8, codes += 16) {
      const pairs = i32x4.dot_i16x8_s(v128.load(codes), factors);
      const fours = v128.or(v128.and(pairs, lower), i64x2.shl(i64x2.shr_u(pairs, 32), third));
      v128.store64_lane(out, fours, 0);
      v128.store64_lane(out + half, fours, 1);
      out += even;
    }
  }
  let buffer: u64 = 0;
  let held = 0;
  for (let c = i % columns; i < count; i++, codes += 2) {
    buffer |= <u64>load<u16>(codes) << held;
    held += load<i32>(widths + (<usize>c << 2));
    c = c + 1 == columns ? 0 : c + 1;
    if (held >= 32) {
      store<u32>(out, <u32>buffer);
      out += 4;
      buffer >>= 32;
      held -= 32;
    }
  }
  store<u32>(out, <u32>buffer);
}

/**
 * The reverse.
 *
 * @param even As for `packCodes`.
 * @param body Of which 8 bytes past the end are readable.
 */
export function unpackCodes(body: usize, count: i32, columns: i32, widths: usize, even: i32, codes: usize): void {
  let i = 0;
  if (even > 0) {
    const pair = 2 * even;
    const half = <usize>even >> 1;
    const pairMask = i64x2.splat((<u64>1 << pair) - 1);
    const mask = i32x4.splat((1 << even) - 1);
    for (; i + 8 <= count; i += 8, codes += 16) {
      const fours = v128.load64_lane(body + half, v128.load64_zero(body), 1);
      const upper = i64x2.shl(v128.and(i64x2.shr_u(fours, pair), pairMask), 32);
      const pairs = v128.or(v128.and(fours, pairMask), upper);
      const odd = i32x4.shl(v128.and(i32x4.shr_u(pairs, even), mask), 16);
      v128.store(codes, v128.or(v128.and(pairs, mask), odd));
      body += even;
    }
  }
  let bit: usize = 0;
  for (let c = i % columns; i < count; i++, codes += 2) {
    const width = load<i32>(widths + (<usize>c << 2));
    store<u16>(codes, <u16>((load<u32>(body + (bit >> 3)) >> <u32>(bit & 7)) & ((1 << width) - 1)));
    bit += width;
    c = c + 1 == columns ? 0 : c + 1;
  }
}
