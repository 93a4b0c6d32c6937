import { philox4x32 } from "@zipml/codec";
import type { WordStream } from "./contract.ts";

/** The four words of a stream's block. */
export function philoxWords(stream: WordStream, block: number, out: Uint32Array, at = 0): void {
  const { keyLow, keyHigh, indexLow, indexHigh } = stream;
  philox4x32(block | 0, Math.floor(block / 0x100000000) | 0, indexLow, indexHigh, [keyLow, keyHigh], out, at);
}

/** Words of a stream in order, from position `first` on. */
export function wordReader(stream: WordStream, first: number): () => number {
  const words = new Uint32Array(4);
  let position = first;
  let held = -1;
  return () => {
    const block = Math.floor(position / 4);
    if (block !== held) {
      philoxWords(stream, block, words);
      held = block;
    }
    return words[position++ % 4] as number;
  };
}
