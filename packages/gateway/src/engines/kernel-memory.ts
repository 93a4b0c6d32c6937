import { createKernelMemory, KernelError, type Kernels, pageBytes } from "../kernels/index.ts";
import { TrainingError } from "../train/index.ts";
import { type Arena, createArena } from "./arena.ts";
import { createEngineKernels } from "./engine-kernels.ts";

/** Most bytes that an engine uses where it is not told. */
export const defaultCap = 2 ** 30;

/** Kernels with the memory they work on. */
export interface KernelMemory {
  readonly arena: Arena;
  readonly kernels: Kernels;
}

/**
 * @param cap Most bytes.
 * @throws `KernelError` where WebAssembly with SIMD and shared memory, or the address space for it, is not there.
 */
export function createWasmArena(cap: number): KernelMemory {
  const arena = createArena(createKernelMemory(pageBytes, cap), cap);
  return { arena, kernels: createEngineKernels(arena.memory) };
}

/** @returns What keeps kernels from being made, in words; undefined where nothing does. */
export function kernelFault(make: () => unknown): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return error.message;
    throw error;
  }
}

/** @throws `TrainingError` `options` for a cap that 32-bit pointers do not reach, or below 1 MiB. */
export function checkCap(memory: number): number {
  return checkWhole("memory", memory, 2 ** 20, 2 ** 32 - pageBytes);
}

/** @throws `TrainingError` `options` for a number of threads out of range. */
export function checkThreads(threads: number): number {
  return checkWhole("threads", threads, 1, mostThreads);
}

/** Most threads of an engine. */
export const mostThreads = 64;

function checkWhole(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new TrainingError("options", `${name} must be a whole number from ${low} to ${high}, not ${value}`);
  return value;
}
