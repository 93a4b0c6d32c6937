import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileKernels, kernelModule, kernelModules, kernelTarget } from "../../../../scripts/kernels.mjs";

test.each(kernelModules)("the committed module of %s is what the sources compile to", async (name) => {
  const written = readFileSync(kernelTarget(name), "utf8");
  expect(kernelModule(name, await compileKernels(name)), "run `node scripts/kernels.mjs`").toBe(written);
});
