import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { TrainingError } from "../train/index.ts";

/** A part of the file: the rows of one grid, labels first. */
export interface SpilledChunk {
  readonly grid: number;
  readonly rows: number;
  /** Where the codes begin, from the start of the part. */
  readonly codes: number;
  readonly bytes: number;
  /** Where it begins in the file. */
  readonly at: number;
}

/** Packed rows that memory has no place for. Derived data: the file has no name once it is open, and goes with it. */
export interface Spill {
  readonly chunks: readonly SpilledChunk[];
  /** Most bytes of a part. */
  readonly window: number;
  /** Appends a part. */
  write(chunk: Pick<SpilledChunk, "grid" | "rows" | "codes">, bytes: Uint8Array): Promise<void>;
  /** Reads a part into as many bytes. @throws `TrainingError` `memory` where the file is shorter than it was. */
  read(chunk: SpilledChunk, into: Uint8Array): Promise<void>;
  /** Once is enough. */
  close(): Promise<void>;
}

async function openNameless(directory: string): Promise<FileHandle> {
  const folder = await mkdtemp(join(directory, "zipml-rows-"));
  try {
    return await open(join(folder, "rows"), "wx+", 0o600);
  } finally {
    // An open file outlives its name: nothing stays behind, whatever becomes of the process.
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param directory Where the file is made.
 * @param window Most bytes of a part.
 */
export async function createSpill(directory: string, window: number): Promise<Spill> {
  const file = await openNameless(directory);
  const chunks: SpilledChunk[] = [];
  let end = 0;
  const write: Spill["write"] = async (chunk, bytes) => {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, end + done);
      done += bytesWritten;
    }
    chunks.push({ ...chunk, bytes: bytes.length, at: end });
    end += bytes.length;
  };
  const read: Spill["read"] = async (chunk, into) => {
    for (let done = 0; done < chunk.bytes; ) {
      const { bytesRead } = await file.read(into, done, chunk.bytes - done, chunk.at + done);
      if (bytesRead === 0)
        throw new TrainingError("memory", "the file of packed rows is shorter than what was written");
      done += bytesRead;
    }
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= file.close();
    return closing;
  };
  return { chunks, window, write, read, close };
}
