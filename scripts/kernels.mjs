/**
 * Compiles the AssemblyScript kernels and writes their bytes as a TypeScript module: `node scripts/kernels.mjs`.
 * A test compiles them again and compares, so that the module can't go stale.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "packages", "gateway", "assembly", "index.ts");
const target = join(root, "packages", "gateway", "src", "kernels", "generated", "wasm-bytes.ts");

/** Memory is imported and shared; 65,536 pages are the 4 GiB that 32-bit pointers reach. No allocator, no data. */
const flags = [
  ...["-O3", "--converge", "--noAssert", "--runtime", "stub", "--importMemory", "--sharedMemory"],
  ...["--initialMemory", "1", "--maximumMemory", "65536", "--enable", "simd,threads"],
];

/** The compiler is a development dependency of the gateway, wherever npm put it. @returns {string} */
function compilerPath() {
  const places = [join(root, "packages", "gateway"), root].map((folder) =>
    join(folder, "node_modules", "assemblyscript", "dist", "asc.js"),
  );
  const place = places.find((path) => existsSync(path));
  if (place === undefined) throw new Error("the AssemblyScript compiler is not installed: run `npm ci`");
  return place;
}

/**
 * @returns {Promise<Uint8Array>} the module
 * @throws {Error} with the compiler's messages
 */
export async function compileKernels() {
  /** @type {typeof import("assemblyscript/asc")} */
  const asc = await import(pathToFileURL(compilerPath()).href);
  const folder = mkdtempSync(join(tmpdir(), "zipml-kernels-"));
  try {
    const file = join(folder, "kernels.wasm");
    const { error, stderr } = await asc.main([source, "--outFile", file, ...flags]);
    if (error !== null) throw new Error(`the kernels do not compile:\n${stderr.toString()}`);
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Uint8Array} bytes */
export function kernelModule(bytes) {
  const lines = (
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,800}/g) ?? []
  ).map((line) => `  "${line}",`);
  return [
    "// Written by scripts/kernels.mjs from packages/gateway/assembly: do not edit.",
    "",
    "/** The compiled kernels, base64. */",
    "export const wasmBytes: string = [",
    ...lines,
    '].join("");',
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = await compileKernels();
  writeFileSync(target, kernelModule(bytes));
  console.log(`${bytes.length} bytes of kernels`);
}
