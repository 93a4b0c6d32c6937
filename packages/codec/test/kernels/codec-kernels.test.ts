import { expect, test } from "vitest";
import { codecKernels, createCodecKernels, scratchBytes } from "../../src/kernels/codec-kernels.ts";
import { base64Bytes, type WebAssemblyInterface, webAssembly } from "../../src/kernels/web-assembly.ts";
import { createStream } from "../../src/stream.ts";

test("the kernels are made once, with a memory of the stated size", () => {
  expect(codecKernels()).toBe(codecKernels());
  expect(codecKernels()?.bytes.length).toBe(scratchBytes);
});

test("an engine that refuses the module, or has no memory left, gives none", () => {
  const real = webAssembly() as WebAssemblyInterface;
  const refuse = class {
    constructor() {
      throw new Error("refused");
    }
  };
  expect(createCodecKernels({ ...real, Memory: real.Memory, Instance: real.Instance, Module: refuse })).toBeUndefined();
  const { Module, Instance } = real;
  const noMemory = refuse as unknown as WebAssemblyInterface["Memory"];
  expect(createCodecKernels({ Module, Instance, Memory: noMemory })).toBeUndefined();
});

test("base64 is read as the platform does", () => {
  for (const length of [0, 1, 2, 3, 4, 100]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 89 + 7) & 255);
    expect(base64Bytes(Buffer.from(bytes).toString("base64"))).toEqual(bytes);
  }
});

test("a stream filled in bulk, taken from and read word by word gives the same words", () => {
  const [bulk, single] = [createStream("bulk", 9), createStream("bulk", 9)];
  const next = () => single.word();
  for (const count of [1, 64, 3, 100, 0, 33_000, 15, 16, 17, 70_001, 2]) {
    const words = new Uint32Array(count);
    bulk.fill?.(words);
    expect(words).toEqual(Uint32Array.from({ length: count }, next));
    const place = bulk.take?.(count % 37);
    for (let i = 0; i < count % 37; i++) next();
    expect(bulk.take?.(0).first).toBe((place?.first ?? 0) + (count % 37));
    expect(bulk.word()).toBe(next());
  }
});
