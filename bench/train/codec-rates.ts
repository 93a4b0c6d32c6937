import { createStream, streamKey } from "@zipml/codec";
import {
  createKernelMemory,
  createWasmKernels,
  drawScratch,
  paddedColumns,
  rowStride,
  wordStream,
} from "../../packages/gateway/src/kernels/index.ts";

const rows = 256;
const columns = 1000;
const samples = 2;
const bits = 4;
const repeats = 200;

/** Values a second of bulk encoding at 4 bits with two draws a value, these included, and of decoding to float32. */
export function codecRates(rounds: number): { readonly encode: number[]; readonly decode: number[] } {
  const memory = createKernelMemory(2 ** 24, 2 ** 24);
  const kernels = createWasmKernels(memory);
  let next = 4096;
  const allocate = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / 64) * 64;
    return at;
  };
  const intervals = Math.floor((2 ** bits - 1) / samples);
  const fill = (value: number): number => {
    const at = allocate(8 * columns);
    new Float64Array(memory.buffer, at, columns).fill(value);
    return at;
  };
  const [lows, highs, scales] = [fill(-1), fill(1), fill((intervals / 2) * 2 ** 32)];
  const values = allocate(8 * rows * columns);
  const draws = createStream(streamKey("bench/codec"));
  new Float64Array(memory.buffer, values, rows * columns).forEach((_, i, all) => {
    all[i] = 2 * draws.uniform() - 1;
  });
  const codes = allocate(2 * rows * columns);
  const packed = allocate(rows * rowStride(bits, columns));
  const padded = paddedColumns(bits, columns);
  const [offsets, steps] = [allocate(4 * padded), allocate(4 * padded)];
  new Float32Array(memory.buffer, steps, padded).fill(1 / intervals);
  const out = allocate(4 * rows * padded);
  const scratch = allocate(drawScratch(columns * samples));
  const packedRows = { width: bits, codes: packed, stride: rowStride(bits, columns), rows, columns } as const;
  let word = 0;
  const encode = (): void => {
    const shape = { values, valueStride: 8 * columns, rows, columns, lows, highs, scales, samples };
    const drawn = { stream: wordStream("bench/encode"), firstWord: word, wordsPerRow: columns * samples };
    kernels.encodeRows({ ...shape, codes, codeStride: 2 * columns, ...drawn, clipped: 0, scratch });
    kernels.packRows(packedRows, codes, 2 * columns);
    word += rows * columns * samples;
  };
  const decode = (): void => kernels.decodeRows(packedRows, offsets, steps, out, 4 * padded);
  const rate = (work: () => void): number => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) work();
    return (rows * columns * repeats) / ((performance.now() - start) / 1000);
  };
  const rates = { encode: [] as number[], decode: [] as number[] };
  rate(encode);
  rate(decode);
  for (let round = 0; round < rounds; round++) {
    rates.encode.push(rate(encode));
    rates.decode.push(rate(decode));
  }
  return rates;
}
