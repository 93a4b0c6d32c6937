import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** Files in a folder of their own, gone after the test file. */
export function temporaryFiles(): (name: string, content: string | Uint8Array) => Promise<string> {
  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  return async (name, content) => {
    const folder = await mkdtemp(join(tmpdir(), "zipml-data-"));
    folders.push(folder);
    const file = join(folder, name);
    await writeFile(file, content);
    return file;
  };
}

/** The `code` of what a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "no error",
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
}
