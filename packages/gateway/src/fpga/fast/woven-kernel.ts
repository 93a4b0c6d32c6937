import type { Datapath } from "../exact-rows.ts";
import { guard, startConstant } from "../lanes.ts";
import { storedPlanes, wovenFeatures, wovenRows } from "../layouts/shape.ts";
import { type FastKernel, half, Norm } from "./kernel.ts";

/** Words of a line. */
const lineWords = 16;

/**
 * Lanes of bit planes. Sums over the set bits come from tables: of the model's words for four features at once, and of the
 * eight residuals for the eight bits that a feature has in a plane, which a transposition of 8 × 8 bits brings together.
 */
export class WovenKernel implements FastKernel {
  readonly #path: Datapath;
  readonly #words: Uint32Array;
  readonly #planes: number;
  /** Sixteen sums for every four features. */
  readonly #table: Int32Array;
  /** 256 sums of residuals. */
  readonly #subsets = new Float64Array(256);
  readonly #sums = new Float64Array(wovenFeatures);
  readonly #columns = new Int32Array(wovenRows);
  readonly #scales: Float64Array;
  readonly #norm: Norm;

  constructor(path: Datapath, words: Uint32Array) {
    this.#path = path;
    this.#words = words;
    this.#planes = (path.config.layout as { readonly bits: number }).bits;
    this.#table = new Int32Array(path.memory.model.length * 4);
    this.#scales = Float64Array.from({ length: this.#planes }, (_, plane) => guard / 2 ** (plane + 1));
    this.#norm = new Norm(path.memory.model, path.memory.width);
  }

  get tight(): boolean {
    return this.#norm.total + Math.abs(this.#path.memory.offset) + 1 >= half;
  }

  tightFor(residuals: Float64Array): boolean {
    let sum = 0;
    for (const residual of residuals) sum += Math.abs(residual);
    return sum + 1 >= half;
  }

  refresh(group: number): void {
    const { model, width } = this.#path.memory;
    this.#norm.refresh(group);
    for (let i = group * width; i < (group + 1) * width; i += 4) {
      const at = i * 4;
      for (let bit = 0; bit < 4; bit++) {
        const word = model[i + bit] as number;
        const size = 1 << bit;
        for (let k = 0; k < size; k++) this.#table[at + size + k] = (this.#table[at + k] as number) + word;
      }
    }
  }

  #base(line: number): number {
    return (Math.floor(line / this.#planes) * storedPlanes + (line % this.#planes)) * lineWords;
  }

  dot(line: number, place: number, count: number, totals: Float64Array): void {
    for (let k = 0; k < count; k++) this.#dotLine(this.#base(line + k), place + k, totals);
  }

  #dotLine(base: number, place: number, totals: Float64Array): void {
    const words = this.#words;
    const table = this.#table;
    const plane = place % this.#planes;
    const scale = this.#scales[plane] as number;
    const at = ((place - plane) / this.#planes) * wovenFeatures * 4;
    for (let bank = 0; bank < wovenRows; bank++) {
      const low = words[base + 2 * bank] as number;
      const high = words[base + 2 * bank + 1] as number;
      const sum = (pickEight(table, at, low) + pickEight(table, at + 128, high)) | 0;
      const share = Math.floor(sum * scale);
      if (place === 0) totals[bank] = share + startConstant;
      else totals[bank] = (totals[bank] as number) + (share === -1 ? 0 : share);
    }
  }

  add(line: number, place: number, count: number, residuals: Float64Array): void {
    this.#change(line, place, count, residuals, 1);
  }

  subtract(line: number, place: number, count: number, residuals: Float64Array): void {
    this.#change(line, place, count, residuals, -1);
  }

  #change(line: number, place: number, count: number, residuals: Float64Array, sign: 1 | -1): void {
    const { memory, adders } = this.#path;
    const { staged } = memory;
    this.#fillSubsets(residuals);
    for (let k = 0; k < count; k++) {
      const plane = (place + k) % this.#planes;
      this.#gradientPlane(this.#base(line + k), plane);
      if (plane < this.#planes - 1) continue;
      const to = ((place + k - plane) / this.#planes) * wovenFeatures;
      for (let f = 0; f < wovenFeatures; f++) {
        const word = adders.fit(Math.floor((this.#sums[f] as number) / guard));
        staged[to + f] = adders.fit((staged[to + f] as number) + sign * word);
      }
    }
  }

  #fillSubsets(residuals: Float64Array): void {
    for (let bank = 0; bank < wovenRows; bank++) {
      const residual = residuals[bank] as number;
      const size = 1 << bank;
      for (let k = 0; k < size; k++) this.#subsets[size + k] = (this.#subsets[k] as number) + residual;
    }
  }

  #gradientPlane(base: number, plane: number): void {
    const scale = this.#scales[plane] as number;
    const columns = this.#columns;
    const words = this.#words;
    for (let side = 0; side < 2; side++) {
      for (let bank = 0; bank < wovenRows; bank++) columns[bank] = words[base + 2 * bank + side] as number;
      transposeBytes(columns);
      if (plane === 0) this.#startSums(32 * side, scale);
      else this.#addSums(32 * side, scale);
    }
  }

  #startSums(feature: number, scale: number): void {
    const sums = this.#sums;
    const subsets = this.#subsets;
    const columns = this.#columns;
    for (let bit = 0; bit < 8; bit++) {
      const masks = columns[bit] as number;
      for (let byte = 0; byte < 4; byte++)
        sums[feature + bit + 8 * byte] =
          Math.floor((subsets[(masks >>> (8 * byte)) & 0xff] as number) * scale) + startConstant;
    }
  }

  #addSums(feature: number, scale: number): void {
    const sums = this.#sums;
    const subsets = this.#subsets;
    const columns = this.#columns;
    for (let bit = 0; bit < 8; bit++) {
      const masks = columns[bit] as number;
      for (let byte = 0; byte < 4; byte++) {
        const share = Math.floor((subsets[(masks >>> (8 * byte)) & 0xff] as number) * scale);
        const at = feature + bit + 8 * byte;
        if (share !== -1) sums[at] = (sums[at] as number) + share;
      }
    }
  }
}

/** Sums of eight neighbouring tables of sixteen, the entries by the word's groups of four bits. Wraps. */
function pickEight(table: Int32Array, at: number, word: number): number {
  const first = (table[at + (word & 15)] as number) + (table[at + 16 + ((word >>> 4) & 15)] as number);
  const second = (table[at + 32 + ((word >>> 8) & 15)] as number) + (table[at + 48 + ((word >>> 12) & 15)] as number);
  const third = (table[at + 64 + ((word >>> 16) & 15)] as number) + (table[at + 80 + ((word >>> 20) & 15)] as number);
  const last = (table[at + 96 + ((word >>> 24) & 15)] as number) + (table[at + 112 + (word >>> 28)] as number);
  return (((first + second) | 0) + ((third + last) | 0)) | 0;
}

/**
 * Transposes the four blocks of 8 × 8 bits that eight words hold side by side, in place: afterwards bit s of byte j of word
 * k is what bit k of byte j of word s was. Halves, quarters and neighbours change places in turn.
 */
function transposeBytes(words: Int32Array): void {
  for (let distance = 4, mask = 0x0f0f_0f0f; distance > 0; distance >>= 1, mask ^= mask << distance) {
    for (let i = 0; i < 8; i++) {
      if ((i & distance) !== 0) continue;
      const low = words[i] as number;
      const high = words[i + distance] as number;
      const swap = ((low >>> distance) ^ high) & mask;
      words[i + distance] = high ^ swap;
      words[i] = low ^ (swap << distance);
    }
  }
}
