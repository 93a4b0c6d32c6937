/** `npm test`: set-up, then all tests once; arguments go to vitest. */
import { join } from "node:path";
import { runNode } from "./from-source.mjs";
import { root, setUp } from "./setup.mjs";

if (await setUp()) {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  await runNode([vitest, "run", ...process.argv.slice(2)], root);
} else {
  process.exitCode = 1;
}
