import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { captureIo, run } from "@zipml/cli";
import { afterAll } from "vitest";

/** Readings that ship with the command line. */
export const motes = fileURLToPath(new URL("../data/wsn_multihop/wsn_multihop.csv.gz", import.meta.url));

/** Runs a command within this process. */
export async function zipml(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = captureIo();
  const code = await run(args, io);
  return { code, ...io.text };
}

/** A folder that is gone after the test file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "zipml-cli-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file into a folder and gives its path. */
export async function put(folder: string, name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

/** A table y = 2a − 3b + 1 + a small ripple, 200 rows, with a column of words. */
export function plantCsv(rows = 200): string {
  const lines = Array.from({ length: rows }, (_, r) => {
    const a = (r * 37) % 101;
    const b = (r * 53) % 89;
    return `${a},${b},unit-${r % 3},${2 * a - 3 * b + 1 + Math.sin(r)}`;
  });
  return `a,b,unit,y\n${lines.join("\n")}\n`;
}
