/** The part of the WebAssembly interface that the kernels use; the language's own library types don't have it. */
export interface WebAssemblyInterface {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** The engine's WebAssembly, where there is one. */
export function webAssembly(): WebAssemblyInterface | undefined {
  return Reflect.get(globalThis, "WebAssembly") as WebAssemblyInterface | undefined;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Bytes of a text in base64; a new array. The language alone promises no decoder. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> {
  const places = new Map(Array.from(alphabet, (letter, place) => [letter, place]));
  const bytes = new Uint8Array(Math.floor((text.replaceAll("=", "").length * 3) / 4));
  let buffer = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    buffer = (buffer << 6) | (places.get(letter) ?? 0);
    held += 6;
    if (held >= 8) {
      held -= 8;
      if (at < bytes.length) bytes[at++] = buffer >> held;
    }
  }
  return bytes;
}
