import { DecodeError } from "../errors.ts";

/** Bits of a length that goes before a number. */
const lengthBits = 6;
/** Longest number: every whole number that a double holds. */
const longest = 53;

/** Writes numbers bit by bit, least significant first. */
export class BitWriter {
  readonly #out: number[] = [];
  #buffer = 0;
  #held = 0;

  /** A number of `bits` bits, 0 to 53. */
  put(value: number, bits: number): void {
    let rest = value;
    for (let left = bits; left > 0; left -= 16) {
      const part = Math.min(left, 16);
      this.#buffer |= (rest % 0x10000) << this.#held; // at most 7 + 16 bits are held
      rest = Math.floor(rest / 0x10000);
      this.#held += part;
      for (; this.#held >= 8; this.#held -= 8, this.#buffer >>>= 8) this.#out.push(this.#buffer & 0xff);
    }
  }

  /** A whole number 0 … 2⁵³ − 1: its length in bits, then its bits. */
  putNumber(value: number): void {
    let bits = 0;
    for (let rest = value; rest > 0; rest = Math.floor(rest / 2)) bits += 1;
    this.put(bits, lengthBits);
    this.put(value, bits);
  }

  /** Fills the last byte with zeros. @returns A new array. */
  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#held > 0 ? [...this.#out, this.#buffer] : this.#out);
  }
}

/** Reads what {@link BitWriter} wrote. Every fault is a {@link DecodeError}. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0; // in bits

  /** @param bytes Not kept beyond the reader. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A number of `bits` bits, 0 to 53. */
  take(bits: number): number {
    if (this.#bytes.length * 8 - this.#at < bits)
      throw new DecodeError("length", `${bits} bits more than the body has`, this.#bytes.length);
    let value = 0;
    let weight = 1;
    for (let left = bits; left > 0; left -= 1, weight *= 2, this.#at += 1)
      value += (((this.#bytes[this.#at >> 3] as number) >> (this.#at & 7)) & 1) * weight;
    return value;
  }

  /** The reverse of {@link BitWriter.putNumber}. */
  takeNumber(): number {
    const offset = this.#at >> 3;
    const bits = this.take(lengthBits);
    if (bits > longest) throw new DecodeError("range", `a number of ${bits} bits, more than ${longest}`, offset);
    const value = this.take(bits);
    if (bits > 0 && value < 2 ** (bits - 1))
      throw new DecodeError("form", "a number that is not in its shortest form", offset);
    return value;
  }

  /** Refuses an unused bit that is not 0. @returns The bytes after the last one used; a view. */
  rest(): Uint8Array {
    const unused = (8 - (this.#at & 7)) & 7;
    const end = (this.#at + unused) >> 3;
    if (this.take(unused) !== 0) throw new DecodeError("padding", "unused bits of a byte must be 0", end - 1);
    return this.#bytes.subarray(end);
  }
}
