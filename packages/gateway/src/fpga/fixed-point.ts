/** Fraction bits of model, dot product, residual and gradient: signed 32 bits, −256 … 256 − 2⁻²³. */
export const fractionBits = 23;

const one = 2 ** fractionBits;
const largest = 0x7fffffff;
const smallest = -0x80000000;

/**
 * A number as a 32-bit word with 23 fraction bits, rounded to the nearest, halves up.
 *
 * @throws RangeError for a number that is not finite or outside −256 … 256 − 2⁻²³.
 */
export function toFixed(value: number): number {
  const word = Math.floor(value * one + 0.5);
  if (!(word >= smallest && word <= largest))
    throw new RangeError(`${value} is not within -256 to 256 - 2^-23, which 32 bits with 23 fraction bits hold`);
  return word;
}

/** The number that a word stands for. */
export function fromFixed(word: number): number {
  return word / one;
}

/**
 * The product of two whole numbers, shifted right arithmetically (towards −∞). Exact for products below 2⁵³ in magnitude:
 * a 32-bit word times a code, or times a 17-bit constant.
 */
export function shiftedProduct(a: number, b: number, shift: number): number {
  return Math.floor((a * b) / 2 ** shift);
}

/** Shifts a word right arithmetically by any count; from 31 on what is left is the sign, 0 or −1. */
export function shiftRight(word: number, count: number): number {
  return word >> Math.min(count, 31);
}

/** Adders of 32 bits. They count sums that do not fit and wrap them, or hold them at the end of the range. */
export class Adders {
  readonly #saturating: boolean;
  /** Sums that left 32 bits so far. */
  wraps = 0;

  constructor(saturating: boolean) {
    this.#saturating = saturating;
  }

  /** A whole number of less than 2⁵³ as a word: as it is where it fits. */
  fit(sum: number): number {
    if (sum >= smallest && sum <= largest) return sum;
    this.wraps += 1;
    if (!this.#saturating) return sum | 0;
    return sum < 0 ? smallest : largest;
  }

  add(a: number, b: number): number {
    return this.fit(a + b);
  }

  subtract(a: number, b: number): number {
    return this.fit(a - b);
  }

  /** One level of an adder tree: neighbours summed, in place; the first half of `count` words is the next level. */
  level(words: Int32Array, count: number): void {
    const half = count >> 1;
    for (let i = 0; i < half; i++) words[i] = this.add(words[2 * i] as number, words[2 * i + 1] as number);
  }

  /** Sums 2^levels words in the tree's order, in place. */
  tree(words: Int32Array, levels: number): number {
    for (let level = levels; level > 0; level--) this.level(words, 1 << level);
    return words[0] as number;
  }
}
