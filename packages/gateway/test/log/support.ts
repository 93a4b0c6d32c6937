import type { LogFile, LogFiles } from "../../src/log/files.ts";

/** A disk that fails when told to. */
export interface FaultyDisk {
  readonly files: LogFiles;
  /** Bytes that may still be written; beyond them `ENOSPC`, with a part written. */
  room: number;
  /** Whether fsync fails. */
  syncFails: boolean;
  /** Whether what was written can't be taken back. */
  truncateFails: boolean;
  /** Writes and fsyncs, in order. */
  readonly calls: string[];
}

function diskFault(code: string): Error {
  return Object.assign(new Error(`${code}: test`), { code });
}

/** Puts faults before a file system. */
export function faultyDisk(inner: LogFiles): FaultyDisk {
  const calls: string[] = [];
  const wrap = (file: LogFile): LogFile => ({
    write: async (buffer, offset, length, position) => {
      const part = Math.min(length, disk.room);
      if (length > 0 && part === 0) throw diskFault("ENOSPC");
      disk.room -= part;
      calls.push("write");
      return file.write(buffer, offset, part, position);
    },
    datasync: async () => {
      calls.push("sync");
      if (disk.syncFails) throw diskFault("EIO");
      await file.datasync();
    },
    truncate: async (length) => {
      if (disk.truncateFails) throw diskFault("EIO");
      await file.truncate(length);
    },
    close: () => file.close(),
  });
  const disk: FaultyDisk = {
    room: Number.POSITIVE_INFINITY,
    syncFails: false,
    truncateFails: false,
    calls,
    files: { ...inner, create: async (path) => wrap(await inner.create(path)) },
  };
  return disk;
}

/** Files in memory. */
export function memoryFiles(): LogFiles & { readonly contents: Map<string, Uint8Array> } {
  const contents = new Map<string, Uint8Array>();
  const get = (path: string): Uint8Array => {
    const bytes = contents.get(path);
    if (bytes === undefined) throw diskFault("ENOENT");
    return bytes;
  };
  const resize = (path: string, length: number): void => {
    const next = new Uint8Array(length);
    next.set(get(path).subarray(0, length));
    contents.set(path, next);
  };
  return {
    contents,
    mkdir: async () => undefined,
    readdir: async (folder) =>
      [...contents.keys()].flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [])),
    readFile: async (path) => get(path).slice(),
    create: async (path) => {
      if (contents.has(path)) throw diskFault("EEXIST");
      contents.set(path, new Uint8Array(0));
      return {
        write: async (buffer, offset, length, position) => {
          if (get(path).length < position + length) resize(path, position + length);
          get(path).set(buffer.subarray(offset, offset + length), position);
          return { bytesWritten: length };
        },
        datasync: async () => undefined,
        truncate: async (length) => resize(path, length),
        close: async () => undefined,
      };
    },
    truncate: async (path, length) => resize(path, length),
    unlink: async (path) => {
      get(path);
      contents.delete(path);
    },
    syncFolder: async () => undefined,
  };
}
