/** What a {@link LogError} is about. */
export type LogErrorCode =
  | "disk" // a file or folder can't be read or written
  | "locked" // another gateway works in the directory
  | "version"; // written by a version that is not known here

/** A refusal by a gateway's log. */
export class LogError extends Error {
  readonly code: LogErrorCode;
  /** The file or folder that it is about. */
  readonly file: string;

  /**
   * @param code What it is about.
   * @param message What was wrong and what is allowed.
   * @param file The file or folder.
   * @param options A cause, where there is one.
   */
  constructor(code: LogErrorCode, message: string, file: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LogError";
    this.code = code;
    this.file = file;
  }
}

/** The text of whatever was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A disk's error under one type, with what was tried in its message. */
export function diskError(doing: string, file: string, cause: unknown): LogError {
  if (cause instanceof LogError) return cause;
  return new LogError("disk", `${doing} ${file}: ${textOf(cause)}`, file, { cause });
}
