import type { AcceleratorConfig, Shape } from "./accelerator.ts";
import { type Adders, shiftedProduct, shiftRight } from "./fixed-point.ts";
import { getBits } from "./layouts/bits.ts";
import { featureBits, storedPlanes, wovenFeatures, wovenRows } from "./layouts/shape.ts";

/** How codes become numbers v = code · 2^−shift. */
export interface CodeFormat {
  readonly bits: number;
  readonly shift: number;
  /** Two's complement. */
  readonly signed: boolean;
}

/** The format of a layout of codes. */
export function codeFormat({ layout, faithful = false, range = "unit" }: AcceleratorConfig): CodeFormat {
  const { bits } = layout as { readonly bits: number };
  if (!faithful) return { bits, shift: bits, signed: false };
  return range === "unit" ? { bits, shift: bits - 1, signed: false } : { bits, shift: bits - 2, signed: true };
}

/** A code's whole number. */
export function numberOf(code: number, { bits, signed }: CodeFormat): number {
  return signed && code >= 2 ** (bits - 1) ? code - 2 ** bits : code;
}

/**
 * What the lanes do with one line, number for number and in the hardware's order: what both modes fall back on, and the
 * clocked mode is made of. A residual is a word; with float32 lanes a float32 in units of 2⁻²³.
 */
export interface Lanes {
  /** Dot products side by side: the rows of a line. */
  readonly banks: number;
  /**
   * Products of one part of a line with the model's words for its features.
   *
   * @param line Number of the line in the copies, from 0.
   * @param place Number of the line within its row.
   * @param held Model words of the line's features.
   * @param part Which `lanes` features of the line, from 0.
   * @param out Receives banks × 2^treeLevels words, 0 where there is no feature.
   */
  products(adders: Adders, line: number, place: number, held: Int32Array, part: number, out: Int32Array): void;
  /** Adds the tree's sum of a line to its row's sum. */
  accumulate(adders: Adders, total: number, sum: number, place: number): number;
  /** A row's dot product from that sum. */
  dotOf(adders: Adders, total: number): number;
  /** The label of a bank's row in a unit of 2⁻²³: a word, or a multiple of a float32. */
  label(line: number, bank: number): number;
  /**
   * What a line adds to the gradient of its features.
   *
   * @param out Receives a word for each of the line's features.
   * @returns False where further planes of the same features follow.
   */
  gradient(
    adders: Adders,
    line: number,
    place: number,
    residuals: Float64Array,
    held: Int32Array,
    out: Int32Array,
  ): boolean;
}

/** The memory that lines are read from. */
export interface LineMemory {
  readonly words: Uint32Array;
  readonly labels: Int32Array | undefined;
}

/** Features of a line at a place within its row; of labelled lines the last carries fewer. */
export function featuresAt({ features }: AcceleratorConfig, { featuresPerLine }: Shape, place: number): number {
  return Math.max(0, Math.min(featuresPerLine, features - place * featuresPerLine));
}

/** Lanes of `pairs`, `code` and coded `beats`. */
class CodeLanes implements Lanes {
  readonly banks = 1;
  readonly #config: AcceleratorConfig;
  readonly #shape: Shape;
  readonly #memory: LineMemory;
  readonly #format: CodeFormat;
  readonly #width: number;
  readonly #floats: Float32Array;

  constructor(config: AcceleratorConfig, shape: Shape, memory: LineMemory) {
    this.#config = config;
    this.#shape = shape;
    this.#memory = memory;
    this.#format = codeFormat(config);
    this.#width = featureBits(config.layout);
    this.#floats = floatsOf(memory.words);
  }

  #field(line: number, index: number): number {
    return getBits(this.#memory.words, line * this.#shape.lineBytes * 8 + index * this.#width, this.#width);
  }

  products(adders: Adders, line: number, place: number, held: Int32Array, part: number, out: Int32Array): void {
    const { lanes } = this.#shape;
    const count = featuresAt(this.#config, this.#shape, place);
    out.fill(0);
    for (let lane = 0, i = part * lanes; lane < lanes && i < count; lane++, i++) {
      const code = this.#field(line, i) & (2 ** this.#format.bits - 1);
      out[lane] = adders.fit(shiftedProduct(numberOf(code, this.#format), held[i] as number, this.#format.shift));
    }
  }

  accumulate(adders: Adders, total: number, sum: number): number {
    return adders.add(total, sum);
  }

  dotOf(_adders: Adders, total: number): number {
    return total;
  }

  label(line: number): number {
    const words = this.#shape.lineBytes / 4;
    if (this.#config.layout.kind === "beats") return (this.#floats[line * words] as number) * 2 ** 23;
    return (this.#memory.words[(line + 1) * words - 1] as number) | 0;
  }

  gradient(
    adders: Adders,
    line: number,
    place: number,
    residuals: Float64Array,
    held: Int32Array,
    out: Int32Array,
  ): boolean {
    const { layout, stepShift } = this.#config;
    const count = featuresAt(this.#config, this.#shape, place);
    const { bits, shift } = this.#format;
    const residual = residuals[0] as number;
    const corrected = layout.kind === "code" && layout.draws === 2;
    out.fill(0);
    for (let i = 0; i < count; i++) {
      const field = this.#field(line, i);
      const code = layout.kind === "pairs" ? field >>> bits : field;
      const product = shiftedProduct(numberOf(code, this.#format), residual, shift);
      // An odd code tells draws apart: d is the square of half their distance, one step of the code.
      const gated = corrected && (code & 1) === 1 ? shiftRight(held[i] as number, stepShift + 2 * bits) : 0;
      out[i] = adders.subtract(adders.fit(product), gated);
    }
    return true;
  }
}

/** Lanes of float32: products rounded to float32, then to a word towards zero. */
class FloatLanes implements Lanes {
  readonly banks = 1;
  readonly #config: AcceleratorConfig;
  readonly #shape: Shape;
  readonly #floats: Float32Array;

  constructor(config: AcceleratorConfig, shape: Shape, memory: LineMemory) {
    this.#config = config;
    this.#shape = shape;
    this.#floats = floatsOf(memory.words);
  }

  products(adders: Adders, line: number, place: number, held: Int32Array, part: number, out: Int32Array): void {
    const { lanes, lineBytes } = this.#shape;
    const count = featuresAt(this.#config, this.#shape, place);
    const from = (line * lineBytes) / 4;
    out.fill(0);
    for (let lane = 0, i = part * lanes; lane < lanes && i < count; lane++, i++) {
      const product = Math.fround(Math.fround(held[i] as number) * (this.#floats[from + i] as number));
      out[lane] = adders.fit(Math.trunc(product));
    }
  }

  accumulate(adders: Adders, total: number, sum: number): number {
    return adders.add(total, sum);
  }

  dotOf(_adders: Adders, total: number): number {
    return total;
  }

  label(line: number): number {
    const words = this.#shape.lineBytes / 4;
    const at = this.#config.layout.kind === "beats" ? line * words : (line + 1) * words - 1;
    return (this.#floats[at] as number) * 2 ** 23;
  }

  gradient(
    adders: Adders,
    line: number,
    place: number,
    residuals: Float64Array,
    _held: Int32Array,
    out: Int32Array,
  ): boolean {
    const count = featuresAt(this.#config, this.#shape, place);
    const from = (line * this.#shape.lineBytes) / 4;
    const residual = residuals[0] as number;
    out.fill(0);
    for (let i = 0; i < count; i++) {
      const product = Math.fround(residual * (this.#floats[from + i] as number));
      out[i] = adders.fit(Math.trunc(product));
    }
    return true;
  }
}

/** Four guard bits of MLWeaving's accumulators. */
export const guard = 16;

/** What those accumulators start with, against the bias of rounding down. */
export const startConstant = 0xb;

/** A plane's share of a sum: shifted down with four guard bits, a share of one unit below zero counted as none. */
function planeShare(sum: number, plane: number, first: boolean): number {
  const share = Math.floor((sum * guard) / 2 ** (plane + 1));
  return !first && share === -1 ? 0 : share;
}

/** Lanes of `weave`: 8 banks of 64 bits of one plane. */
class WovenLanes implements Lanes {
  readonly banks = wovenRows;
  readonly #planes: number;
  readonly #chunks: number;
  readonly #memory: LineMemory;
  readonly #rows: number;
  readonly #sums = new Float64Array(wovenFeatures);
  readonly #column = new Int32Array(wovenRows);

  constructor(config: AcceleratorConfig, memory: LineMemory) {
    this.#planes = (config.layout as { readonly bits: number }).bits;
    this.#chunks = Math.ceil(config.features / wovenFeatures);
    this.#memory = memory;
    this.#rows = config.rows;
  }

  /** First word of a line: of each chunk's 32 stored planes only the first are read, and lines are counted so. */
  #base(line: number): number {
    return (Math.floor(line / this.#planes) * storedPlanes + (line % this.#planes)) * 16;
  }

  products(_adders: Adders, line: number, _place: number, held: Int32Array, _part: number, out: Int32Array): void {
    const base = this.#base(line);
    for (let i = 0; i < out.length; i++) {
      const bit = ((this.#memory.words[base + (i >>> 5)] as number) >>> (i & 31)) & 1;
      out[i] = bit === 1 ? (held[i % wovenFeatures] as number) : 0;
    }
  }

  accumulate(_adders: Adders, total: number, sum: number, place: number): number {
    const share = planeShare(sum, place % this.#planes, place === 0);
    return place === 0 ? share + startConstant : total + share;
  }

  dotOf(adders: Adders, total: number): number {
    return adders.fit(Math.floor(total / guard));
  }

  label(line: number, bank: number): number {
    const row = Math.floor(line / (this.#planes * this.#chunks)) * wovenRows + bank;
    const copies = Math.ceil(this.#rows / wovenRows) * wovenRows;
    const within = row % copies;
    const copy = Math.floor(row / copies);
    return within < this.#rows ? (this.#memory.labels?.[copy * this.#rows + within] ?? 0) : 0;
  }

  gradient(
    adders: Adders,
    line: number,
    place: number,
    residuals: Float64Array,
    _held: Int32Array,
    out: Int32Array,
  ): boolean {
    const plane = place % this.#planes;
    const base = this.#base(line);
    for (let f = 0; f < wovenFeatures; f++) {
      for (let bank = 0; bank < wovenRows; bank++) {
        const word = this.#memory.words[base + 2 * bank + (f >>> 5)] as number;
        this.#column[bank] = (word >>> (f & 31)) & 1 ? (residuals[bank] as number) : 0;
      }
      const sum = adders.tree(this.#column, 3);
      const share = planeShare(sum, plane, plane === 0);
      this.#sums[f] = plane === 0 ? share + startConstant : (this.#sums[f] as number) + share;
    }
    const whole = plane === this.#planes - 1;
    if (whole)
      for (let f = 0; f < wovenFeatures; f++) out[f] = adders.fit(Math.floor((this.#sums[f] as number) / guard));
    return whole;
  }
}

function floatsOf(words: Uint32Array): Float32Array {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}

/** The lanes of a configuration, reading from that memory. */
export function createLanes(config: AcceleratorConfig, shape: Shape, memory: LineMemory): Lanes {
  const { layout } = config;
  if (layout.kind === "weave") return new WovenLanes(config, memory);
  if (layout.kind === "float32" || (layout.kind === "beats" && layout.bits === 32))
    return new FloatLanes(config, shape, memory);
  return new CodeLanes(config, shape, memory);
}
