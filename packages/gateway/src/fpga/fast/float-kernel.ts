import type { Datapath } from "../exact-rows.ts";
import { type FastKernel, half, Norm, Reach } from "./kernel.ts";

/** Lanes of float32: a product is rounded to float32 and then towards zero to a word, which is what `| 0` does. */
export class FloatKernel implements FastKernel {
  readonly #path: Datapath;
  readonly #floats: Float32Array;
  readonly #model: Float32Array;
  readonly #lineWords: number;
  /** Largest magnitude among the features. */
  readonly #largest: number;
  readonly #norm: Norm;
  readonly #reach: Reach;

  constructor(path: Datapath, words: Uint32Array, largest: number) {
    this.#path = path;
    this.#floats = new Float32Array(words.buffer, words.byteOffset, words.length);
    this.#model = new Float32Array(path.memory.model.length);
    this.#lineWords = path.shape.lineBytes / 4;
    this.#largest = largest;
    this.#norm = new Norm(path.memory.model, path.memory.width);
    this.#reach = new Reach(path.memory.staged);
  }

  get tight(): boolean {
    return !(this.#norm.total * this.#largest * 1.000001 + Math.abs(this.#path.memory.offset) < half);
  }

  tightFor(residuals: Float64Array): boolean {
    return !this.#reach.admits(Math.abs(residuals[0] as number) * this.#largest * 1.000001 + 1);
  }

  refresh(group: number): void {
    const { memory } = this.#path;
    const from = group * memory.width;
    for (let i = from; i < from + memory.width; i++) this.#model[i] = memory.model[i] as number;
    this.#norm.refresh(group);
  }

  #features(place: number, count: number): number {
    const { config, memory } = this.#path;
    return Math.max(0, Math.min(count * memory.width, config.features - place * memory.width));
  }

  dot(line: number, place: number, count: number, totals: Float64Array): void {
    const features = this.#features(place, count);
    const floats = this.#floats;
    const model = this.#model;
    const from = line * this.#lineWords;
    const base = place * this.#path.memory.width;
    let sum = 0;
    for (let i = 0; i < features; i++) {
      const product = Math.fround((model[base + i] as number) * (floats[from + i] as number));
      sum = (sum + (product | 0)) | 0;
    }
    totals[0] = (place === 0 ? 0 : (totals[0] as number)) + sum;
  }

  add(line: number, place: number, count: number, residuals: Float64Array): void {
    const { staged, width } = this.#path.memory;
    const features = this.#features(place, count);
    const floats = this.#floats;
    const residual = residuals[0] as number;
    const from = line * this.#lineWords;
    const base = place * width;
    for (let i = 0; i < features; i++) {
      const product = Math.fround(residual * (floats[from + i] as number)) | 0;
      staged[base + i] = ((staged[base + i] as number) + product) | 0;
    }
  }

  subtract(line: number, place: number, count: number, residuals: Float64Array): void {
    const { staged, width } = this.#path.memory;
    const features = this.#features(place, count);
    const floats = this.#floats;
    const residual = residuals[0] as number;
    const from = line * this.#lineWords;
    const base = place * width;
    for (let i = 0; i < features; i++) {
      const product = Math.fround(residual * (floats[from + i] as number)) | 0;
      staged[base + i] = ((staged[base + i] as number) - product) | 0;
    }
  }
}

/**
 * Largest magnitude among the features in lines of float32.
 *
 * @returns Infinity where one is not a finite number.
 */
export function largestFeature(words: Uint32Array, features: number, rowWords: number): number {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  let largest = 0;
  for (let row = 0; row < floats.length; row += rowWords)
    for (let i = row; i < row + features; i++) {
      const size = Math.abs(floats[i] as number);
      if (!(size < Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
      if (size > largest) largest = size;
    }
  return largest;
}
