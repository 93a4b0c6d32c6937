import {
  blockBytes,
  type CodeRows,
  type FloatRows,
  floatBlock,
  type Kernels,
  rowStride,
  type VectorKernel,
} from "./contract.ts";
import { KernelError } from "./errors.ts";
import { relaxedBytes } from "./generated/relaxed-bytes.ts";
import { wasmBytes } from "./generated/wasm-bytes.ts";
import type { WasmExports } from "./wasm-exports.ts";
import { type WasmMemory, webAssembly } from "./web-assembly.ts";

/**
 * The modules: `plain` runs wherever there are SIMD, threads and shared memory; `relaxed` also needs relaxed SIMD (Node 22 and
 * later), and is much faster at 4 bits on processors that add up products of bytes in one instruction. Both give the same
 * integers.
 */
export type WasmModule = "plain" | "relaxed";

const encoded: Readonly<Record<WasmModule, string>> = Object.freeze({ plain: wasmBytes, relaxed: relaxedBytes });

/** A module's bytes; a new array. */
function decodeBytes(module: WasmModule): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(encoded[module]), (character) => character.charCodeAt(0));
}

/**
 * Whether kernels in WebAssembly run here. Where not, the TypeScript kernels do the same, slowly.
 *
 * @param module Default `plain`.
 */
export function canRunWasmKernels(module: WasmModule = "plain"): boolean {
  const wasm = webAssembly();
  return wasm !== undefined && typeof SharedArrayBuffer !== "undefined" && wasm.validate(decodeBytes(module));
}

function instantiate(memory: WasmMemory, module: WasmModule): WasmExports {
  const wasm = webAssembly();
  if (wasm === undefined) throw new KernelError("unsupported", "WebAssembly is not available here");
  try {
    const { exports } = new wasm.Instance(new wasm.Module(decodeBytes(module)), { env: { memory } });
    return exports as unknown as WasmExports;
  } catch (cause) {
    const needs = module === "plain" ? "SIMD and shared memory" : "relaxed SIMD and shared memory";
    throw new KernelError("unsupported", `WebAssembly with ${needs} is not available here`, { cause });
  }
}

const blocksOf = ({ width, columns }: CodeRows): number => rowStride(width, columns) / blockBytes;
const floatBlocks = ({ columns }: FloatRows): number => Math.ceil(columns / floatBlock);
/**
 * 4 or 8 where the last block of 4-bit codes holds no more columns: they are in one of its four fields, and the kernels leave
 * out the others. Otherwise 0.
 */
function narrowOf({ columns }: CodeRows): number {
  const last = ((columns + 31) & 31) + 1;
  return last <= 4 ? 4 : last <= 8 ? 8 : 0;
}

const latticeBlocks = (columns: number): number => Math.ceil(columns / 8);

/**
 * The kernels in WebAssembly SIMD. Compiled and instantiated in place, so that a worker calls this once.
 *
 * @param memory Shared, from `createKernelMemory`; what lies below `firstFreeByte` is the module's.
 * @param module Default `plain`.
 * @throws {@link KernelError} `unsupported` where the module can't run.
 */
export function createWasmKernels(memory: WasmMemory, module: WasmModule = "plain"): Kernels {
  const calls = instantiate(memory, module);
  return { name: "wasm", memory, ...productCalls(calls), ...storeCalls(calls), ...vectorCalls(calls) };
}

type Products =
  | "dotRows"
  | "residualRows"
  | "gradientRows"
  | "dotTable"
  | "gradientTable"
  | "dotLattice"
  | "gradientLattice"
  | "dotFloats"
  | "gradientFloats"
  | "hogwildRows";

function productCalls(calls: WasmExports): Pick<Kernels, Products> {
  const dots = { 1: calls.dot1, 2: calls.dot2, 8: calls.dot8 };
  const gradients = { 1: calls.gradient1, 2: calls.gradient2, 8: calls.gradient8 };
  const dotRows: Kernels["dotRows"] = (rows, model, out, scratch) => {
    const { width, codes, stride, rows: count } = rows;
    if (width === 4) calls.dot4(codes, stride, count, blocksOf(rows), model, out, scratch, narrowOf(rows), 0, 0, 0);
    else dots[width](codes, stride, count, blocksOf(rows), model, out);
  };
  return {
    dotRows,
    residualRows: (rows, { model, labels, unit, offset, out, scratch }) => {
      const { width, codes, stride, rows: count } = rows;
      const blocks = blocksOf(rows);
      if (width === 4)
        return calls.dot4(codes, stride, count, blocks, model, out, scratch, narrowOf(rows), labels, unit, offset);
      dots[width](codes, stride, count, blocks, model, out);
      return calls.formResiduals(out, labels, count, unit, offset);
    },
    gradientRows: (rows, residuals, out, scratch) => {
      const { width, codes, stride, rows: count } = rows;
      const blocks = blocksOf(rows);
      if (width === 4) calls.gradient4(codes, stride, count, blocks, residuals, out, scratch, narrowOf(rows));
      else gradients[width](codes, stride, count, blocks, residuals, out);
    },
    dotTable: ({ width, codes, stride, rows, columns }, tables, model, out) =>
      calls.dotTable(width, codes, stride, rows, columns, tables, model, out),
    gradientTable: ({ width, codes, stride, rows, columns }, tables, residuals, out) =>
      calls.gradientTable(width, codes, stride, rows, columns, tables, residuals, out),
    dotLattice: ({ codes, stride, rows, columns }, model, out) =>
      calls.dotLattice(codes, stride, rows, latticeBlocks(columns), model, out),
    gradientLattice: ({ codes, stride, rows, columns }, residuals, out) =>
      calls.gradientLattice(codes, stride, rows, latticeBlocks(columns), residuals, out),
    dotFloats: (rows, model, out) =>
      calls.dotFloats(rows.values, rows.stride, rows.rows, floatBlocks(rows), model, out),
    gradientFloats: (rows, residuals, out) =>
      calls.gradientFloats(rows.values, rows.stride, rows.rows, floatBlocks(rows), residuals, out),
    hogwildRows: (rows, targets, model, step) =>
      calls.hogwildRows(rows.values, rows.stride, rows.rows, floatBlocks(rows), targets, model, step),
  };
}

type Stores = "gramRows" | "columnSums" | "packRows" | "unpackRows" | "unpackWire" | "packWire" | "decodeRows";

function storeCalls(calls: WasmExports): Pick<Kernels, Stores> {
  return {
    gramRows: (rows, out, scratch) =>
      calls.gramRows(rows.width, rows.codes, rows.stride, rows.rows, rows.columns, blocksOf(rows), out, scratch),
    columnSums: (rows, samples, out) =>
      calls.columnSums(rows.width, rows.codes, rows.stride, rows.rows, blocksOf(rows), samples, out),
    packRows: (rows, codes, codeStride) =>
      calls.packRows(rows.width, rows.codes, rows.stride, rows.rows, rows.columns, codes, codeStride),
    unpackRows: (rows, codes, codeStride) =>
      calls.unpackRows(rows.width, rows.codes, rows.stride, rows.rows, rows.columns, codes, codeStride),
    unpackWire: (body, firstBit, bits, count, top, codes) => calls.unpackWire(body, firstBit, bits, count, top, codes),
    packWire: (codes, count, bits, body, firstBit) => calls.packWire(codes, count, bits, body, firstBit),
    decodeRows: (rows, offsets, steps, out, outStride) => {
      const { width, codes, stride, rows: count } = rows;
      calls.decodeRows(width, codes, stride, count, blocksOf(rows), offsets, steps, out, outStride);
    },
  };
}

function vectorCalls(calls: WasmExports): Pick<Kernels, VectorKernel> {
  return {
    encodeRows: (run) => {
      const { values, valueStride, rows, columns, lows, highs, scales, samples, codes, codeStride } = run;
      const { keyLow, keyHigh, indexLow, indexHigh } = run.stream;
      return calls.encodeRows(
        ...([values, valueStride, rows, columns, lows, highs, scales, samples, codes, codeStride] as const),
        ...([keyLow, keyHigh, indexLow, indexHigh] as const),
        ...([run.firstWord, run.wordsPerRow, run.clipped, run.scratch] as const),
      );
    },
    fillWords: ({ keyLow, keyHigh, indexLow, indexHigh }, firstBlock, blocks, out) =>
      calls.fillWords(keyLow, keyHigh, indexLow, indexHigh, firstBlock, blocks, out),
    largest: (values, length) => calls.largest(values, length),
    roundVector: ({ values, length, bits, scale, stream, firstBlock, out, scratch }) => {
      const { keyLow, keyHigh, indexLow, indexHigh } = stream;
      const intervals = (1 << bits) - 1;
      return calls.roundVector(
        values,
        length,
        intervals,
        scale,
        keyLow,
        keyHigh,
        indexLow,
        indexHigh,
        firstBlock,
        out,
        scratch,
      );
    },
    multiply: (a, b, length, out) => calls.multiply(a, b, length, out),
    assembleGradient: (run) => {
      const { length, sums, factors, offsets, spreads, model, sumScale, offsetScale, spreadScale, out } = run;
      calls.assembleGradient(length, sums, factors, offsets, spreads, model, sumScale, offsetScale, spreadScale, out);
    },
    descend: (weights, gradient, length, step, trail) => calls.descend(weights, gradient, length, step, trail),
    formResiduals: (dots, labels, length, unit, offset) => calls.formResiduals(dots, labels, length, unit, offset),
    widenModel: (model, factors, length, out, chunk, sums) =>
      calls.widenModel(model, factors, length, out, chunk, sums),
  };
}
