import { DecodeError, ReadingError } from "./errors.ts";
import { packByKernel, unpackByKernel } from "./kernels/pack.ts";
import type { Quantizer } from "./quantizer.ts";

/**
 * Bytes of a packed body: rows × the sum of the channels' widths, rounded up to whole bytes.
 *
 * @param rows Number of rows.
 * @param rowBits Sum of the channels' widths.
 */
export function packedSize(rows: number, rowBits: number): number {
  return Math.ceil((rows * rowBits) / 8);
}

/**
 * Packs numbers at widths that come round again, least significant bit first, without padding.
 *
 * @param codes Numbers that fit their widths.
 * @param widths Bits of one round, each 1 to 16; number i has width i mod their count.
 * @param size Bytes of the result.
 * @returns A new array; unused bits of the last byte are 0.
 */
export function packBits(codes: Uint16Array, widths: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let buffer = 0;
  let held = 0;
  let at = 0;
  for (let i = 0, c = 0; i < codes.length; i++) {
    buffer |= (codes[i] as number) << held; // at most 7 + 16 bits are held
    held += widths[c] as number;
    c = c + 1 === widths.length ? 0 : c + 1;
    while (held >= 8) {
      out[at++] = buffer;
      buffer >>>= 8;
      held -= 8;
    }
  }
  if (held > 0) out[at] = buffer;
  return out;
}

/**
 * The reverse of {@link packBits}.
 *
 * @param bytes Bytes of exactly the length that the numbers take.
 * @param widths Bits of one round.
 * @param codes Receives the numbers; its length says how many there are.
 * @param tops Largest number allowed, by place in the round.
 * @throws {@link DecodeError} `code` for a number above its top, `padding` for unused bits that are not 0.
 */
export function unpackBits(bytes: Uint8Array, widths: Uint8Array, codes: Uint16Array, tops: Uint16Array): void {
  const round = widths.length;
  const padded = new Uint8Array(bytes.length + 4); // words are read whole: of their 25 bits from any place, none needs more than 16
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  let at = 0; // in bits
  for (let i = 0, c = 0; i < codes.length; i++) {
    const width = widths[c] as number;
    const code = (view.getUint32(at >> 3, true) >>> (at & 7)) & ((1 << width) - 1);
    at += width;
    if (code > (tops[c] as number)) {
      const place = `row ${Math.floor(i / round)}, channel ${c}`;
      throw new DecodeError("code", `${place}: code ${code} above ${tops[c]}`, (at - 1) >> 3);
    }
    codes[i] = code;
    c = c + 1 === round ? 0 : c + 1;
  }
  if ((at & 7) !== 0 && (bytes[at >> 3] as number) >> (at & 7) !== 0)
    throw new DecodeError("padding", "unused bits of the last byte must be 0", bytes.length - 1);
}

function checkRows(codes: Uint16Array, width: number): void {
  if (codes.length % width !== 0)
    throw new ReadingError(
      "shape",
      `${codes.length} codes are no whole rows of ${width}`,
      Math.floor(codes.length / width),
      codes.length % width,
    );
}

/** A code too wide would silently spoil its neighbours, so it is refused here as the decoder would. */
function checkCodes(codes: Uint16Array, { channels }: Quantizer): void {
  const width = channels.length;
  for (let c = 0; c < width; c++) {
    const top = channels[c]?.top ?? 0;
    for (let i = c; i < codes.length; i += width)
      if ((codes[i] as number) > top)
        throw new ReadingError("code", `code ${codes[i]} above ${top}`, Math.floor(i / width), c);
  }
}

const widthsOf = (quantizer: Quantizer): Uint8Array => Uint8Array.from(quantizer.channels, (channel) => channel.bits);

/**
 * Packs codes at their channels' widths, least significant bit first, without padding between values or rows.
 *
 * @param codes rows × channels codes, none above its channel's top code.
 * @param quantizer Gives the widths.
 * @returns A new array; unused bits of the last byte are 0.
 * @throws {@link ReadingError} `shape` for codes that are no whole rows, `code` for one above its channel's top code.
 */
export function packCodes(codes: Uint16Array, quantizer: Quantizer): Uint8Array<ArrayBuffer> {
  checkRows(codes, quantizer.channels.length);
  const size = packedSize(codes.length / quantizer.channels.length, quantizer.rowBits);
  const packed = packByKernel(codes, quantizer, size);
  if (packed !== undefined) return packed;
  checkCodes(codes, quantizer);
  return packBits(codes, widthsOf(quantizer), size);
}

/**
 * Unpacks and checks a body.
 *
 * @param body What {@link packCodes} makes.
 * @param rows Number of rows; the body must have exactly their length.
 * @param quantizer Gives widths and top codes.
 * @returns rows × channels codes; a new array, allocated after the length was checked.
 * @throws {@link DecodeError} `length`, `padding`, or `code` for a code above k·s; offsets count from the body's start.
 */
export function unpackCodes(body: Uint8Array, rows: number, quantizer: Quantizer): Uint16Array {
  const { channels, rowBits } = quantizer;
  const expected = packedSize(rows, rowBits);
  if (body.length !== expected)
    throw new DecodeError("length", `a body of ${body.length} bytes where ${rows} rows take ${expected}`, 0);
  const used = (rows * rowBits) & 7;
  if (used === 0 || (body[expected - 1] as number) >> used === 0) {
    const unpacked = unpackByKernel(body, rows * channels.length, quantizer);
    if (unpacked !== undefined) return unpacked;
  }
  const codes = new Uint16Array(rows * channels.length);
  const tops = Uint16Array.from(channels, (channel) => channel.top);
  unpackBits(body, widthsOf(quantizer), codes, tops);
  return codes;
}
