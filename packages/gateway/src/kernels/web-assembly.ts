/** The part of the WebAssembly interface that the kernels use; the language's own library types don't have it. */

/** A memory, growable in pages of 64 KiB. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  /** @returns The number of pages before. */
  grow(pages: number): number;
}

interface WebAssemblyInterface {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly validate: (bytes: Uint8Array<ArrayBuffer>) => boolean;
}

/** The engine's WebAssembly, where there is one. */
export function webAssembly(): WebAssemblyInterface | undefined {
  return Reflect.get(globalThis, "WebAssembly") as WebAssemblyInterface | undefined;
}

/** Bytes of a page. */
export const pageBytes = 65_536;

/** Most pages that 32-bit pointers reach. */
export const maxPages = 65_536;
