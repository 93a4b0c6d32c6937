export {
  blockBytes,
  type CodeRows,
  type CodeWidth,
  drawScratch,
  type EncodeRun,
  type FloatRows,
  firstFreeByte,
  floatBlock,
  type GradientRun,
  gramScratch,
  type Kernels,
  paddedColumns,
  paddedFloats,
  productScratch,
  type ResidualRun,
  type RoundRun,
  rowStride,
  tableLimit,
  type WordStream,
} from "./contract.ts";
export { KernelError, type KernelErrorCode } from "./errors.ts";
export { createKernelMemory } from "./memory.ts";
export { createTypeScriptKernels } from "./typescript-kernels.ts";
export { canRunWasmKernels, createWasmKernels, type WasmModule } from "./wasm-kernels.ts";
export { maxPages, pageBytes, type WasmMemory } from "./web-assembly.ts";
export { wordStream } from "./word-stream.ts";
