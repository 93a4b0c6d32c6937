import { defineConfig } from "vitest/config";

/** Tests that kill processes or fill disks take minutes: `npm run test:slow` runs these, `npm test` all others. */
const isSlow = process.env["ZIPML_TESTS"] === "slow";
const suffix = isSlow ? ".slow.test.ts" : ".test.ts";

export default defineConfig({
  resolve: { conditions: ["zipml-source", "module", "node"] },
  ssr: { resolve: { conditions: ["zipml-source", "module", "node"] } },
  test: {
    include: [`packages/*/test/**/*${suffix}`, `simulator/test/**/*${suffix}`, `test/**/*${suffix}`],
    exclude: isSlow ? [] : ["**/*.slow.test.ts"],
    testTimeout: isSlow ? 180_000 : 30_000,
    maxWorkers: 2,
    // No module keeps state, so files may share a process and what it has imported. Slow ones measure memory: not they.
    isolate: isSlow,
  },
});
