import { stated } from "./constants.ts";
import { checkBytes } from "./errors.ts";

/**
 * A link to a bridge carries bare application messages. One that does not fit is sent in chunks with a byte each in front:
 * how many follow. A frame starts with 0x89 and a control message with a CBOR map, 0xa0 or more, so the bridge tells a chunk
 * (below 0x80) from a whole message without a header on the latter.
 */
export const chunkConstants = {
  chunkHeaderBytes: stated(1, "this simulator's bridge: chunks that follow, 0 to 127"),
  mostChunks: stated(128, "this simulator's bridge: the count is below 0x80"),
} as const;

/**
 * The longest message that chunks carry.
 *
 * @param unitBytes Most bytes that the link carries at a time, at least 2.
 */
export function maxChunkedBytes(unitBytes: number): number {
  return chunkConstants.mostChunks.value * (unitBytes - chunkConstants.chunkHeaderBytes.value);
}

/**
 * The lengths of what is sent for one message, chunk headers included.
 *
 * @param what What the limit is called, for a refusal.
 * @param bytes Length of the message.
 * @param unitBytes Most bytes that the link carries at a time.
 * @param chunked Whether more than that may be sent in chunks.
 * @returns One length for a message that fits, otherwise two or more.
 * @throws LinkError code `size`; code `payload` above the limit
 */
export function chunkSizes(what: string, bytes: number, unitBytes: number, chunked: boolean): readonly number[] {
  checkBytes(what, bytes, chunked ? maxChunkedBytes(unitBytes) : unitBytes);
  if (bytes <= unitBytes) return [bytes];
  const header = chunkConstants.chunkHeaderBytes.value;
  const inner = unitBytes - header;
  const full = Math.floor(bytes / inner);
  const rest = bytes % inner;
  const sizes = Array.from({ length: full }, () => unitBytes);
  return rest === 0 ? sizes : [...sizes, rest + header];
}
