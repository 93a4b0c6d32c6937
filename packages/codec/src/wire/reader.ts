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
 * @param input The bytes; not kept.
 */
export function createReader(input: Uint8Array): Reader {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let at = 0;

  const need = (length: number, what: string): void => {
    if (input.length - at < length)
      throw new DecodeError("truncated", `${what}: ${length} bytes are needed and ${input.length - at} are left`, at);
  };
  const argument = (info: number, what: string): number => {
    if (info < 24) return info;
    if (info > 27)
      throw new DecodeError("type", `${what}: indefinite lengths and reserved forms are not allowed`, at - 1);
    const length = 1 << (info - 24);
    need(length, what);
    const start = at;
    at += length;
    const value =
      length === 1
        ? view.getUint8(start)
        : length === 2
          ? view.getUint16(start)
          : length === 4
            ? view.getUint32(start)
            : view.getUint32(start) * 0x100000000 + view.getUint32(start + 4);
    if (value < (smallest[info - 24] as number))
      throw new DecodeError("form", `${what}: not in its shortest form`, start - 1);
    return value;
  };
  const head = (major: number, what: string, most: number = Number.MAX_SAFE_INTEGER): number => {
    need(1, what);
    const start = at;
    const initial = view.getUint8(at++);
    if (initial >> 5 !== major)
      throw new DecodeError("type", `${what}: CBOR major type ${initial >> 5} where ${major} is due`, start);
    const value = argument(initial & 31, what);
    if (value > most) throw new DecodeError("range", `${what}: ${value} is above ${most}`, start);
    return value;
  };
  return {
    get offset() {
      return at;
    },
    peekMajor: () => {
      need(1, "the next field");
      return view.getUint8(at) >> 5;
    },
    head,
    items: (what, most) => {
      const count = head(4, what, most);
      need(count, what);
      return count;
    },
    bytes: (what) => {
      const length = head(2, what);
      need(length, what);
      at += length;
      // Not slice(), which some subclasses of Uint8Array override with a view.
      return new Uint8Array(input.subarray(at - length, at));
    },
    end: () => {
      if (at !== input.length) throw new DecodeError("trailing", `${input.length - at} bytes after the frame`, at);
    },
  };
}
