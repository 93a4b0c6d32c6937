/** What a {@link LinkError} found wrong. */
export type LinkErrorCode =
  | "option" // an option outside what the link knows
  | "payload" // an application message longer than the link carries
  | "size"; // a count of bytes that is no whole number, or negative

/** A link model refused its options or a message. The limit that was broken is named, and its value given. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly code: LinkErrorCode;
  /** Name of the option, or of the limit that was passed, such as `lorawan DR0 application payload`. */
  readonly limit: string;
  /** What was asked for. */
  readonly actual: number | string;
  /** The most that is allowed, where there is a most. */
  readonly allowed: number | undefined;

  /**
   * @param code What kind of fault it is.
   * @param message What was found and what is allowed.
   * @param facts The limit's name, what was asked for, and the most that is allowed.
   */
  constructor(
    code: LinkErrorCode,
    message: string,
    facts: { readonly limit: string; readonly actual: number | string; readonly allowed?: number },
  ) {
    super(message);
    this.code = code;
    this.limit = facts.limit;
    this.actual = facts.actual;
    this.allowed = facts.allowed;
  }
}

/**
 * Checks a number of bytes.
 *
 * @param what What is counted, for the message.
 * @param bytes The number.
 * @param most The most that is allowed, bytes; none by default.
 * @returns The number.
 * @throws LinkError code `size` unless it is a whole number from 0; code `payload` above `most`, with `what` as the limit.
 */
export function checkBytes(what: string, bytes: number, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new LinkError("size", `${what} must be a whole number of bytes from 0, not ${bytes}`, {
      limit: what,
      actual: bytes,
    });
  if (bytes > most)
    throw new LinkError("payload", `${what}: at most ${most} B, not ${bytes} B`, {
      limit: what,
      actual: bytes,
      allowed: most,
    });
  return bytes;
}

/**
 * Checks that an option is one of those known.
 *
 * @param option Name of the option.
 * @param value Its value.
 * @param known What it may be.
 * @returns The value.
 * @throws LinkError code `option`
 */
export function checkKnown<Value extends number | string>(
  option: string,
  value: Value,
  known: readonly Value[],
): Value {
  if (known.includes(value)) return value;
  throw new LinkError("option", `${option} must be one of ${known.join(", ")}, not ${value}`, {
    limit: option,
    actual: value,
  });
}

/**
 * Checks that an option is a number in a range.
 *
 * @param option Name of the option.
 * @param value Its value.
 * @param least The least, included.
 * @param most The most, included.
 * @returns The value.
 * @throws LinkError code `option`
 */
export function checkWithin(option: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new LinkError("option", `${option} must be from ${least} to ${most}, not ${value}`, {
    limit: option,
    actual: value,
    allowed: most,
  });
}
