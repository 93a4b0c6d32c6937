import { AcceleratorError } from "../errors.ts";
import { storedPlanes, wovenFeatures, wovenRows } from "./shape.ts";

/** Words of a line. */
const lineWords = 16;

/** A value of [0, 1] as MLWeaving stores it: ⌊v·(2³² − 1)⌋. @throws {@link AcceleratorError} `range` outside [0, 1]. */
export function wovenFraction(value: number): number {
  if (!(value >= 0 && value <= 1)) throw new AcceleratorError("range", `a woven value lies in 0 to 1, not ${value}`);
  return Math.floor(value * 0xffffffff);
}

/** Words of a woven copy of so many rows: all 32 planes, whatever precision is read. */
export function wovenWords(rows: number, features: number): number {
  return Math.ceil(rows / wovenRows) * Math.ceil(features / wovenFeatures) * storedPlanes * lineWords;
}

/**
 * Rows to MLWeaving's chunks: 8 rows × 64 features in 32 lines, line p with bit 31 − p of all 512 fractions, that of row r
 * and feature f of the chunk at bit 64·r + f. Chunks in the order rows, then features; missing rows and features are 0.
 *
 * @param fractions Row-major rows × features, as {@link wovenFraction} makes them.
 * @returns New words, {@link wovenWords} of them.
 * @throws {@link AcceleratorError} `shape`.
 */
export function encodeWoven(fractions: Uint32Array, features: number): Uint32Array {
  const rows = fractions.length / features;
  if (!Number.isInteger(rows))
    throw new AcceleratorError("shape", `${fractions.length} fractions are no whole rows of ${features} features`);
  const words = new Uint32Array(wovenWords(rows, features));
  const groups = Math.ceil(features / wovenFeatures);
  for (let i = 0; i < fractions.length; i++) {
    const row = Math.floor(i / features);
    const feature = i % features;
    const chunk = Math.floor(row / wovenRows) * groups + Math.floor(feature / wovenFeatures);
    const bit = (row % wovenRows) * wovenFeatures + (feature % wovenFeatures);
    const mask = 1 << (bit & 31);
    const base = chunk * storedPlanes * lineWords + (bit >>> 5);
    const fraction = fractions[i] as number;
    for (let plane = 0; plane < storedPlanes; plane++)
      if ((fraction >>> (31 - plane)) & 1) {
        const at = base + plane * lineWords;
        words[at] = ((words[at] as number) | mask) >>> 0;
      }
  }
  return words;
}

/**
 * The first `planes` bits of every fraction: what the lanes see at that precision.
 *
 * @returns Row-major rows × features, ⌊fraction / 2^(32 − planes)⌋.
 */
export function decodeWoven(words: Uint32Array, rows: number, features: number, planes: number): Uint32Array {
  const out = new Uint32Array(rows * features);
  const groups = Math.ceil(features / wovenFeatures);
  for (let i = 0; i < out.length; i++) {
    const row = Math.floor(i / features);
    const feature = i % features;
    const chunk = Math.floor(row / wovenRows) * groups + Math.floor(feature / wovenFeatures);
    const bit = (row % wovenRows) * wovenFeatures + (feature % wovenFeatures);
    const base = chunk * storedPlanes * lineWords + (bit >>> 5);
    let value = 0;
    for (let plane = 0; plane < planes; plane++)
      value = value * 2 + (((words[base + plane * lineWords] as number) >>> (bit & 31)) & 1);
    out[i] = value;
  }
  return out;
}
