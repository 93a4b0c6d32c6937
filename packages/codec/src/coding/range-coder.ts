import { DecodeError } from "../errors.ts";

/**
 * A range coder (Martin, 1979) over probabilities in parts of 65,536, in whole numbers only. What is written is a fraction
 * of 1 in base 256: each symbol narrows an interval, and the shortest fraction within the last one is the message.
 */

/** Shares of a symbol's interval are told in parts of this. */
export const totalShare = 0x10000;
const word = 0x100000000;
/** The range is widened by a byte whenever it falls below. */
const smallestRange = 0x1000000;

/** Writes symbols. */
export class RangeEncoder {
  readonly #out: number[] = [];
  #low = 0;
  #range = word - 1;

  /** A symbol that covers the shares from `start` up to `start + share`, at least one. */
  encode(start: number, share: number): void {
    const unit = this.#range >>> 16;
    this.#narrow(unit * start, start + share === totalShare ? this.#range - unit * start : unit * share);
  }

  /** A whole number below `count`, all equally likely; count 1 to 65,536. */
  uniform(value: number, count: number): void {
    const unit = Math.floor(this.#range / count);
    this.#narrow(unit * value, value + 1 === count ? this.#range - unit * value : unit);
  }

  #narrow(offset: number, range: number): void {
    this.#low += offset;
    this.#range = range;
    if (this.#low >= word) this.#carry();
    while (this.#range < smallestRange) {
      this.#out.push(Math.floor(this.#low / smallestRange));
      this.#low = (this.#low % smallestRange) * 256;
      this.#range *= 256;
    }
  }

  #carry(): void {
    this.#low -= word;
    let at = this.#out.length - 1;
    for (; this.#out[at] === 0xff; at--) this.#out[at] = 0;
    this.#out[at] = (this.#out[at] as number) + 1;
  }

  /** Bytes so far; the end adds at most 4. */
  get length(): number {
    return this.#out.length;
  }

  /**
   * The shortest fraction in the interval, of those the smallest; zeros at its end are left out.
   *
   * @returns A new array.
   */
  finish(): Uint8Array<ArrayBuffer> {
    let unit = word;
    let value = Math.ceil(this.#low / unit) * unit;
    while (value >= this.#low + this.#range) {
      unit /= 256;
      value = Math.ceil(this.#low / unit) * unit;
    }
    this.#low = value;
    if (this.#low >= word) this.#carry();
    for (let i = 0; i < 4; i++) {
      this.#out.push(Math.floor(this.#low / smallestRange));
      this.#low = (this.#low % smallestRange) * 256;
    }
    let length = this.#out.length;
    while (length > 0 && this.#out[length - 1] === 0) length--;
    return Uint8Array.from(this.#out.slice(0, length));
  }
}

/** Reads what {@link RangeEncoder} wrote. Zeros follow the bytes. */
export class RangeDecoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** The fraction's distance from the interval's lower end. */
  #distance = 0;
  #range = word - 1;

  /** @param bytes The message; not kept beyond the decoder. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let i = 0; i < 4; i++) this.#distance = this.#distance * 256 + this.#next();
  }

  #next(): number {
    const at = this.#at++;
    return at < this.#bytes.length ? (this.#bytes[at] as number) : 0;
  }

  /** The share in which the fraction lies, 0 … 65,535. */
  target(): number {
    return Math.min(Math.floor(this.#distance / (this.#range >>> 16)), totalShare - 1);
  }

  /**
   * Takes the symbol that covers the shares from `start` up to `start + share`, {@link RangeDecoder.target} among them.
   *
   * @throws {@link DecodeError} `form` for a fraction outside every symbol.
   */
  take(start: number, share: number): void {
    const unit = this.#range >>> 16;
    this.#narrow(unit * start, start + share === totalShare ? this.#range - unit * start : unit * share);
  }

  /**
   * A whole number below `count`, all equally likely; count 1 to 65,536.
   *
   * @throws {@link DecodeError} as {@link RangeDecoder.take}.
   */
  uniform(count: number): number {
    const unit = Math.floor(this.#range / count);
    const value = Math.min(Math.floor(this.#distance / unit), count - 1);
    this.#narrow(unit * value, value + 1 === count ? this.#range - unit * value : unit);
    return value;
  }

  #narrow(offset: number, range: number): void {
    this.#distance -= offset;
    this.#range = range;
    // Only a fraction above the very first interval comes to this.
    if (this.#distance >= range)
      throw new DecodeError("form", "a message that stands for no codes", Math.min(this.#at, this.#bytes.length));
    while (this.#range < smallestRange) {
      this.#distance = this.#distance * 256 + this.#next();
      this.#range *= 256;
    }
  }

  /**
   * Refuses everything but the one message that the encoder writes for these symbols.
   *
   * @throws {@link DecodeError} `length` for bytes that no symbol needs, `form` for another fraction of the same interval.
   */
  end(): void {
    const { length } = this.#bytes;
    if (length > this.#at) throw new DecodeError("length", `${length - this.#at} bytes after the last code`, this.#at);
    const last = this.#bytes[length - 1];
    const unit = 256 ** (this.#at - length);
    const shortest =
      this.#distance < unit &&
      (last === undefined || (last !== 0 && this.#distance + (256 - last) * unit >= this.#range));
    if (!shortest) throw new DecodeError("form", "not the shortest message for its codes", Math.max(0, length - 1));
  }
}
