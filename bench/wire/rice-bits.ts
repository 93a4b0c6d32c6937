/** 0, −1, 1, −2 … as 0, 1, 2, 3 … */
export function zigzag(difference: number): number {
  return difference < 0 ? -2 * difference - 1 : 2 * difference;
}

/** Bits of a whole number told by its length first: 5 for the length, then its bits. */
export function lengthPrefixed(value: number): number {
  return 5 + (value === 0 ? 0 : Math.floor(Math.log2(value)) + 1);
}

/**
 * Bits of whole numbers in a Rice code: 4 for its parameter, the one with the fewest bits, then quotient in unary and
 * remainder of each.
 */
export function riceBits(numbers: readonly number[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < 16; k++) {
    let bits = 0;
    for (const number of numbers) bits += Math.floor(number / 2 ** k) + 1 + k;
    least = Math.min(least, bits);
  }
  return 4 + (numbers.length === 0 ? 0 : least);
}

/** Bits of a series of whole numbers: the first as it is, then Rice coded differences. */
export function differenceBits(numbers: ArrayLike<number>): number {
  const differences = Array.from({ length: Math.max(0, numbers.length - 1) }, (_, i) =>
    zigzag((numbers[i + 1] as number) - (numbers[i] as number)),
  );
  return lengthPrefixed(zigzag(numbers[0] ?? 0)) + riceBits(differences);
}

/** Differences of whole numbers as bytes, 7 bits a byte, low ones first: what general compressors do well on. */
export function differenceBytes(numbers: ArrayLike<number>): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < numbers.length; i++) {
    let rest = zigzag((numbers[i] as number) - (numbers[i - 1] ?? 0));
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}
