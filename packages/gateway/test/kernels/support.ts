import { createStream, type Stream } from "@zipml/codec";
import { expect } from "vitest";
import { firstFreeByte, type Kernels } from "../../src/kernels/contract.ts";
import { createKernelMemory } from "../../src/kernels/memory.ts";
import { createTypeScriptKernels } from "../../src/kernels/typescript-kernels.ts";
import { canRunWasmKernels, createWasmKernels, type WasmModule } from "../../src/kernels/wasm-kernels.ts";

/** One memory a test file: compiling the module for each test would take longer than the tests. */
const most = 1 << 22;
const compiledFor = (module: WasmModule): Kernels | undefined =>
  canRunWasmKernels(module) ? createWasmKernels(createKernelMemory(most, most), module) : undefined;
const compiled = { plain: compiledFor("plain"), relaxed: compiledFor("relaxed") };
const plain = createTypeScriptKernels({ buffer: new ArrayBuffer(most) });

/** The compiled kernels and their twin, each on a memory of its own with the same content: zeros at first. */
export class KernelPair {
  readonly wasm: Kernels;
  readonly twin: Kernels = plain;
  readonly #bytes: number;
  #next = firstFreeByte;

  constructor(bytes = 1 << 19, module: WasmModule = "plain") {
    const wasm = compiled[module];
    if (wasm === undefined) throw new Error(`the ${module} module does not run here`);
    this.wasm = wasm;
    this.#bytes = bytes;
    for (const { memory } of [this.wasm, this.twin]) new Uint8Array(memory.buffer, 0, bytes).fill(0);
  }

  /** Room at a multiple of 16, with some bytes between. */
  room(bytes: number): number {
    const at = this.#next;
    this.#next = Math.ceil((at + bytes + 16) / 16) * 16;
    if (this.#next > this.#bytes) throw new RangeError(`the test's memory of ${this.#bytes} bytes is too small`);
    return at;
  }

  /** The last bytes, at a multiple of 16: the same each time, and free to be written differently by either. */
  scratch(bytes: number): number {
    const at = Math.floor((this.#bytes - bytes) / 16) * 16;
    if (this.#next > at) throw new RangeError(`the test's memory of ${this.#bytes} bytes is too small`);
    return at;
  }

  /** The same bytes into both. */
  put(values: ArrayBufferView, at = this.room(values.byteLength)): number {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (const { memory } of [this.wasm, this.twin]) new Uint8Array(memory.buffer).set(bytes, at);
    return at;
  }

  /** Runs both; what is below `scratch` must then be the same, and so must the results. */
  run<T>(call: (kernels: Kernels) => T, scratch = this.#bytes): T {
    const result = call(this.wasm);
    expect(call(this.twin)).toEqual(result);
    const ours = Buffer.from(new Uint8Array(this.wasm.memory.buffer, 0, scratch));
    const theirs = Buffer.from(new Uint8Array(this.twin.memory.buffer, 0, scratch));
    if (!ours.equals(theirs)) {
      const first = ours.findIndex((byte, i) => byte !== theirs[i]);
      expect.fail(`byte ${first}: ${ours[first]} from WebAssembly, ${theirs[first]} from TypeScript`);
    }
    return result;
  }

  floats(at: number, length: number): Float64Array {
    return new Float64Array(this.wasm.memory.buffer, at, length).slice();
  }
}

/** Whole numbers low … high. */
export function integers(stream: Stream, length: number, low: number, high: number): number[] {
  return Array.from({ length }, () => low + Math.floor(stream.uniform() * (high - low + 1)));
}

/** Standard normal numbers, near enough. */
export function normals(stream: Stream, length: number): number[] {
  return Array.from({ length }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += stream.uniform();
    return sum;
  });
}

export const random = (name: string): Stream => createStream(`kernels/${name}`);
