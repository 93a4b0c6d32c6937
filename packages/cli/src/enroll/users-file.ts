import { appendFile, open } from "node:fs/promises";
import { type BrokerUser, parseIdentity } from "@zipml/gateway";
import { fileError } from "@zipml/gateway/data";
import { CliError } from "../errors.ts";
import { readSecret } from "./secret-file.ts";

/**
 * Users from the text of a users file: a line `name:hash` each; empty lines and those that start with `#` are passed
 * over.
 *
 * @param file Its path, for errors.
 * @param text Its text.
 * @throws {@link CliError} `file` with the line; a hash is never in the message.
 */
export function parseUsers(file: string, text: string): BrokerUser[] {
  const users: BrokerUser[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    const at = entry.indexOf(":");
    const name = entry.slice(0, Math.max(at, 0));
    if (parseIdentity(name) === undefined)
      throw new CliError(
        "file",
        `${file}:${index + 1}: NAME:HASH is needed, NAME being <group>.<device>, _gateway.<group>.<id> or _operator.<id>`,
      );
    users.push({ name, passwordHash: entry.slice(at + 1) });
  }
  return users;
}

/**
 * Reads a users file.
 *
 * @param file Its path.
 * @throws {@link CliError} `file` for a line that is none, or a file that others may read; DataError `file`.
 */
export async function readUsersFile(file: string): Promise<BrokerUser[]> {
  return parseUsers(file, await readSecret(file));
}

/**
 * Adds a user to a file, which is made for its owner alone where it is missing.
 *
 * @param file Its path.
 * @param user The new user.
 * @throws {@link CliError} `file` where the name is there already; as {@link readUsersFile}.
 */
export async function addUser(file: string, { name, passwordHash }: BrokerUser): Promise<void> {
  const failed = (cause: unknown): never => {
    throw new CliError("file", `can't write ${fileError(file, cause).message}`, cause);
  };
  const handle = await open(file, "a", 0o600).catch(failed);
  await handle.close();
  const text = await readSecret(file);
  if (parseUsers(file, text).some((user) => user.name === name))
    throw new CliError("file", `${file} has a user ${name} already: nothing was changed`);
  const start = text === "" || text.endsWith("\n") ? "" : "\n";
  await appendFile(file, `${start}${name}:${passwordHash}\n`).catch(failed);
}
