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

/** The one error that decoding bytes from the wire may throw. The decoder keeps no state: it works on afterwards. */
export class DecodeError extends Error {
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
    this.name = "DecodeError";
    this.code = code;
    this.offset = offset;
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
export type ReadingErrorCode = "non-finite" | "missing" | "shape" | "code";

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
