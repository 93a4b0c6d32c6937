import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError } from "./errors.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EISDIR: "is a folder, not a file",
  EACCES: "may not be read",
  EPERM: "may not be read",
};

/**
 * A {@link DataError} `file` that says in words why a file could not be read.
 *
 * @param file The file as the caller named it.
 * @param cause What the system or the decompression threw.
 */
export function fileError(file: string, cause: unknown): DataError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const detail = cause instanceof Error ? cause.message : String(cause);
  const damaged = /^Z_|^ERR_.*ZLIB/.test(code) ? `is damaged gzip (${detail})` : undefined;
  return new DataError("file", reasons[code] ?? damaged ?? `can't be read (${detail})`, { file, cause });
}

async function isGzip(handle: FileHandle): Promise<boolean> {
  const magic = new Uint8Array(2);
  const { bytesRead } = await handle.read(magic, 0, 2, 0);
  return bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
}

/**
 * Opens a file for reading and unzips it where its first two bytes are gzip's, whatever its name is.
 *
 * @param file Path of the file.
 * @returns A stream of the plain bytes. Destroying it closes the file. Its errors go through {@link fileError}.
 * @throws {@link DataError} with code `file`.
 */
export async function openText(file: string): Promise<Readable> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (cause) {
    throw fileError(file, cause);
  }
  let zipped: boolean;
  try {
    zipped = await isGzip(handle);
  } catch (cause) {
    await handle.close();
    throw fileError(file, cause);
  }
  const raw = handle.createReadStream({ start: 0 });
  if (!zipped) return raw;
  const plain = createGunzip();
  raw.once("error", (error) => plain.destroy(error));
  plain.once("close", () => raw.destroy());
  return raw.pipe(plain);
}
