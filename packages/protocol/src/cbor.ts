import { Decoder, Encoder, type Options } from "cbor-x";
import { type CborLimits, scanCbor } from "./cbor-scan.ts";
import { ProtocolError } from "./errors.ts";

/** 32 KiB, four levels: more than any message but the large ones, which bring a cap of their own. */
export const defaultCborLimits: CborLimits = { maxBytes: 32_768, maxDepth: 4 };

// int64AsNumber is missing from the library's types: without it eight-byte integers would come back as bigint
const options: Options & { readonly int64AsNumber: boolean } = {
  useRecords: false,
  variableMapSize: true,
  tagUint8Array: false,
  mapsAsObjects: true,
  copyBuffers: true,
  int64AsNumber: true,
};
const encoder = new Encoder(options);
const decoder = new Decoder(options);

/**
 * Encodes plain data as plain CBOR: no tags, no records, minimal map headers, byte strings for Uint8Array.
 *
 * Keys that hold undefined are left out. Integers beyond 32 bits travel as 64-bit floats, which is exact up to 2⁵³.
 *
 * @param value - null, booleans, numbers, strings, Uint8Array, arrays and plain objects of these
 * @returns a copy of its own
 * @throws ProtocolError code `cbor` for anything else in it, `size` or `depth` when it would not pass the same limits
 *   on the way in
 */
export function encodeCbor(value: unknown, limits: CborLimits = defaultCborLimits): Uint8Array {
  let encoded: Uint8Array;
  try {
    encoded = encoder.encode(plainCopy(value, limits.maxDepth));
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    throw new ProtocolError("cbor", "the value can't be encoded as plain CBOR", { cause });
  }
  const bytes = new Uint8Array(encoded); // the library hands out a view of a buffer that it goes on using
  scanCbor(bytes, limits);
  return bytes;
}

/**
 * Decodes one message of plain CBOR; see {@link scanCbor} for what is allowed.
 *
 * Whatever the bytes are, it gives a value or throws this one error, in time linear in their number.
 *
 * @returns plain data of its own: nothing in it shares memory with `bytes`
 * @throws ProtocolError code `size`, `depth` or `cbor`
 */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = defaultCborLimits): unknown {
  scanCbor(bytes, limits);
  try {
    // a copy first: the library leaves a property behind on the array that it reads
    return decoder.decode(new Uint8Array(bytes));
  } catch (cause) {
    throw new ProtocolError("cbor", "the message can't be decoded", { cause });
  }
}

/**
 * A copy without keys that hold undefined. Byte strings are not copied.
 *
 * @param depth - most arrays and objects inside each other
 * @throws ProtocolError code `cbor` for what plain CBOR has no form for, `depth` for what is nested more deeply
 */
export function plainCopy(value: unknown, depth: number): unknown {
  if (value === null || typeof value !== "object") {
    if (typeof value === "number" || typeof value === "string" || typeof value === "boolean" || value === null) {
      return value;
    }
    throw new ProtocolError("cbor", `a ${typeof value} has no form in plain CBOR`);
  }
  if (value instanceof Uint8Array) return value;
  if (depth === 0) throw new ProtocolError("depth", "the value is nested too deeply");
  if (Array.isArray(value)) return value.map((item) => plainCopy(item, depth - 1));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new ProtocolError("cbor", `an object of class ${value.constructor.name} has no form in plain CBOR`);
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, plainCopy(item, depth - 1)]));
}
