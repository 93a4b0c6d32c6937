/**
 * The base of errors that bytes from the wire give rise to, as often as a hostile sender likes: errors in every way but
 * that no trace of calls is taken, which costs several times what the refusal itself does.
 *
 * `instanceof Error` holds, and `stack` is name and message alone.
 */
export abstract class RefusalError implements Error {
  static {
    // The chain of an Error without its constructor, which is what takes the trace.
    Object.setPrototypeOf(RefusalError.prototype, Error.prototype);
  }

  readonly #message: string;

  /**
   * @param message What was found and what is allowed.
   */
  constructor(message: string) {
    this.#message = message;
  }

  /** Name of the class. */
  abstract get name(): string;

  /** What was found and what is allowed. */
  get message(): string {
    return this.#message;
  }

  /** Name and message: where it was thrown is not known. */
  get stack(): string {
    return `${this.name}: ${this.#message}`;
  }
}

/** What a {@link DecodeError} found wrong. */
export type DecodeErrorCode =
  | "size" // larger than the caller's limit
  | "truncated" // the bytes end inside an item
  | "trailing" // bytes after the frame
  | "type" // another CBOR item than the layout asks for
  | "form" // an integer or length not in its shortest form
  | "version" // a frame version this decoder does not know
  | "coding" // a coding this decoder does not know
  | "range" // a field outside its range
  | "length" // body or deltas do not have the length that rows and widths ask for
  | "padding" // unused bits of the last body byte are not zero
  | "code"; // a code above the channel's top code k·s

/**
 * The one error that decoding bytes from the wire may throw. The decoder keeps no state: it works on afterwards. It has
 * no trace of calls (see {@link RefusalError}): code, offset and message say what a reader of the bytes needs.
 */
export class DecodeError extends RefusalError {
  readonly code: DecodeErrorCode;
  /** Byte offset in the input where the fault was seen. */
  readonly offset: number;

  /**
   * @param code What kind of fault it is.
   * @param message What was found and what is allowed.
   * @param offset Byte offset in the input.
   */
  constructor(code: DecodeErrorCode, message: string, offset: number) {
    super(`${message} (at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }

  get name(): string {
    return "DecodeError";
  }
}

/** What a {@link GridError} found wrong. */
export type GridErrorCode = "schema" | "grid";

/** A schema or a grid that can't be: thrown when it is made, so that nothing is ever encoded with it. */
export class GridError extends RangeError {
  readonly code: GridErrorCode;
  /** Name or index of the channel, where one channel is at fault. */
  readonly channel: string | number | undefined;

  /**
   * @param code Whether the schema or the grid is at fault.
   * @param message What was wrong and what is allowed.
   * @param channel Name or index of the channel at fault.
   */
  constructor(code: GridErrorCode, message: string, channel?: string | number) {
    super(channel === undefined ? message : `channel ${JSON.stringify(channel)}: ${message}`);
    this.name = "GridError";
    this.code = code;
    this.channel = channel;
  }
}

/** What a {@link ReadingError} found wrong. */
export type ReadingErrorCode = "non-finite" | "missing" | "shape" | "code" | "scheme"; // draws where the grid's scheme needs a place, or the reverse

/** A reading that is refused before anything of its batch is encoded. */
export class ReadingError extends RangeError {
  readonly code: ReadingErrorCode;
  /** 0-based row within the call. */
  readonly row: number;
  /** Name or index of the channel. */
  readonly channel: string | number;

  /**
   * @param code What kind of fault it is.
   * @param message What was found.
   * @param row 0-based row within the call.
   * @param channel Name or index of the channel.
   */
  constructor(code: ReadingErrorCode, message: string, row: number, channel: string | number) {
    super(`row ${row}, channel ${JSON.stringify(channel)}: ${message}`);
    this.name = "ReadingError";
    this.code = code;
    this.row = row;
    this.channel = channel;
  }
}
