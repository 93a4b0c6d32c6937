import { ProtocolError } from "./errors.ts";

/** Caps on what is decoded. */
export interface CborLimits {
  /** Most bytes of one message. */
  readonly maxBytes: number;
  /** Most arrays and maps inside each other; 1 allows a flat one. */
  readonly maxDepth: number;
}

/** Keys of a map that were seen so far. */
interface Keys {
  /** Adds the text at these offsets. @returns Whether it was not there before. */
  add(from: number, to: number): boolean;
}

/** An array or map that is being read. */
interface Container {
  /** Items left, keys and values counted apart. */
  left: number;
  /** Undefined in an array. */
  readonly keys: Keys | undefined;
}

/** Where the scan stands, and its caps. */
interface Scan {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly limits: CborLimits;
  readonly open: Container[];
  offset: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const proto = new TextEncoder().encode("__proto__");

/** Maps with at most so many keys compare them byte by byte, which makes no text of any; larger ones keep texts. */
const fewKeys = 16;

function isSame(bytes: Uint8Array, from: number, other: Uint8Array, otherFrom: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[from + i] !== other[otherFrom + i]) return false;
  return true;
}

/** Keys as pairs of offsets. */
class FewKeys implements Keys {
  readonly #bytes: Uint8Array;
  readonly #ends: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  add(from: number, to: number): boolean {
    const ends = this.#ends;
    for (let i = 0; i < ends.length; i += 2) {
      const start = ends[i] as number;
      if ((ends[i + 1] as number) - start === to - from && isSame(this.#bytes, start, this.#bytes, from, to - from))
        return false;
    }
    ends.push(from, to);
    return true;
  }
}

/** Keys as texts. */
class ManyKeys implements Keys {
  readonly #bytes: Uint8Array;
  readonly #texts = new Set<string>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  add(from: number, to: number): boolean {
    const { size } = this.#texts;
    return this.#texts.add(utf8.decode(this.#bytes.subarray(from, to))).size > size;
  }
}

/**
 * Checks bytes to be exactly one item of the CBOR that is allowed on the wire, without building anything.
 *
 * Allowed: integers within ±(2⁵³ − 1), byte strings, UTF-8 text, arrays, maps with distinct text keys, false, true,
 * null, and floats of 16, 32 and 64 bits; lengths are definite, and there are no tags. A general decoder is slow or
 * recursive on some of the rest, so this comes first: one pass, no recursion, time and memory linear in the bytes.
 *
 * @throws ProtocolError code `size`, `depth` or `cbor`, with the offset
 */
export function scanCbor(bytes: Uint8Array, limits: CborLimits): void {
  if (bytes.length > limits.maxBytes) {
    throw new ProtocolError("size", `message of ${bytes.length} bytes; at most ${limits.maxBytes} are allowed`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scan: Scan = { bytes, view, limits, open: [], offset: 0 };
  do {
    scanItem(scan);
    while (scan.open.at(-1)?.left === 0) scan.open.pop();
  } while (scan.open.length > 0);
  if (scan.offset !== bytes.length) {
    throw new ProtocolError("cbor", `${bytes.length - scan.offset} bytes after the end at offset ${scan.offset}`, {
      offset: scan.offset,
    });
  }
}

function scanItem(scan: Scan): void {
  const at = scan.offset;
  const head = scan.bytes[at];
  if (head === undefined) throw refuse("the message ends early", at);
  const major = head >> 5;
  const parent = scan.open.at(-1);
  const isKey = parent?.keys !== undefined && parent.left % 2 === 0;
  if (isKey && major !== 3) throw refuse("a map key is not a text", at);
  if (parent !== undefined) parent.left -= 1;
  if (major === 7) {
    scanSimple(scan, head & 31);
    return;
  }
  const value = scanArgument(scan, head & 31);
  switch (major) {
    case 0:
    case 1:
      // a negative integer is −1 − value
      if (value > Number.MAX_SAFE_INTEGER - major) throw refuse("an integer beyond ±(2^53 − 1)", at);
      return;
    case 2:
      skip(scan, value, at);
      return;
    case 3:
      scanText(scan, value, at, isKey ? parent?.keys : undefined);
      return;
    case 4:
    case 5:
      openContainer(scan, value, at, major === 5);
      return;
    default:
      throw refuse("a tag; none is allowed", at);
  }
}

function scanSimple(scan: Scan, info: number): void {
  const at = scan.offset;
  scan.offset += 1;
  if (info >= 20 && info <= 22) return;
  const width = info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0;
  if (width === 0) throw refuse("a simple value other than false, true, null or a float", at);
  skip(scan, width, at);
}

/** The number after an item's first byte: a value, a length or a count. */
function scanArgument(scan: Scan, info: number): number {
  const at = scan.offset;
  scan.offset += 1;
  if (info < 24) return info;
  if (info > 27) throw refuse("an indefinite or reserved length", at);
  const width = 2 ** (info - 24);
  const from = scan.offset;
  skip(scan, width, at);
  switch (width) {
    case 1:
      return scan.view.getUint8(from);
    case 2:
      return scan.view.getUint16(from);
    case 4:
      return scan.view.getUint32(from);
    default:
      // exact up to 2⁵³; anything above is refused by every caller
      return scan.view.getUint32(from) * 2 ** 32 + scan.view.getUint32(from + 4);
  }
}

function skip(scan: Scan, count: number, at: number): void {
  if (count > scan.bytes.length - scan.offset) throw refuse("the message ends early", at);
  scan.offset += count;
}

function scanText(scan: Scan, length: number, at: number, keys: Keys | undefined): void {
  const { bytes } = scan;
  const from = scan.offset;
  skip(scan, length, at);
  const to = scan.offset;
  checkText(bytes, from, to, at);
  if (keys === undefined) return;
  if (length === proto.length && isSame(bytes, from, proto, 0, length)) throw refuse("the map key __proto__", at);
  if (!keys.add(from, to)) {
    const text = utf8.decode(bytes.subarray(from, to));
    throw refuse(`the map key ${JSON.stringify(text.slice(0, 64))} twice`, at);
  }
}

function checkText(bytes: Uint8Array, from: number, to: number, at: number): void {
  let i = from;
  while (i < to && (bytes[i] as number) < 0x80) i += 1;
  if (i === to) return; // ASCII, as nearly all texts are
  try {
    utf8.decode(bytes.subarray(from, to));
  } catch (cause) {
    throw new ProtocolError("cbor", `a text at offset ${at} is not UTF-8`, { offset: at, cause });
  }
}

function openContainer(scan: Scan, count: number, at: number, isMap: boolean): void {
  const items = isMap ? 2 * count : count;
  // every item takes a byte at least: a header can't promise more than the message has left
  if (items > scan.bytes.length - scan.offset) throw refuse("the message ends early", at);
  if (scan.open.length >= scan.limits.maxDepth) {
    throw new ProtocolError("depth", `nested more than ${scan.limits.maxDepth} deep at offset ${at}`, { offset: at });
  }
  scan.open.push({ left: items, keys: isMap ? keysFor(scan.bytes, count) : undefined });
}

function keysFor(bytes: Uint8Array, count: number): Keys {
  return count <= fewKeys ? new FewKeys(bytes) : new ManyKeys(bytes);
}

function refuse(what: string, offset: number): ProtocolError {
  return new ProtocolError("cbor", `${what}, at offset ${offset}`, { offset });
}
