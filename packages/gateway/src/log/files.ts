import { mkdir, open, readdir, readFile, truncate, unlink } from "node:fs/promises";

/** An open file: what the log uses of a `FileHandle`. */
export interface LogFile {
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  /** Puts what was written, and the file's size, on the disk. */
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** What the log uses of a file system; a test passes its own to make a disk fail. Errors carry a `code` such as `ENOSPC`. */
export interface LogFiles {
  /** Makes a folder, and those above it, unless it is there. */
  mkdir(folder: string): Promise<void>;
  readdir(folder: string): Promise<string[]>;
  readFile(path: string): Promise<Uint8Array>;
  /** Makes a file that was not there. */
  create(path: string): Promise<LogFile>;
  truncate(path: string, length: number): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes created and deleted names of a folder durable. */
  syncFolder(folder: string): Promise<void>;
}

/** Mode of the log's files and of its folders: the readings are the owner's business. */
export const fileMode = 0o600;
export const folderMode = 0o700;

/** The file system of this machine. */
export function systemFiles(): LogFiles {
  return {
    mkdir: async (folder) => {
      await mkdir(folder, { recursive: true, mode: folderMode });
    },
    readdir,
    readFile: (path) => readFile(path),
    create: (path) => open(path, "wx", fileMode),
    truncate,
    unlink,
    syncFolder: async (folder) => {
      const handle = await open(folder, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}

/** Writes all of `bytes` at a position, however many writes that takes. */
export async function writeAll(file: LogFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error("the disk takes nothing");
    done += bytesWritten;
  }
}
