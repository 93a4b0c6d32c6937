import type { Kernels } from "./contract.ts";
import { twinFloatProducts, twinIntegerProducts } from "./twin-products.ts";
import type { TwinMemory } from "./twin-rows.ts";
import { twinStores } from "./twin-store.ts";
import { twinVectors } from "./twin-vectors.ts";

/**
 * The kernels in plain TypeScript: the oracle of the WebAssembly ones, and what runs where those can't.
 *
 * @param memory Any buffer: an ArrayBuffer too.
 */
export function createTypeScriptKernels(memory: TwinMemory): Kernels {
  return {
    name: "typescript",
    memory,
    ...twinIntegerProducts(memory),
    ...twinFloatProducts(memory),
    ...twinStores(memory),
    ...twinVectors(memory),
  };
}
