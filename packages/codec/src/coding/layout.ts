import { DecodeError } from "../errors.ts";

/** What a coding needs to know of a channel. */
export interface CodeChannel {
  /** Width of a code, 1 to 16. */
  readonly bits: number;
  /** Largest code, 1 to 2^bits − 1. */
  readonly top: number;
}

/** The alphabets of a row, in the order of its channels. A `Quantizer` is one. */
export interface CodeLayout {
  readonly channels: readonly CodeChannel[];
}

/**
 * Most codes in a body whose length does not say how many they are. A channel that stands still takes next to nothing, so
 * a short body could otherwise ask a receiver for any amount of memory and work.
 */
export const maxCodedValues = 65_536;

/**
 * Bounds the work that a body can ask for, before anything is allocated.
 *
 * @param rows Rows that the frame claims.
 * @param channels Their number.
 * @throws {@link DecodeError} `range` above {@link maxCodedValues} codes.
 */
export function checkVolume(rows: number, channels: number): void {
  const values = rows * channels;
  if (values > maxCodedValues)
    throw new DecodeError("range", `${values} codes, more than the ${maxCodedValues} that this coding allows`, 0);
}
