import { fillBlocks } from "../../codec/assembly/philox";

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
