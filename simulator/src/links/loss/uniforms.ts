import { philox4x32, type StreamKey, streamKey } from "@zipml/codec";
import { naturalLog } from "../elementary.ts";

/**
 * Random numbers by place: the number for a device and a position is the same whatever else was asked for, so runs that differ
 * in bits, batch or order of events see the same weather. One purpose, one object.
 *
 * Word i of index d is what the codec's `createStream(name, d)` gives as its word i.
 */
export interface Uniforms {
  /**
   * A number strictly between 0 and 1, in steps of 2⁻³².
   *
   * @param index The device, 0 … 2⁵³ − 1.
   * @param position Which of its numbers, 0 … 2⁵³ − 1.
   */
  at(index: number, position: number): number;
  /** An exponential number with mean 1, from 1.2e-10 to 22.9: −ln of the uniform. */
  exponentialAt(index: number, position: number): number;
}

const words = 0x1_0000_0000;

class PhiloxUniforms implements Uniforms {
  readonly #key: StreamKey;
  readonly #block = new Uint32Array(4);
  #index = -1;
  #blockAt = -1;

  constructor(key: StreamKey) {
    this.#key = key;
  }

  at(index: number, position: number): number {
    const lane = position % 4;
    const block = (position - lane) / 4;
    // Neighbouring positions share a block: most calls find it made.
    if (index !== this.#index || block !== this.#blockAt) {
      philox4x32(block, Math.floor(block / words), index, Math.floor(index / words), this.#key, this.#block);
      this.#index = index;
      this.#blockAt = block;
    }
    return ((this.#block[lane] ?? 0) + 0.5) / words;
  }

  exponentialAt(index: number, position: number): number {
    return -naturalLog(this.at(index, position));
  }
}

/**
 * Random numbers for a purpose.
 *
 * @param name Purpose and seed, such as `simulate/loss/7`; see the codec's `streamKey`.
 */
export function createUniforms(name: string): Uniforms {
  return new PhiloxUniforms(streamKey(name));
}
