import { expect, it } from "vitest";
import { createEngineKernels } from "../../src/engines/engine-kernels.ts";
import { type PackedEngineOptions, packedEngine } from "../../src/engines/index.ts";
import {
  canRunWasmKernels,
  createKernelMemory,
  createTypeScriptKernels,
  createWasmKernels,
  type Kernels,
  type WasmMemory,
} from "../../src/kernels/index.ts";
import { train } from "../../src/train/index.ts";
import { encodedSource, syntheticSet } from "../train/support/data.ts";

const set = syntheticSet(90, 700, 3);
const source = encodedSource(set, 4, 2);
const hasRelaxed = canRunWasmKernels("relaxed");

/** Weights, and the largest entry of any model that was read. */
async function trained(make: PackedEngineOptions["kernels"]): Promise<{ weights: number[]; largest: number }> {
  let largest = 0;
  const watched = (memory: WasmMemory): Kernels => {
    const kernels = make?.(memory) ?? createWasmKernels(memory);
    return {
      ...kernels,
      residualRows: (rows, run) => {
        for (const entry of new Int16Array(kernels.memory.buffer, run.model, rows.columns))
          largest = Math.max(largest, Math.abs(entry));
        return kernels.residualRows(rows, run);
      },
    };
  };
  const engine = packedEngine({ kernels: watched });
  try {
    const { model } = await train({ source, task: set.task, engine, epochs: 4, batch: 64 });
    return { weights: model.features.map(({ weight }) => weight), largest };
  } finally {
    await engine.close?.();
  }
}

it("leaves a model of 15 bits the room that two digits need", async () => {
  const { largest } = await trained(createWasmKernels);
  expect(largest).toBeGreaterThan(32_500);
  expect(largest).toBeLessThanOrEqual(32_639);
});

it.skipIf(!hasRelaxed)("both modules and the twin give the same model to the bit", async () => {
  const relaxed = await trained((memory) => createWasmKernels(memory, "relaxed"));
  const plain = await trained(createWasmKernels);
  expect(relaxed.weights).toEqual(plain.weights);
  expect(relaxed.weights).toEqual((await trained(createTypeScriptKernels)).weights);
});

it("takes a module that runs here", () => {
  const kernels = createEngineKernels(createKernelMemory(65_536, 65_536));
  expect(kernels.name).toBe("wasm");
});

it.skipIf(hasRelaxed)("says which module does not run here", () => {
  expect(() => createWasmKernels(createKernelMemory(65_536, 65_536), "relaxed")).toThrow(/relaxed SIMD/);
});
