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
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  const head = (major: number, argument: number): void => {
    const initial = major << 5;
    const length = headSize(argument);
    if (length === 1) view.setUint8(at, initial | argument);
    else if (length === 2) {
      view.setUint8(at, initial | 24);
      view.setUint8(at + 1, argument);
    } else if (length === 3) {
      view.setUint8(at, initial | 25);
      view.setUint16(at + 1, argument);
    } else if (length === 5) {
      view.setUint8(at, initial | 26);
      view.setUint32(at + 1, argument);
    } else {
      view.setUint8(at, initial | 27);
      view.setUint32(at + 1, Math.floor(argument / 0x100000000));
      view.setUint32(at + 5, argument >>> 0);
    }
    at += length;
  };
  return {
    head,
    bytes: (value) => {
      head(2, value.length);
      out.set(value, at);
      at += value.length;
    },
    finish: () => out.subarray(0, at),
  };
}
