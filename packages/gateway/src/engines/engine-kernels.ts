import { readFileSync } from "node:fs";
import process from "node:process";
import { canRunWasmKernels, createWasmKernels, type Kernels, type WasmMemory } from "../kernels/index.ts";

/** What Linux calls the instructions that add up four products of bytes at once, by architecture. */
const linuxFlags: Readonly<Record<string, string>> = Object.freeze({ x64: "avx_vnni", arm64: "asimddp" });

function linuxFlagsOf(): readonly string[] {
  try {
    const text = readFileSync("/proc/cpuinfo", "utf8");
    return /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  } catch {
    return []; // without procfs nothing is known of the processor
  }
}

/**
 * Whether the processor adds up four products of bytes in one instruction. Where it does not, an engine puts several in the
 * place of the relaxed one, and the module without it is the faster one.
 */
function hasByteDots(): boolean {
  const { platform, arch } = process;
  if (platform === "darwin") return arch === "arm64";
  const flag = linuxFlags[arch];
  return platform === "linux" && flag !== undefined && linuxFlagsOf().includes(flag);
}

/**
 * The kernels in WebAssembly that are fastest on this machine; which they are makes no difference to any result.
 *
 * @param memory Shared.
 * @throws `KernelError` `unsupported` where no module can run.
 */
export function createEngineKernels(memory: WasmMemory): Kernels {
  return createWasmKernels(memory, hasByteDots() && canRunWasmKernels("relaxed") ? "relaxed" : "plain");
}
