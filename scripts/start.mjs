/** `npm start`: set-up, then the demo from source. Nothing but the demo's own output reaches standard output. */
import { join } from "node:path";
import { runNode, sourceArguments } from "./from-source.mjs";
import { root, setUp } from "./setup.mjs";

if (await setUp()) {
  const bin = join(root, "packages", "cli", "src", "bin.ts");
  await runNode(sourceArguments(bin, ["demo", ...process.argv.slice(2)]));
} else {
  process.exitCode = 1;
}
