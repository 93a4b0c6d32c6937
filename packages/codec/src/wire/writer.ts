/** Bytes of a CBOR head for an argument, in its shortest form (RFC 8949, section 4.2.1). */
export function headSize(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x10000) return 3;
  return argument < 0x100000000 ? 5 : 9;
}

/** Writes the few CBOR items that a frame has into bytes of a known size. */
export interface Writer {
  head(major: number, argument: number): void;
  bytes(value: Uint8Array): void;
  /** What was written; a view of the array made at the start. */
  finish(): Uint8Array;
}

/**
 * @param size Exact number of bytes that will be written.
 */
export function createWriter(size: number): Writer {
  return new ByteWriter(size);
}

/** A class, as one is made for every frame: methods are shared, closures would not be. */
class ByteWriter implements Writer {
  readonly #out: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.#out = new Uint8Array(size);
  }

  head(major: number, argument: number): void {
    const out = this.#out;
    const at = this.#at;
    const length = headSize(argument);
    const initial = major << 5;
    if (length === 1) out[at] = initial | argument;
    else {
      out[at] = initial | (length === 2 ? 24 : length === 3 ? 25 : length === 5 ? 26 : 27);
      // Most significant byte first; the language's shifts stop at 32 bits.
      for (let place = at + length - 1, rest = argument; place > at; place--, rest = Math.floor(rest / 256))
        out[place] = rest % 256;
    }
    this.#at = at + length;
  }

  bytes(value: Uint8Array): void {
    this.head(2, value.length);
    this.#out.set(value, this.#at);
    this.#at += value.length;
  }

  finish(): Uint8Array {
    return this.#at === this.#out.length ? this.#out : this.#out.subarray(0, this.#at);
  }
}
