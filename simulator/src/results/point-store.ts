import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { SimulationError } from "../scenario/errors.ts";
import type { RunResult } from "./columns.ts";
import type { GridPoint } from "./grid-axes.ts";

/** What is known of one point of a sweep. */
export interface StoredPoint {
  readonly point: GridPoint;
  /** Of the point's scenario, where it could be made. */
  readonly hash: string;
  readonly result?: RunResult;
  /** Why the point's scenario was refused. */
  readonly refused?: string;
}

/** A folder of points, one file each. A file is there whole or not at all. */
export interface PointStore {
  /** A point that was computed before; undefined where there is none, or none that can be read. */
  read(hash: string): Promise<StoredPoint | undefined>;
  write(stored: StoredPoint): Promise<void>;
  /** Writes a table or manifest beside the points. */
  writeText(name: string, text: string): Promise<void>;
}

function fileError(file: string, cause: unknown): SimulationError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SimulationError("file", `can't be written: ${why}`, { file, cause });
}

/**
 * Opens a folder for the points of a sweep; it is made where there is none.
 *
 * @param folder Path of the folder.
 * @throws SimulationError `file`.
 */
export async function openPointStore(folder: string): Promise<PointStore> {
  const points = join(folder, "points");
  await mkdir(points, { recursive: true }).catch((cause: unknown) => {
    throw fileError(points, cause);
  });
  const replace = async (file: string, text: string): Promise<void> => {
    const draft = `${file}.${process.pid}.tmp`;
    try {
      await writeFile(draft, text);
      await rename(draft, file);
    } catch (cause) {
      throw fileError(file, cause);
    }
  };
  return {
    read: async (hash) => {
      try {
        const stored = JSON.parse(await readFile(join(points, `${hash}.json`), "utf8")) as StoredPoint;
        return stored.hash === hash ? stored : undefined;
      } catch {
        return undefined; // not there, or cut short by something that is no part of this: computed again
      }
    },
    write: (stored) => replace(join(points, `${stored.hash}.json`), `${JSON.stringify(stored)}\n`),
    writeText: (name, text) => replace(join(folder, name), text),
  };
}
