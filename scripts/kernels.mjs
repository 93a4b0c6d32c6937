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
/** 65,536 pages are the 4 GiB that 32-bit pointers reach. */
const shared = ["--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"];

/**
 * Where a module comes from and goes to. None has an allocator or data.
 * @typedef {{ package: string, source: string, target: string, constant: string, flags: readonly string[] }} KernelModule
 */

/** @type {Readonly<Record<string, KernelModule>>} */
const modules = {
  codec: {
    package: "codec",
    source: "index.ts",
    target: "wasm-bytes.ts",
    constant: "wasmBytes",
    // 4 pages, a scratch area that never grows.
    flags: [...common, "simd", "--initialMemory", "4", "--maximumMemory", "4"],
  },
  gateway: {
    package: "gateway",
    source: "index.ts",
    target: "wasm-bytes.ts",
    constant: "wasmBytes",
    flags: [...common, "simd,threads", ...shared],
  },
  "gateway, relaxed": {
    package: "gateway",
    source: "index-relaxed.ts",
    target: "relaxed-bytes.ts",
    constant: "relaxedBytes",
    flags: [...common, "simd,threads,relaxed-simd", ...shared],
  },
};

/** @param {string} name @returns {KernelModule} */
function moduleOf(name) {
  const found = modules[name];
  if (found === undefined) throw new Error(`there are no kernels of ${name}`);
  return found;
}

/** The modules' names. */
export const kernelModules = Object.freeze(Object.keys(modules));

/** @param {string} name of a module @returns {string} file of the module written */
export function kernelTarget(name) {
  const { package: folder, target } = moduleOf(name);
  return join(root, "packages", folder, "src", "kernels", "generated", target);
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
 * @param {string} name of a module
 * @returns {Promise<Uint8Array>} its bytes
 * @throws {Error} with the compiler's messages
 */
export async function compileKernels(name) {
  /** @type {typeof import("assemblyscript/asc")} */
  const asc = await import(pathToFileURL(compilerPath()).href);
  const folder = mkdtempSync(join(tmpdir(), "zipml-kernels-"));
  try {
    const file = join(folder, "kernels.wasm");
    const { package: home, source, flags } = moduleOf(name);
    const path = join(root, "packages", home, "assembly", source);
    const { error, stderr } = await asc.main([path, "--outFile", file, ...flags]);
    if (error !== null) throw new Error(`the kernels of ${name} do not compile:\n${stderr.toString()}`);
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} name of a module @param {Uint8Array} bytes */
export function kernelModule(name, bytes) {
  const { package: home, constant } = moduleOf(name);
  const lines = (
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,800}/g) ?? []
  ).map((line) => `  "${line}",`);
  return [
    `// Written by scripts/kernels.mjs from packages/${home}/assembly: do not edit.`,
    "",
    "/** The compiled kernels, base64. */",
    `export const ${constant}: string = [`,
    ...lines,
    '].join("");',
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of kernelModules) {
    const bytes = await compileKernels(name);
    writeFileSync(kernelTarget(name), kernelModule(name, bytes));
    console.log(`${bytes.length} bytes of kernels of ${name}`);
  }
}
