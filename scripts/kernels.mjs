/**
 * Compiles the AssemblyScript kernels of codec and gateway and writes their bytes as TypeScript modules:
 * `node scripts/kernels.mjs`. A test compiles them again and compares, so that no module can go stale.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const common = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--importMemory", "--enable"];

/** No module has an allocator or data. @type {Readonly<Record<string, readonly string[]>>} */
const flags = {
  /** 4 pages, a scratch area that never grows. */
  codec: [...common, "simd", "--initialMemory", "4", "--maximumMemory", "4"],
  /** Memory is shared; 65,536 pages are the 4 GiB that 32-bit pointers reach. */
  gateway: [...common, "simd,threads", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
};

/** The packages that have kernels. */
export const kernelPackages = Object.freeze(Object.keys(flags));

/** @param {string} name package @returns {string} file of the module written */
export function kernelTarget(name) {
  return join(root, "packages", name, "src", "kernels", "generated", "wasm-bytes.ts");
}

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
 * @param {string} name package
 * @returns {Promise<Uint8Array>} the module
 * @throws {Error} with the compiler's messages
 */
export async function compileKernels(name) {
  /** @type {typeof import("assemblyscript/asc")} */
  const asc = await import(pathToFileURL(compilerPath()).href);
  const folder = mkdtempSync(join(tmpdir(), "zipml-kernels-"));
  try {
    const file = join(folder, "kernels.wasm");
    const source = join(root, "packages", name, "assembly", "index.ts");
    const { error, stderr } = await asc.main([source, "--outFile", file, ...(flags[name] ?? [])]);
    if (error !== null) throw new Error(`the kernels of ${name} do not compile:\n${stderr.toString()}`);
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} name package @param {Uint8Array} bytes */
export function kernelModule(name, bytes) {
  const lines = (
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,800}/g) ?? []
  ).map((line) => `  "${line}",`);
  return [
    `// Written by scripts/kernels.mjs from packages/${name}/assembly: do not edit.`,
    "",
    "/** The compiled kernels, base64. */",
    "export const wasmBytes: string = [",
    ...lines,
    '].join("");',
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of kernelPackages) {
    const bytes = await compileKernels(name);
    writeFileSync(kernelTarget(name), kernelModule(name, bytes));
    console.log(`${bytes.length} bytes of kernels of ${name}`);
  }
}
