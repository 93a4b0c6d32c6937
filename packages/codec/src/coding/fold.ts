/**
 * The difference of two codes as a whole number 0 … top: 0, −1, 1, −2, 2 … become 0, 1, 2, 3, 4 … as long as both signs
 * fit the alphabet, and beyond that the only sign left is counted on, so that no number stands for nothing (as in CCSDS
 * 121.0-B, section 4.2).
 *
 * @param before The code of the row before, 0 … top.
 * @param code The code, 0 … top.
 * @param top Largest code of the channel.
 */
export function fold(before: number, code: number, top: number): number {
  // Masks of −1 and 0 in place of branches, which these numbers would mislead half the time.
  const difference = code - before;
  const negative = difference >> 31;
  const distance = (difference ^ negative) - negative;
  const middle = top - before - before;
  const room = before + (middle & (middle >> 31));
  const both = (difference << 1) ^ negative;
  return both + ((distance + room - both) & ((room - distance) >> 31));
}

/**
 * The reverse of {@link fold}.
 *
 * @param before The code of the row before, 0 … top.
 * @param folded 0 … top.
 * @param top Largest code of the channel.
 */
export function unfold(before: number, folded: number, top: number): number {
  const middle = top - before - before;
  const room = before + (middle & (middle >> 31));
  const both = before + ((folded >> 1) ^ -(folded & 1));
  const upper = -middle >> 31;
  const one = top - folded + ((folded + folded - top) & upper);
  return both + ((one - both) & ((room + room - folded) >> 31));
}
