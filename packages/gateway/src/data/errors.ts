/** What a {@link DataError} found wrong. */
export type DataErrorCode =
  | "file" // missing, a folder, unreadable, or a damaged gzip stream
  | "syntax" // the CSV itself can't be read: an open quote, a line without end
  | "empty" // no line at all, or a header and no row
  | "header" // no header line, or a name that stands twice
  | "column" // a column that is not there, or holds no number
  | "rows" // rows there are, but none that can be used
  | "constant" // a target that never changes
  | "split"; // a holdout that leaves too few rows on one side

/** Facts about a {@link DataError}, each given only where it is known. */
export interface DataErrorFacts {
  /** The file as the caller named it. */
  readonly file?: string;
  /** 1-based line of the file, the header being line 1. */
  readonly line?: number;
  /** Name of the column. */
  readonly column?: string;
  /** The names that the file has, so that the nearest can be offered. */
  readonly columns?: readonly string[];
  /** What lay underneath. */
  readonly cause?: unknown;
}

/** The one error of reading and splitting tables. Match on `code`, never on the message. */
export class DataError extends Error {
  readonly code: DataErrorCode;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: string | undefined;
  readonly columns: readonly string[];

  /**
   * @param code What kind of fault it is.
   * @param message What was found and what is allowed; file and line are put before it.
   * @param facts Where it was.
   */
  constructor(code: DataErrorCode, message: string, facts: DataErrorFacts = {}) {
    const { file, line, column, columns = [], cause } = facts;
    const place = file === undefined ? "" : line === undefined ? `${file}: ` : `${file}:${line}: `;
    super(place + message, cause === undefined ? undefined : { cause });
    this.name = "DataError";
    this.code = code;
    this.file = file;
    this.line = line;
    this.column = column;
    this.columns = columns;
  }
}
