import { type StreamKey, streamKey } from "@zipml/codec";
import type { WordStream } from "./contract.ts";

/**
 * A stream as the kernels take it: the same words as the codec's `createStream(key, index)`.
 *
 * @param key The stream's key, or its name.
 * @param index 0 … 2⁵³ − 1.
 * @throws RangeError for an index outside that range.
 */
export function wordStream(key: StreamKey | string, index = 0): WordStream {
  if (!Number.isSafeInteger(index) || index < 0)
    throw new RangeError(`a stream's index must be a whole number from 0 to 2^53 - 1, not ${index}`);
  const [keyLow, keyHigh] = typeof key === "string" ? streamKey(key) : key;
  return { keyLow, keyHigh, indexLow: index | 0, indexHigh: Math.floor(index / 0x100000000) | 0 };
}
