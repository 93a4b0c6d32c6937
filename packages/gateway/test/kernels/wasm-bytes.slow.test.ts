import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileKernels, kernelModule } from "../../../../scripts/kernels.mjs";

test("the committed module is what the sources compile to", async () => {
  const path = fileURLToPath(new URL("../../src/kernels/generated/wasm-bytes.ts", import.meta.url));
  expect(kernelModule(await compileKernels()), "run `node scripts/kernels.mjs`").toBe(readFileSync(path, "utf8"));
});
