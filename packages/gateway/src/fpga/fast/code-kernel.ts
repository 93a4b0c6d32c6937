import type { Datapath } from "../exact-rows.ts";
import { shiftRight } from "../fixed-point.ts";
import { type CodeFormat, codeFormat } from "../lanes.ts";
import { featureBits } from "../layouts/shape.ts";
import { addFields, addGatedFields, dotFields, type Fields } from "./fields.ts";
import { type FastKernel, half, Norm, Reach } from "./kernel.ts";
import { type Unpack, unpackerOf } from "./unpack.ts";

/**
 * Lanes of codes. A product of up to 40 bits is taken apart: with x = x₁·2^k + x₀, ⌊c·x/2^k⌋ = c·x₁ + ⌊c·x₀/2^k⌋, which
 * stays in 32 bits throughout, so that everything is whole-number arithmetic of the processor's own width.
 */
export class CodeKernel implements FastKernel {
  readonly #path: Datapath;
  readonly #words: Uint32Array;
  readonly #format: CodeFormat;
  readonly #unpack: Unpack;
  readonly #width: number;
  readonly #secondShift: number;
  readonly #lineWords: number;
  readonly #codes: Uint8Array;
  readonly #numbers: Int8Array | Uint8Array;
  readonly #signMask: number;
  readonly #high: Int32Array;
  readonly #low: Int32Array;
  /** Of `code`: what an odd code takes off the gradient. */
  readonly #gated: Int32Array | undefined;
  readonly #gain: number;
  readonly #norm: Norm;
  readonly #reach: Reach;
  /** Set where the inner loops can take codes from their words. */
  readonly #fields: Fields | undefined;
  #largestGate = 0;
  #unpacked = -1;

  constructor(path: Datapath, words: Uint32Array) {
    const { config, shape, memory } = path;
    const { layout } = config;
    this.#path = path;
    this.#words = words;
    this.#format = codeFormat(config);
    this.#lineWords = shape.lineBytes / 4;
    this.#width = featureBits(layout);
    this.#unpack = unpackerOf(this.#width, this.#format.bits, this.#lineWords);
    this.#secondShift = layout.kind === "pairs" ? this.#format.bits : 0;
    this.#codes = new Uint8Array(shape.linesPerRow * memory.width + 32);
    this.#numbers = this.#format.signed ? new Int8Array(this.#codes.buffer) : this.#codes;
    this.#signMask = this.#format.signed && this.#format.bits < 8 ? 2 ** (this.#format.bits - 1) : 0;
    this.#high = new Int32Array(memory.model.length);
    this.#low = new Int32Array(memory.model.length);
    this.#gated = layout.kind === "code" && layout.draws === 2 ? new Int32Array(memory.model.length) : undefined;
    this.#gain = config.faithful === true ? 2 : 1;
    this.#norm = new Norm(memory.model, memory.width);
    this.#reach = new Reach(memory.staged);
    const { bits, shift, signed } = this.#format;
    const fields = { words, width: this.#width, from: 0, count: 0, offset: 0, mask: 2 ** bits - 1, shift };
    this.#fields = 32 % this.#width === 0 && !signed ? fields : undefined;
  }

  get tight(): boolean {
    const { memory } = this.#path;
    return this.#norm.total * this.#gain + Math.abs(memory.offset) + memory.model.length >= half;
  }

  tightFor(residuals: Float64Array): boolean {
    return !this.#reach.admits(Math.abs(residuals[0] as number) * this.#gain + this.#largestGate + 1);
  }

  refresh(group: number): void {
    const { config, memory } = this.#path;
    const { bits, shift } = this.#format;
    const mask = 2 ** shift - 1;
    const from = group * memory.width;
    for (let i = from; i < from + memory.width; i++) {
      const word = memory.model[i] as number;
      this.#high[i] = word >> shift;
      this.#low[i] = word & mask;
    }
    this.#norm.refresh(group);
    if (this.#gated === undefined) return;
    for (let i = from; i < from + memory.width; i++) {
      const gate = shiftRight(memory.model[i] as number, config.stepShift + 2 * bits);
      this.#gated[i] = gate;
      this.#largestGate = Math.max(this.#largestGate, Math.abs(gate));
    }
  }

  /** Features that a run of lines carries. */
  #featuresOf(place: number, count: number): number {
    const { config, memory } = this.#path;
    return Math.max(0, Math.min(count * memory.width, config.features - place * memory.width));
  }

  /** The run of fields, where the products of such a factor fit; undefined where they are to be unpacked. */
  #fieldsFor(line: number, place: number, count: number, offset: number, largest: number): Fields | undefined {
    const fields = this.#fields;
    if (fields === undefined || largest * 2 ** this.#format.bits >= half) return undefined;
    fields.from = line * this.#lineWords;
    fields.count = this.#featuresOf(place, count);
    fields.offset = offset;
    return fields;
  }

  /** Codes of a run of lines, from `#codes[0]` on; kept until another run is asked for. @returns How many there are. */
  #open(line: number, place: number, count: number, shift: number): number {
    const { memory } = this.#path;
    const features = this.#featuresOf(place, count);
    const key = (line * 2 + (shift === 0 ? 0 : 1)) * 65_536 + count;
    if (key === this.#unpacked) return features;
    // Full lines, then what is left of one.
    const lines = Math.floor(features / memory.width);
    const rest = Math.ceil(((features - lines * memory.width) * this.#width) / 32);
    const words = lines * this.#lineWords + rest;
    this.#unpack(this.#words, line * this.#lineWords, words, shift, this.#codes);
    const sign = this.#signMask;
    if (sign > 0) for (let i = 0; i < features; i++) this.#codes[i] = ((this.#codes[i] as number) ^ sign) - sign;
    this.#unpacked = key;
    return features;
  }

  dot(line: number, place: number, count: number, totals: Float64Array): void {
    const { model, width } = this.#path.memory;
    const base = place * width;
    const peak = this.#norm.peak(place, place + count);
    const fields = this.#fieldsFor(line, place, count, 0, peak);
    const narrow = peak * 2 ** this.#format.bits < half;
    let sum: number;
    if (fields !== undefined) sum = dotFields(fields, model, base);
    else {
      const features = this.#open(line, place, count, 0);
      sum = narrow ? this.#narrowDot(features, base) : this.#wideDot(features, base);
    }
    totals[0] = (place === 0 ? 0 : (totals[0] as number)) + sum;
  }

  /** Products that fit 32 bits before they are shifted. */
  #narrowDot(features: number, base: number): number {
    const { shift } = this.#format;
    const { model } = this.#path.memory;
    const numbers = this.#numbers;
    let sum = 0;
    for (let i = 0; i < features; i++)
      sum = (sum + (Math.imul(numbers[i] as number, model[base + i] as number) >> shift)) | 0;
    return sum;
  }

  #wideDot(features: number, base: number): number {
    const { shift } = this.#format;
    const numbers = this.#numbers;
    const high = this.#high;
    const low = this.#low;
    let sum = 0;
    for (let i = 0; i < features; i++) {
      const number = numbers[i] as number;
      const share = Math.imul(number, low[base + i] as number) >> shift;
      sum = (sum + Math.imul(number, high[base + i] as number) + share) | 0;
    }
    return sum;
  }

  add(line: number, place: number, count: number, residuals: Float64Array): void {
    const { staged, width } = this.#path.memory;
    const base = place * width;
    const residual = residuals[0] as number;
    const fields = this.#fieldsFor(line, place, count, this.#secondShift, Math.abs(residual));
    if (fields !== undefined) {
      if (this.#gated === undefined) addFields(fields, residual, staged, base);
      else addGatedFields(fields, residual, this.#gated, staged, base);
      return;
    }
    const features = this.#open(line, place, count, this.#secondShift);
    if (this.#gated === undefined) this.#add(features, base, residual);
    else this.#addGated(features, base, residual, this.#gated);
  }

  subtract(line: number, place: number, count: number, residuals: Float64Array): void {
    const features = this.#open(line, place, count, this.#secondShift);
    this.#subtract(features, place * this.#path.memory.width, residuals[0] as number);
  }

  #add(features: number, base: number, residual: number): void {
    const { shift } = this.#format;
    const { staged } = this.#path.memory;
    const numbers = this.#numbers;
    const high = residual >> shift;
    const low = residual & (2 ** shift - 1);
    for (let i = 0; i < features; i++) {
      const number = numbers[i] as number;
      const product = Math.imul(number, high) + (Math.imul(number, low) >> shift);
      staged[base + i] = ((staged[base + i] as number) + product) | 0;
    }
  }

  #subtract(features: number, base: number, residual: number): void {
    const { shift } = this.#format;
    const { staged } = this.#path.memory;
    const numbers = this.#numbers;
    const high = residual >> shift;
    const low = residual & (2 ** shift - 1);
    for (let i = 0; i < features; i++) {
      const number = numbers[i] as number;
      const product = Math.imul(number, high) + (Math.imul(number, low) >> shift);
      staged[base + i] = ((staged[base + i] as number) - product) | 0;
    }
  }

  #addGated(features: number, base: number, residual: number, gated: Int32Array): void {
    const { bits, shift } = this.#format;
    const { staged } = this.#path.memory;
    const numbers = this.#numbers;
    if (Math.abs(residual) * 2 ** bits < half) {
      for (let i = 0; i < features; i++) {
        const number = numbers[i] as number;
        const share = (Math.imul(number, residual) >> shift) - ((gated[base + i] as number) & -(number & 1));
        staged[base + i] = ((staged[base + i] as number) + share) | 0;
      }
      return;
    }
    const high = residual >> shift;
    const low = residual & (2 ** shift - 1);
    for (let i = 0; i < features; i++) {
      const number = numbers[i] as number;
      const product = Math.imul(number, high) + (Math.imul(number, low) >> shift);
      const gate = (gated[base + i] as number) & -(number & 1);
      staged[base + i] = ((staged[base + i] as number) + product - gate) | 0;
    }
  }
}
