/** What an {@link AcceleratorError} found wrong. */
export type AcceleratorErrorCode =
  | "options" // a configuration that can't be
  | "platform" // a platform that can't be, or that has no such layout
  | "capacity" // more features than the platform keeps on chip, or a row longer than its FIFO
  | "shape" // lines, labels, codes or a model of another length than the configuration asks for
  | "range" // a code or value that the layout can't hold
  | "state" // a call at the wrong time: no lines loaded, or an epoch still running
  | "wrap"; // a 32-bit word of the corrected design overflowed

/** The error of everything in the accelerator. */
export class AcceleratorError extends Error {
  readonly code: AcceleratorErrorCode;
  /** Row of the epoch at fault, from 0, where one is. */
  readonly row: number | undefined;
  /** The most that is allowed, where the fault is a limit. */
  readonly limit: number | undefined;

  /**
   * @param code What kind of fault it is.
   * @param message What was wrong, where, and what is allowed.
   * @param facts Row and limit, where there are any.
   */
  constructor(
    code: AcceleratorErrorCode,
    message: string,
    facts: { readonly row?: number | undefined; readonly limit?: number | undefined } = {},
  ) {
    super(message);
    this.name = "AcceleratorError";
    this.code = code;
    this.row = facts.row;
    this.limit = facts.limit;
  }
}

/** @throws {@link AcceleratorError} `options` unless the number is whole and from `least` to `most`. */
export function checkWhole(value: number, name: string, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new AcceleratorError("options", `${name} must be a whole number from ${least} to ${most}, not ${value}`);
}
