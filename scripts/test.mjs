/** `npm test`: set-up, then all tests once; `--slow` those that take minutes instead. Other arguments go to vitest. */
import { join } from "node:path";
import { runNode } from "./from-source.mjs";
import { root, setUp } from "./setup.mjs";

if (await setUp()) {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = process.argv.slice(2);
  if (args.includes("--slow")) process.env["ZIPML_TESTS"] = "slow";
  await runNode([vitest, "run", ...args.filter((arg) => arg !== "--slow")], root);
} else {
  process.exitCode = 1;
}
