import { DecodeError } from "./errors.ts";
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
 * Packs codes at their channels' widths, least significant bit first, without padding between values or rows.
 *
 * @param codes rows × channels codes, none above its channel's top code.
 * @param quantizer Gives the widths.
 * @returns A new array; unused bits of the last byte are 0.
 */
export function packCodes(codes: Uint16Array, quantizer: Quantizer): Uint8Array {
  const widths = quantizer.channels.map((channel) => channel.bits);
  const body = new Uint8Array(packedSize(codes.length / widths.length, quantizer.rowBits));
  let buffer = 0;
  let held = 0;
  let at = 0;
  for (let i = 0, c = 0; i < codes.length; i++) {
    buffer |= (codes[i] as number) << held; // at most 7 + 16 bits are held
    held += widths[c] as number;
    c = c + 1 === widths.length ? 0 : c + 1;
    while (held >= 8) {
      body[at++] = buffer;
      buffer >>>= 8;
      held -= 8;
    }
  }
  if (held > 0) body[at] = buffer;
  return body;
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
  const width = channels.length;
  const bits = Uint8Array.from(channels, (channel) => channel.bits);
  const tops = Uint16Array.from(channels, (channel) => channel.top);
  const codes = new Uint16Array(rows * width);
  let buffer = 0;
  let held = 0;
  let at = 0;
  for (let i = 0, c = 0; i < codes.length; i++) {
    const b = bits[c] as number;
    while (held < b) {
      buffer |= (body[at++] as number) << held;
      held += 8;
    }
    const code = buffer & ((1 << b) - 1);
    if (code > (tops[c] as number))
      throw new DecodeError(
        "code",
        `row ${Math.floor(i / width)}, channel ${c}: code ${code} above ${tops[c]}`,
        at - 1,
      );
    codes[i] = code;
    buffer >>>= b;
    held -= b;
    c = c + 1 === width ? 0 : c + 1;
  }
  if (buffer !== 0) throw new DecodeError("padding", "unused bits of the last byte must be 0", body.length - 1);
  return codes;
}
