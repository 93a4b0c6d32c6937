import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["zipml-source", "module", "node"] },
  ssr: { resolve: { conditions: ["zipml-source", "module", "node"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 30_000,
    maxWorkers: 2,
  },
});
