/** What a {@link CliError} found wrong. */
export type CliErrorCode =
  | "option" // a flag's value, or flags that do not go together
  | "config" // a configuration file that can't be used
  | "model" // a file that is no saved model
  | "frames" // a file that is no file of frames
  | "grid" // a file that is no file of a grid, or of another one
  | "file" // a file that can't be written
  | "delivery"; // frames that nobody has receipted

/** Wrong input to a command: one line on standard error, exit code 2. Match on `code`, never on the message. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  /**
   * @param code What kind of fault it is.
   * @param message One line: what was found, where, what is allowed.
   * @param cause What lay underneath.
   */
  constructor(code: CliErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CliError";
    this.code = code;
  }
}
