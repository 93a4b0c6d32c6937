import type { LayoutSpec } from "../accelerator.ts";
import { AcceleratorError } from "../errors.ts";
import { getBits, putBits } from "./bits.ts";
import { featureBits, linesPerRow } from "./shape.ts";

/** Words of a line of 512 bits. */
const lineWords = 16;

/** Rows as codes of one or two draws, row-major rows × features, with a label word (23 fraction bits) for each row. */
export interface CodeRows {
  readonly features: number;
  /** Codes, or the first draws: those of the dot product. */
  readonly codes: Uint8Array;
  /** Second draws, those of the gradient; `pairs` only. */
  readonly seconds?: Uint8Array | undefined;
  readonly labels: Int32Array;
}

/** Rows as float32, row-major rows × features. */
export interface FloatRows {
  readonly features: number;
  readonly values: Float32Array;
  readonly labels: Float32Array;
}

/** One row as its lanes see it. */
export interface DecodedRow {
  readonly codes: Uint8Array;
  /** Second draws; the codes again where a layout has one draw. */
  readonly seconds: Uint8Array;
  readonly label: number;
}

/** Where feature i of a row lies: bits from the row's start. */
function placeOf(index: number, bits: number): number {
  const full = Math.floor(512 / bits);
  const line = Math.floor(index / full);
  return 512 * line + (index - line * full) * bits;
}

function checkRows(values: ArrayLike<number>, rows: number, features: number, what: string): void {
  if (values.length !== rows * features)
    throw new AcceleratorError("shape", `${rows} rows of ${features} features have ${values.length} ${what}`);
}

/** @throws {@link AcceleratorError} `range` for a code of more than `bits` bits, with its row. */
export function checkCodes(codes: Uint8Array, bits: number, features: number): void {
  const top = 2 ** bits - 1;
  for (let i = 0; i < codes.length; i++)
    if ((codes[i] as number) > top) {
      const row = Math.floor(i / features);
      const message = `row ${row}, feature ${i % features}: code ${codes[i]} is above ${top}, which ${bits} bits hold`;
      throw new AcceleratorError("range", message, { row, limit: top });
    }
}

/**
 * Rows to the paper's lines of 512 bits, `pairs` or `code`: feature k of a line at bits [w·k, w·(k + 1)), the first draw in
 * the low half of a pair, least significant bit first; a row padded to whole lines; its label the last 32-bit word (bits
 * 480 to 511) of its last line, where the features end before bit 480 (the authors' code).
 *
 * @returns New words, lines × 16.
 * @throws {@link AcceleratorError} `shape` for arrays that do not fit each other, `range` for a code too wide.
 */
export function encodeCodeLines(layout: LayoutSpec & { kind: "pairs" | "code" }, rows: CodeRows): Uint32Array {
  const { features, codes, seconds, labels } = rows;
  const count = labels.length;
  checkRows(codes, count, features, "codes");
  checkCodes(codes, layout.bits, features);
  const second = layout.kind === "pairs" ? seconds : undefined;
  if (layout.kind === "pairs" && second === undefined)
    throw new AcceleratorError("shape", "a line of pairs needs the second draws");
  if (second !== undefined) {
    checkRows(second, count, features, "second draws");
    checkCodes(second, layout.bits, features);
  }
  const bits = featureBits(layout);
  const rowWords = linesPerRow(layout, features) * lineWords;
  const words = new Uint32Array(count * rowWords);
  for (let row = 0; row < count; row++) {
    const from = row * features;
    const base = row * rowWords;
    const target = words.subarray(base, base + rowWords);
    for (let i = 0; i < features; i++) {
      const pair = second === undefined ? 0 : (second[from + i] as number) << layout.bits;
      putBits(target, placeOf(i, bits), bits, (codes[from + i] as number) | pair);
    }
    target[rowWords - 1] = (labels[row] as number) >>> 0;
  }
  return words;
}

/**
 * What the lanes see of one row of {@link encodeCodeLines}.
 *
 * @param words All lines.
 * @returns Copies.
 */
export function decodeCodeLine(
  layout: LayoutSpec & { kind: "pairs" | "code" },
  words: Uint32Array,
  features: number,
  row: number,
): DecodedRow {
  const bits = featureBits(layout);
  const rowWords = linesPerRow(layout, features) * lineWords;
  const source = words.subarray(row * rowWords, (row + 1) * rowWords);
  const codes = new Uint8Array(features);
  const seconds = new Uint8Array(features);
  for (let i = 0; i < features; i++) {
    const field = getBits(source, placeOf(i, bits), bits);
    codes[i] = field & (2 ** layout.bits - 1);
    seconds[i] = layout.kind === "pairs" ? field >>> layout.bits : field;
  }
  return { codes, seconds, label: (source[rowWords - 1] as number) | 0 };
}

/**
 * Rows to lines of float32: sixteen words a line, the label the last word of a row's last line, which so carries fifteen
 * features at most.
 *
 * @returns New words, lines × 16.
 * @throws {@link AcceleratorError} `shape`.
 */
export function encodeFloatLines({ features, values, labels }: FloatRows): Uint32Array {
  checkRows(values, labels.length, features, "values");
  const rowWords = linesPerRow({ kind: "float32" }, features) * lineWords;
  const floats = new Float32Array(labels.length * rowWords);
  for (let row = 0; row < labels.length; row++) {
    floats.set(values.subarray(row * features, (row + 1) * features), row * rowWords);
    floats[(row + 1) * rowWords - 1] = labels[row] as number;
  }
  return new Uint32Array(floats.buffer);
}

/** One row of {@link encodeFloatLines}: copies. */
export function decodeFloatLine(
  words: Uint32Array,
  features: number,
  row: number,
): { values: Float32Array; label: number } {
  const rowWords = linesPerRow({ kind: "float32" }, features) * lineWords;
  const floats = new Float32Array(Uint32Array.from(words.subarray(row * rowWords, (row + 1) * rowWords)).buffer);
  return { values: floats.slice(0, features), label: floats[rowWords - 1] as number };
}
