import { AcceleratorError } from "../errors.ts";
import { getBits, putBits } from "./bits.ts";
import { checkCodes, type FloatRows } from "./lines.ts";
import { linesPerRow } from "./shape.ts";

/** Rows of one draw, row-major rows × features, with float32 labels. */
export interface BeatRows {
  readonly features: number;
  readonly codes: Uint8Array;
  readonly labels: Float32Array;
}

/** Widths of a code in beats. */
export type BeatBits = 1 | 2 | 4 | 8;

/** Bits of a float32. */
function floatBits(values: Float32Array): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer);
}

/**
 * Rows to the Zynq design's stream: 64/Q codes a beat of 64 bits, least significant bit first, a row padded to whole beats,
 * then one beat whose low 32 bits are the label as float32 (the authors' code).
 *
 * @returns New words, beats × 2, the low half of a beat first.
 * @throws {@link AcceleratorError} `shape` or `range`.
 */
export function encodeBeats(bits: BeatBits, { features, codes, labels }: BeatRows): Uint32Array {
  if (codes.length !== labels.length * features)
    throw new AcceleratorError("shape", `${labels.length} rows of ${features} features have ${codes.length} codes`);
  checkCodes(codes, bits, features);
  const rowWords = 2 * linesPerRow({ kind: "beats", bits }, features);
  const words = new Uint32Array(labels.length * rowWords);
  const labelBits = floatBits(labels);
  for (let row = 0; row < labels.length; row++) {
    const target = words.subarray(row * rowWords, (row + 1) * rowWords);
    for (let i = 0; i < features; i++) putBits(target, i * bits, bits, codes[row * features + i] as number);
    target[rowWords - 2] = labelBits[row] as number;
  }
  return words;
}

/** As {@link encodeBeats} with two float32 a beat. @throws {@link AcceleratorError} `shape`. */
export function encodeFloatBeats({ features, values, labels }: FloatRows): Uint32Array {
  if (values.length !== labels.length * features)
    throw new AcceleratorError("shape", `${labels.length} rows of ${features} features have ${values.length} values`);
  const rowWords = 2 * linesPerRow({ kind: "beats", bits: 32 }, features);
  const floats = new Float32Array(labels.length * rowWords);
  for (let row = 0; row < labels.length; row++) {
    floats.set(values.subarray(row * features, (row + 1) * features), row * rowWords);
    floats[(row + 1) * rowWords - 2] = labels[row] as number;
  }
  return new Uint32Array(floats.buffer);
}

/** One row of {@link encodeBeats}: copies. */
export function decodeBeats(
  bits: BeatBits,
  words: Uint32Array,
  features: number,
  row: number,
): { codes: Uint8Array; label: number } {
  const rowWords = 2 * linesPerRow({ kind: "beats", bits }, features);
  const source = Uint32Array.from(words.subarray(row * rowWords, (row + 1) * rowWords));
  const codes = new Uint8Array(features);
  for (let i = 0; i < features; i++) codes[i] = getBits(source, i * bits, bits);
  return { codes, label: new Float32Array(source.buffer)[rowWords - 2] as number };
}
