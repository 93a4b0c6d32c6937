import { mkdir, open, readdir, rename, unlink } from "node:fs/promises";

/** An open file: what the spool uses of a `FileHandle`. */
export interface SpoolFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  stat(): Promise<{ readonly size: number }>;
  /** Puts what was written on the disk; also used on folders. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** What the spool uses of `node:fs/promises`; a test passes its own to make a disk fail. Errors carry a `code` such as `ENOSPC`. */
export interface SpoolFiles {
  mkdir(folder: string, options: { readonly recursive: true; readonly mode: number }): Promise<unknown>;
  readdir(folder: string): Promise<string[]>;
  /** Flags `r`, `r+`, `w` and `wx`, as in `fs.open`. */
  open(path: string, flags: string, mode?: number): Promise<SpoolFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** Mode of the spool's files and of its folder: the readings are the owner's business. */
export const fileMode = 0o600;
export const folderMode = 0o700;

/** The file system of this machine. */
export function systemFiles(): SpoolFiles {
  return { mkdir, readdir: (folder) => readdir(folder), open, rename, unlink };
}

/** Writes all of `bytes` at a position, however many writes that takes. */
export async function writeAll(file: SpoolFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error("the disk takes nothing");
    done += bytesWritten;
  }
}

/** Reads from a position on; the result is shorter than `length` where the file ends. A copy. */
export async function readUpTo(file: SpoolFile, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** Opens a file, hands it to `use`, and closes it whatever happens. */
export async function withFile<T>(
  files: SpoolFiles,
  path: string,
  flags: string,
  use: (file: SpoolFile) => Promise<T>,
): Promise<T> {
  const file = await files.open(path, flags, fileMode);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Everything in a file. */
export function readWhole(files: SpoolFiles, path: string): Promise<Uint8Array> {
  return withFile(files, path, "r", async (file) => readUpTo(file, 0, (await file.stat()).size));
}

/** Makes created, renamed and deleted names of a folder durable. */
export function syncFolder(files: SpoolFiles, folder: string): Promise<void> {
  return withFile(files, folder, "r", (file) => file.sync());
}
