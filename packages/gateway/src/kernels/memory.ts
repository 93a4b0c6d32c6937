import { KernelError } from "./errors.ts";
import { maxPages, pageBytes, type WasmMemory, webAssembly } from "./web-assembly.ts";

/**
 * A memory that kernels in several threads share. Pass the object itself to workers; each makes kernels of its own over it.
 * `grow` gives more up to the cap, after which views must be made anew.
 *
 * @param bytes At first, rounded up to pages of 64 KiB.
 * @param cap Most bytes it may grow to; up to 4 GiB, the default.
 * @throws {@link KernelError} `unsupported` without WebAssembly or shared memory (use a plain `{ buffer }` and the
 * TypeScript kernels then), `memory` for sizes out of range or where the system has no such room.
 */
export function createKernelMemory(bytes: number, cap: number = maxPages * pageBytes): WasmMemory {
  const initial = Math.max(1, Math.ceil(bytes / pageBytes));
  const maximum = Math.floor(cap / pageBytes);
  if (!(initial <= maximum && maximum <= maxPages))
    throw new KernelError("memory", `a memory of ${bytes} bytes with a cap of ${cap}: the cap may be 64 KiB to 4 GiB`);
  const wasm = webAssembly();
  if (wasm === undefined || typeof SharedArrayBuffer === "undefined")
    throw new KernelError("unsupported", "shared WebAssembly memory is not available here");
  try {
    return new wasm.Memory({ initial, maximum, shared: true });
  } catch (cause) {
    throw new KernelError("memory", `no room for ${bytes} bytes that may grow to ${cap}`, { cause });
  }
}
