import type { WasmMemory } from "../kernels/index.ts";
import { firstFreeByte } from "../kernels/index.ts";
import { TrainingError } from "../train/index.ts";

const pageBytes = 65_536;
const alignment = 64; // a cache line: what two threads write never shares one

/** Hands out the kernels' memory from below, and takes back only all of it. */
export interface Arena {
  readonly memory: WasmMemory;
  /** Bytes handed out, with what the kernels keep for themselves. */
  readonly used: number;
  /** Most bytes it hands out. */
  readonly cap: number;
  /**
   * @param bytes At least 0.
   * @returns The offset of as many bytes, a multiple of 64; what is in them is left from before.
   * @throws `TrainingError` `memory` where they would pass the cap, or the system has no more.
   */
  allocate(bytes: number): number;
  /** Whether so many bytes are below the cap. */
  fits(bytes: number): boolean;
  /** Takes back everything. */
  clear(): void;
}

/** Bytes that an allocation takes. */
export function allocated(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** @param cap Most bytes, at most what the memory can grow to. */
export function createArena(memory: WasmMemory, cap: number): Arena {
  const start = allocated(firstFreeByte);
  let next = start;
  const allocate = (bytes: number): number => {
    const offset = next;
    const end = next + allocated(bytes);
    if (end > cap)
      throw new TrainingError("memory", `${bytes} bytes more would pass the cap: ${offset} of ${cap} bytes are in use`);
    const missing = end - memory.buffer.byteLength;
    if (missing > 0)
      try {
        memory.grow(Math.ceil(missing / pageBytes));
      } catch {
        throw new TrainingError("memory", `the system has no ${missing} bytes more, beside ${offset} in use`);
      }
    next = end;
    return offset;
  };
  return {
    memory,
    cap,
    get used() {
      return next;
    },
    allocate,
    fits: (bytes) => next + allocated(bytes) <= cap,
    clear: () => {
      next = start;
    },
  };
}
