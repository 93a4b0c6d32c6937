import { execFile } from "node:child_process";
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A file system of a size of its own. */
export interface SmallDisk extends AsyncDisposable {
  /** Takes what room is left, but for so many bytes. */
  fill(leave?: number): Promise<void>;
  /** Gives the room back. */
  free(): Promise<void>;
  /** Only where nothing on it is open for writing. */
  readOnly(isReadOnly: boolean): Promise<void>;
}

/**
 * Mounts a disk of its own on a folder, made where it is missing.
 *
 * @param folder Where.
 * @param kilobytes Its size.
 * @returns undefined where this machine does not let us mount.
 */
export async function mountSmallDisk(folder: string, kilobytes: number): Promise<SmallDisk | undefined> {
  await mkdir(folder, { recursive: true });
  try {
    await execute("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k,mode=700`, "zipml-faults", folder]);
  } catch {
    return undefined; // the caller says that it was skipped
  }
  const ballast = join(folder, "ballast");
  return {
    fill: async (leave = 0) => {
      const file = await open(ballast, "w");
      const block = new Uint8Array(4096);
      let size = 0;
      try {
        for (;;) size += (await file.write(block)).bytesWritten;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      }
      if (leave > 0) await file.truncate(Math.max(0, size - leave));
      await file.close();
    },
    free: () => rm(ballast, { force: true }),
    readOnly: async (isReadOnly) => {
      await execute("mount", ["-o", `remount,${isReadOnly ? "ro" : "rw"}`, folder]);
    },
    [Symbol.asyncDispose]: async () => {
      await execute("umount", ["-l", folder]);
    },
  };
}

/** Files of a folder that end so, in order of name. */
export async function filesOf(folder: string, end: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith(end))
    .sort()
    .map((name) => join(folder, name));
}

/** The segments of a spool that hold frames, in order. */
export async function frameSegments(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of await filesOf(folder, ".seg")) {
    const head = await readFile(file);
    if (head.length > 16 && head.readUInt16LE(6) === 2) found.push(file);
  }
  return found;
}

/** Flips one bit of a file. @returns Where. */
export async function flipBit(file: string, offset: number): Promise<number> {
  const bytes = await readFile(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
  await writeFile(file, bytes);
  return offset;
}

/** Adds what a write that was cut short leaves behind: the beginning of a record like the one at `from`. */
export async function tear(file: string, from: number): Promise<void> {
  const bytes = await readFile(file);
  await writeFile(file, Buffer.concat([bytes, bytes.subarray(from, from + 25)]));
}

/** Size of a file in bytes. */
export async function sizeOf(file: string): Promise<number> {
  return (await stat(file)).size;
}
