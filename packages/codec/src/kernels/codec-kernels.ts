import { wasmBytes } from "./generated/wasm-bytes.ts";
import { base64Bytes, type WebAssemblyInterface, webAssembly } from "./web-assembly.ts";

/** What the compiled module exports; pointers and counts are int32, `first` is a double. */
export interface CodecExports {
  fillWords(
    keyLow: number,
    keyHigh: number,
    indexLow: number,
    indexHigh: number,
    first: number,
    blocks: number,
    out: number,
  ): void;
  encodeFlat(
    values: number,
    count: number,
    columns: number,
    lows: number,
    highs: number,
    scales: number,
    samples: number,
    pairs: number,
    period: number,
    codes: number,
    keyLow: number,
    keyHigh: number,
    indexLow: number,
    indexHigh: number,
    firstWord: number,
    words: number,
    scratch: number,
  ): number;
  fillDither(
    keyLow: number,
    keyHigh: number,
    sequenceLow: number,
    sequenceHigh: number,
    channels: number,
    offsets: number,
    period: number,
    firstRow: number,
    rows: number,
    count: number,
    out: number,
  ): void;
  allFinite(values: number, count: number): number;
  anyAbove(codes: number, count: number, tops: number, period: number): number;
  packCodes(codes: number, count: number, columns: number, widths: number, even: number, out: number): void;
  unpackCodes(body: number, count: number, columns: number, widths: number, even: number, codes: number): void;
  planRice(
    codes: number,
    count: number,
    columns: number,
    widths: number,
    tops: number,
    period: number,
    folded: number,
    plans: number,
    counts: number,
  ): number;
  writeRice(
    codes: number,
    count: number,
    columns: number,
    widths: number,
    folded: number,
    plans: number,
    out: number,
  ): void;
  readRice(
    body: number,
    size: number,
    count: number,
    columns: number,
    widths: number,
    tops: number,
    codes: number,
  ): number;
}

/** The kernels and the memory they work in: a scratch area of {@link scratchBytes}, of which nothing outlives a call. */
export interface CodecKernels {
  readonly calls: CodecExports;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly codes: Uint16Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly doubles: Float64Array<ArrayBuffer>;
}

/** Size of the memory, as scripts/kernels.mjs compiles it. */
const pages = 4;

/** Bytes of the memory. */
export const scratchBytes: number = pages * 65_536;

/**
 * Makes kernels of their own memory.
 *
 * @param wasm Default the engine's.
 * @returns Undefined where there is no WebAssembly, or none with SIMD, or none that compiles on the spot: then the plain
 * TypeScript beside every kernel does the same, to the bit.
 */
export function createCodecKernels(wasm: WebAssemblyInterface | undefined = webAssembly()): CodecKernels | undefined {
  if (wasm === undefined) return undefined;
  try {
    const memory = new wasm.Memory({ initial: pages, maximum: pages });
    const { exports } = new wasm.Instance(new wasm.Module(base64Bytes(wasmBytes)), { env: { memory } });
    const { buffer } = memory;
    return {
      calls: exports as unknown as CodecExports,
      bytes: new Uint8Array(buffer),
      codes: new Uint16Array(buffer),
      words: new Uint32Array(buffer),
      doubles: new Float64Array(buffer),
    };
  } catch {
    return undefined; // refused here: by age, by policy, or for want of memory
  }
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/**
 * The kernels of this process, made when first asked for. They are shared, as an instance would cost every quantizer
 * gigabytes of address space; that can't be seen, because a call leaves nothing behind and none comes amid another.
 */
export const codecKernels: () => CodecKernels | undefined = once(() => createCodecKernels());
