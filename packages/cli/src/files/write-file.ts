import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "@zipml/gateway/data";
import { CliError } from "../errors.ts";

/**
 * Writes a file whole or not at all: into a new file beside it, flushed to disk, then renamed over it. A reader never
 * sees half of it, and a failure leaves the old file as it was.
 *
 * @param file Path of the file; its folder must exist.
 * @param parts The text, in parts.
 * @throws {@link CliError} `file`.
 */
export async function writeFileWhole(file: string, parts: Iterable<string> | AsyncIterable<string>): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  const failed = (cause: unknown) => {
    const isNowhere = cause instanceof Error && "code" in cause && cause.code === "ENOENT"; // the draft is a new file
    const reason = isNowhere ? `${file}: there is no folder ${dirname(file)}` : fileError(file, cause).message;
    return new CliError("file", `can't write ${reason}`, cause);
  };
  const handle = await open(draft, "wx").catch((cause: unknown) => {
    throw failed(cause);
  });
  try {
    for await (const part of parts) await handle.writeFile(part);
    await handle.sync();
    await handle.close();
    await rename(draft, file);
  } catch (cause) {
    await handle.close().catch(() => undefined);
    await rm(draft, { force: true });
    // what the parts' source threw is its own affair
    throw cause instanceof Error && "syscall" in cause ? failed(cause) : cause;
  }
}
