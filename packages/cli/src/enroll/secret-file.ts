import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "@zipml/gateway/data";
import { CliError } from "../errors.ts";

const others = 0o077;

/**
 * Whether others than its owner may read or write a file. Never on Windows, where the mode does not tell.
 *
 * @param file Path of a file.
 * @throws DataError `file`.
 */
export async function isOpenToOthers(file: string): Promise<boolean> {
  const { mode } = await stat(file).catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  return process.platform !== "win32" && (mode & others) !== 0;
}

/**
 * Reads a file that only its owner may read.
 *
 * @param file Path of the file.
 * @throws {@link CliError} `file` where others may read or write it, DataError `file` where it can't be read.
 */
export async function readSecret(file: string): Promise<string> {
  if (await isOpenToOthers(file))
    throw new CliError("file", `${file} holds secrets and is open to others: chmod 600 ${file}`);
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
}

/**
 * Makes a folder with files in it, for its owner alone. All of it is new, or nothing is changed.
 *
 * @param folder Path of the folder; those above it are made.
 * @param files Content by name.
 * @throws {@link CliError} `file` where the folder is there already, or can't be made.
 */
export async function makeSecretFolder(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const failed = (cause: unknown) => new CliError("file", `can't write ${fileError(folder, cause).message}`, cause);
  await mkdir(join(folder, ".."), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw failed(cause);
  });
  await mkdir(folder, { mode: 0o700 }).catch((cause: unknown) => {
    const there = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    throw there ? new CliError("file", `${folder} is there already: nothing was changed`, cause) : failed(cause);
  });
  try {
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw failed(cause);
  }
}
