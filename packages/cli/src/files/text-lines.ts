import { createInterface } from "node:readline";
import { fileError, openText } from "@zipml/gateway/data";

/**
 * The lines of a text file, gzipped or not.
 *
 * @param file Path of the file.
 * @returns The lines in order, without line ends. Stopping early closes the file.
 * @throws DataError `file`.
 */
export async function* textLines(file: string): AsyncGenerator<string, void, undefined> {
  const text = await openText(file);
  let failure: unknown;
  const lines = createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY });
  text.once("error", (error) => {
    failure = error;
    lines.close();
  });
  try {
    yield* lines;
  } finally {
    lines.close();
    text.destroy();
  }
  if (failure !== undefined) throw fileError(file, failure);
}
