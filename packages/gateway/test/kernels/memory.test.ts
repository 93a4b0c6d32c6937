import { describe, expect, test } from "vitest";
import { firstFreeByte } from "../../src/kernels/contract.ts";
import { createKernelMemory } from "../../src/kernels/memory.ts";
import { canRunWasmKernels, createWasmKernels } from "../../src/kernels/wasm-kernels.ts";
import { pageBytes } from "../../src/kernels/web-assembly.ts";

describe("memory", () => {
  test("is shared, grows to its cap and no further", () => {
    const memory = createKernelMemory(1, 3 * pageBytes);
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.buffer.byteLength).toBe(pageBytes);
    const kernels = createWasmKernels(memory);
    expect(memory.grow(2)).toBe(1);
    expect(kernels.memory.buffer.byteLength).toBe(3 * pageBytes);
    const last = 3 * pageBytes - 16;
    new Float64Array(memory.buffer, last, 2).set([3, -4]);
    expect(kernels.largest(last, 2)).toBe(4);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  test("two sets of kernels see the same bytes", () => {
    const memory = createKernelMemory(pageBytes);
    const [one, other] = [createWasmKernels(memory), createWasmKernels(memory)];
    new Float64Array(memory.buffer, firstFreeByte, 2).set([3, 5]);
    one.multiply(firstFreeByte, firstFreeByte, 2, firstFreeByte + 16);
    expect(other.largest(firstFreeByte + 16, 2)).toBe(25);
  });

  test.each([
    [1, 0],
    [1, 65_535],
    [2 * pageBytes, pageBytes],
    [1, 2 ** 32 + pageBytes],
    [Number.NaN, pageBytes],
  ])("%f bytes with a cap of %f are refused", (bytes, cap) => {
    expect(() => createKernelMemory(bytes, cap)).toThrow(expect.objectContaining({ code: "memory" }));
  });

  test("kernels refuse a memory that is not shared", () => {
    expect(canRunWasmKernels()).toBe(true);
    expect(() => createWasmKernels({ buffer: new ArrayBuffer(pageBytes), grow: () => 0 })).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  });
});
