import { CsvError, parse } from "csv-parse";
import { DataError } from "./errors.ts";
import { fileError, openText } from "./text-file.ts";

/** Longest line, in characters: a file without line ends is refused before it fills the memory. */
const longestRecord = 1 << 20;

/** One line of a CSV file. */
export interface CsvRecord {
  /** The cells as text, quotes removed. */
  readonly cells: readonly string[];
  /** 1-based line of the file on which the record ends. */
  readonly line: number;
}

function asDataError(file: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause;
  if (!(cause instanceof CsvError)) return fileError(file, cause);
  const at = cause["lines"];
  const line = typeof at === "number" ? { line: at } : {};
  return new DataError("syntax", cause.message, { file, cause, ...line });
}

/**
 * Reads a CSV file, gzipped or not, line by line: commas, LF or CRLF, quoted cells, a byte order mark is dropped,
 * empty lines are passed over. Records may differ in their number of cells.
 *
 * @param file Path of the file.
 * @returns The records in file order. Stopping early closes the file.
 * @throws {@link DataError} `file` or `syntax`.
 */
export async function* readCsv(file: string): AsyncGenerator<CsvRecord, void, undefined> {
  const text = await openText(file);
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: longestRecord,
  });
  text.once("error", (error) => parser.destroy(error));
  text.pipe(parser);
  try {
    for await (const { record, info } of parser) yield { cells: record, line: info.lines };
  } catch (cause) {
    throw asDataError(file, cause);
  } finally {
    text.destroy();
    parser.destroy();
  }
}
