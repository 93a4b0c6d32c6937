/** What a {@link SpoolError} is about. */
export type SpoolErrorCode =
  | "disk" // the disk is full, read-only or failing: nothing was taken, nothing accepted before is lost
  | "locked" // another process has the spool open
  | "version" // written by a version that is not known here
  | "closed" // the spool was closed
  | "options"; // an option or an argument is out of range

/** A refusal by the spool. */
export class SpoolError extends Error {
  readonly code: SpoolErrorCode;
  /** The file or folder that it is about, where it is one. */
  readonly file: string | undefined;

  /**
   * @param code What it is about.
   * @param message What was wrong and what is allowed.
   * @param options The file, and a cause where there is one.
   */
  constructor(code: SpoolErrorCode, message: string, options: ErrorOptions & { readonly file?: string } = {}) {
    super(message, options);
    this.name = "SpoolError";
    this.code = code;
    this.file = options.file;
  }
}

/** What the system calls an error: `ENOENT` and the like, or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** A disk's error under one type, with what was tried in its message. */
export function diskError(doing: string, file: string, cause: unknown): SpoolError {
  if (cause instanceof SpoolError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError("disk", `${doing} ${file}: ${why}`, { file, cause });
}
