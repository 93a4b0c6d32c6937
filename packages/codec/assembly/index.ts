import { fillBlocks } from "./philox";

export { fillDither } from "./dither";
export { allFinite, encodeFlat } from "./encode";
export { anyAbove, packCodes, unpackCodes } from "./pack";
export { planRice, readRice, writeRice } from "./rice";

/** Words of `blocks` blocks, a multiple of 4, in the stream's order. */
export function fillWords(
  keyLow: i32,
  keyHigh: i32,
  indexLow: i32,
  indexHigh: i32,
  first: f64,
  blocks: i32,
  out: usize,
): void {
  fillBlocks(keyLow, keyHigh, indexLow, indexHigh, <u64>first, blocks, false, out);
}
