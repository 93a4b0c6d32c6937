import { fieldMask } from "./lanes";

// Codes at rest: field p of 16-bit lane k of a block is the code of the block's column 8·p + k.
/** Uint16 codes in natural order to rows at rest. */
export function packRows(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  columns: i32,
  codes: usize,
  codeStride: usize,
): void {
  const perBlock = 128 / width;
  const whole = columns / perBlock;
  const rest = columns % perBlock;
  for (let r = 0; r < count; r++) {
    let from = codes + <usize>r * codeStride;
    let to = rows + <usize>r * stride;
    for (let block = 0; block < whole; block++) {
      let lanes = v128.load(from);
      for (let shift = width; shift < 16; shift += width) {
        from += 16;
        lanes = v128.or(lanes, i16x8.shl(v128.load(from), shift));
      }
      from += 16;
      v128.store(to, lanes);
      to += 16;
    }
    if (rest > 0) v128.store(to, i64x2.splat(0));
    for (let c = 0; c < rest; c++) {
      const lane = to + (<usize>(c & 7) << 1);
      store<u16>(lane, load<u16>(lane) | (load<u16>(from + (<usize>c << 1)) << <u16>((c >> 3) * width)));
    }
  }
}

/** Rows at rest to uint16 codes in natural order. */
export function unpackRows(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  columns: i32,
  codes: usize,
  codeStride: usize,
): void {
  const mask = (1 << width) - 1;
  const masks = fieldMask(width);
  const perBlock = 128 / width;
  for (let r = 0; r < count; r++) {
    const from = rows + <usize>r * stride;
    const to = codes + <usize>r * codeStride;
    let c = 0;
    for (; c + 8 <= columns; c += 8) {
      const lanes = v128.load(from + (<usize>(c / perBlock) << 4));
      const shift = ((c % perBlock) >> 3) * width;
      v128.store(to + (<usize>c << 1), v128.and(i16x8.shr_u(lanes, shift), masks));
    }
    for (; c < columns; c++) {
      const lane = load<u16>(from + (<usize>(c / perBlock) << 4) + (<usize>(c & 7) << 1));
      store<u16>(to + (<usize>c << 1), <u16>((<i32>lane >> (((c % perBlock) >> 3) * width)) & mask));
    }
  }
}

@inline
function decodeEight(lanes: v128, shift: i32, masks: v128, offsets: usize, steps: usize, out: usize): void {
  const codes = v128.and(i16x8.shr_u(lanes, shift), masks);
  const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(codes));
  const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(codes));
  v128.store(out, f32x4.add(v128.load(offsets), f32x4.mul(v128.load(steps), low)));
  v128.store(out, f32x4.add(v128.load(offsets, 16), f32x4.mul(v128.load(steps, 16), high)), 16);
}

/** Rows at rest to float32, offset + step · code. */
export function decodeRows(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  blocks: i32,
  offsets: usize,
  steps: usize,
  out: usize,
  outStride: usize,
): void {
  const masks = fieldMask(width);
  for (let r = 0; r < count; r++) {
    let from = rows + <usize>r * stride;
    const end = from + (<usize>blocks << 4);
    let at: usize = 0;
    const to = out + <usize>r * outStride;
    if (width == 4)
      for (; from < end; from += 16) {
        const lanes = v128.load(from);
        decodeEight(lanes, 0, masks, offsets + at, steps + at, to + at);
        decodeEight(lanes, 4, masks, offsets + at + 32, steps + at + 32, to + at + 32);
        decodeEight(lanes, 8, masks, offsets + at + 64, steps + at + 64, to + at + 64);
        decodeEight(lanes, 12, masks, offsets + at + 96, steps + at + 96, to + at + 96);
        at += 128;
      }
    else
      for (; from < end; from += 16) {
        const lanes = v128.load(from);
        for (let shift = 0; shift < 16; shift += width) {
          decodeEight(lanes, shift, masks, offsets + at, steps + at, to + at);
          at += 32;
        }
      }
  }
}

/** Codes of a wire body, least significant bit first. @returns −1, or the first index above `top`. */
export function unpackWire(body: usize, firstBit: f64, bits: i32, count: i32, top: u32, codes: usize): i32 {
  let bit = <u64>firstBit;
  const mask = (<u64>1 << bits) - 1;
  for (let i = 0; i < count; i++) {
    const code = <u32>((load<u64>(body + <usize>(bit >> 3)) >> (bit & 7)) & mask);
    if (code > top) return i;
    store<u16>(codes + (<usize>i << 1), <u16>code);
    bit += bits;
  }
  return -1;
}

/** Uint16 codes into a wire body whose bits there are 0. */
export function packWire(codes: usize, count: i32, bits: i32, body: usize, firstBit: f64): void {
  let bit = <u64>firstBit;
  for (let i = 0; i < count; i++) {
    const at = body + <usize>(bit >> 3);
    store<u64>(at, load<u64>(at) | (<u64>load<u16>(codes + (<usize>i << 1)) << (bit & 7)));
    bit += bits;
  }
}
