import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../run.ts";

/** Native or not made to be bundled; found from `.cache/` as from anywhere in the repository. */
const external = ["aedes", "aedes-persistence-level", "classic-level", "cbor-x", "mqtt", "ws", "zod"];

/** The programs of this folder, made from the sources into one file each, as those start several times faster. */
export interface Programs extends AsyncDisposable {
  path(program: "device-program" | "gateway-program" | "broker-program"): string;
}

/** Bundles the programs into a folder of their own, removed when disposed. */
export async function bundlePrograms(): Promise<Programs> {
  const cache = join(root, ".cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "faults-"));
  await build({
    entryPoints: ["device-program", "gateway-program", "broker-program"].map((name) =>
      join(import.meta.dirname, `${name}.ts`),
    ),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["zipml-source"],
    external,
    sourcemap: "inline",
    logLevel: "error",
  });
  return {
    path: (program) => join(folder, `${program}.mjs`),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
