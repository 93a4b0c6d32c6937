import { DecodeError } from "../errors.ts";

/** Reads the few CBOR items that a frame has. Every fault is a {@link DecodeError}; nothing is read past the end. */
export interface Reader {
  /** Offset of the next byte. */
  readonly offset: number;
  /** Major type of the next item, 0 … 7. */
  peekMajor(): number;
  /** Argument of the next item, which must have this major type and an argument in shortest form, at most `most`. */
  head(major: number, what: string, most?: number): number;
  /** Head of an array of at most `most` items, each of which takes a byte at least: more than are left are refused. */
  items(what: string, most: number): number;
  /** A byte string; a copy. */
  bytes(what: string): Uint8Array;
  /** Refuses bytes after the last item. */
  end(): void;
}

const smallest = [24, 0x100, 0x10000, 0x100000000] as const;

/**
 * @param input The bytes; not kept beyond the reader.
 */
export function createReader(input: Uint8Array): Reader {
  return new BytesReader(input);
}

/** A class, not closures: a hostile sender decides how many are made, and most are given up after a few bytes. */
class BytesReader implements Reader {
  readonly #input: Uint8Array;
  #at = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  get offset(): number {
    return this.#at;
  }

  peekMajor(): number {
    this.#need(1, "the next field");
    return (this.#input[this.#at] as number) >> 5;
  }

  head(major: number, what: string, most: number = Number.MAX_SAFE_INTEGER): number {
    this.#need(1, what);
    const start = this.#at;
    const initial = this.#input[start] as number;
    this.#at = start + 1;
    if (initial >> 5 !== major)
      throw new DecodeError("type", `${what}: CBOR major type ${initial >> 5} where ${major} is due`, start);
    const value = this.#argument(initial & 31, what);
    if (value > most) throw new DecodeError("range", `${what}: ${value} is above ${most}`, start);
    return value;
  }

  items(what: string, most: number): number {
    const count = this.head(4, what, most);
    this.#need(count, what);
    return count;
  }

  bytes(what: string): Uint8Array {
    const length = this.head(2, what);
    this.#need(length, what);
    this.#at += length;
    // Not slice(), which some subclasses of Uint8Array override with a view.
    return new Uint8Array(this.#input.subarray(this.#at - length, this.#at));
  }

  end(): void {
    const left = this.#input.length - this.#at;
    if (left !== 0) throw new DecodeError("trailing", `${left} bytes after the frame`, this.#at);
  }

  #need(length: number, what: string): void {
    const left = this.#input.length - this.#at;
    if (left < length)
      throw new DecodeError("truncated", `${what}: ${length} bytes are needed and ${left} are left`, this.#at);
  }

  #argument(info: number, what: string): number {
    if (info < 24) return info;
    if (info > 27)
      throw new DecodeError("type", `${what}: indefinite lengths and reserved forms are not allowed`, this.#at - 1);
    const length = 1 << (info - 24);
    this.#need(length, what);
    const start = this.#at;
    this.#at += length;
    const value = this.#unsigned(start, length);
    if (value < (smallest[info - 24] as number))
      throw new DecodeError("form", `${what}: not in its shortest form`, start - 1);
    return value;
  }

  /** Most significant byte first. Multiplied, not shifted: the language's shifts stop at 32 bits. */
  #unsigned(start: number, length: number): number {
    let value = 0;
    for (let at = start; at < start + length; at++) value = value * 256 + (this.#input[at] as number);
    return value;
  }
}
