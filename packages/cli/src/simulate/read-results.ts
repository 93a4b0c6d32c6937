import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "@zipml/gateway/data";
import type { FleetResult, StoredPoint } from "@zipml/simulator";
import { CliError } from "../errors.ts";

/** Results of a file or folder. */
export interface ReadResults {
  readonly results: readonly FleetResult[];
  /** Points of a sweep that were refused, in words. */
  readonly refused: readonly string[];
}

async function textOf(path: string): Promise<{ file: string; text: string }> {
  try {
    const file = (await stat(path)).isDirectory() ? join(path, "results.json") : path;
    return { file, text: await readFile(file, "utf8") };
  } catch (cause) {
    throw new CliError("file", `can't read ${fileError(path, cause).message}`, cause);
  }
}

function isResult(value: unknown): value is FleetResult {
  if (typeof value !== "object" || value === null) return false;
  const { manifest, frames, learning } = value as Partial<FleetResult>;
  return (
    typeof manifest === "object" && typeof frames === "object" && (learning === undefined || Array.isArray(learning))
  );
}

const withLearning = (result: FleetResult): FleetResult => ({ ...result, learning: result.learning ?? [] });

/**
 * Reads what `zipml simulate run --out` or `sweep --out` has written.
 *
 * @param path A result's file, or a sweep's folder.
 * @throws {@link CliError} `file`: not there, or no results.
 */
export async function readResults(path: string): Promise<ReadResults> {
  const { file, text } = await textOf(path);
  const wrong = (cause?: unknown) =>
    new CliError(
      "file",
      `${file} holds no results: \`zipml simulate run --out FILE\` and \`sweep --out DIR\` write them`,
      cause,
    );
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw wrong(cause);
  }
  if (isResult(data)) return { results: [withLearning(data)], refused: [] };
  if (!Array.isArray(data)) throw wrong();
  const points = data as readonly Partial<StoredPoint>[];
  const results = points.flatMap(({ result }) => (isResult(result) ? [withLearning(result)] : []));
  const refused = points.flatMap(({ point, refused: why }) =>
    why === undefined ? [] : [`${JSON.stringify(point ?? {})}: ${why}`],
  );
  if (results.length + refused.length !== points.length || points.length === 0) throw wrong();
  return { results, refused };
}
