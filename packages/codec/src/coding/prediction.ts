/**
 * Predictions of one channel, value after value: exponential smoothing of the level, with or without a damped drift
 * (Gardner and McKenzie, 1985), in whole numbers. Positions are in 1/256 of a step.
 */

/** How much of an error goes where, in parts of 32. */
interface Smoothing {
  /** Into the level. */
  readonly level: number;
  /** Into the drift. */
  readonly drift: number;
  /** What is left of the drift from one value to the next. */
  readonly damping: number;
}

const smoothing = (level: number, drift: number, damping: number): Smoothing => ({ level, drift, damping });

/** By number: from the last value to nearly the mean of all, then three with a drift, short to long. */
export const smoothings: readonly Smoothing[] = Object.freeze([
  smoothing(32, 0, 0),
  smoothing(24, 0, 0),
  smoothing(16, 0, 0),
  smoothing(8, 0, 0),
  smoothing(2, 0, 0),
  smoothing(32, 16, 16),
  smoothing(24, 12, 20),
  smoothing(20, 2, 31),
]);

/** The next position expected. */
export class Prediction {
  readonly #level: number;
  readonly #drift: number;
  readonly #damping: number;
  /** Positions end half a step beyond the lowest and the highest code. */
  readonly #most: number;
  #seen = 0;
  #moving = 0;
  #next = 0;

  /**
   * @param top Largest code.
   * @param number Of the smoothing, 0 to 7.
   */
  constructor(top: number, number: number) {
    const { level, drift, damping } = smoothings[number] as Smoothing;
    this.#level = level;
    this.#drift = drift;
    this.#damping = damping;
    this.#most = 256 * top + 128;
  }

  /** The position expected, −128 to 256·top + 128. */
  get next(): number {
    return this.#next;
  }

  /**
   * Takes a decoded position in, −128 to 256·top + 128.
   *
   * @returns How far it lies above the one expected; undefined for the first.
   */
  learn(position: number): number | undefined {
    this.#seen += 1;
    if (this.#seen === 1) {
      this.#next = position;
      return undefined;
    }
    const error = position - this.#next;
    // At first the mean of what was seen, as long as that weighs more.
    const level = Math.max(this.#level, Math.floor(32 / this.#seen));
    this.#moving = (this.#damping * this.#moving + this.#drift * error + 16) >> 5;
    const next = this.#next + ((level * error + 16) >> 5) + this.#moving;
    this.#next = Math.max(-128, Math.min(next, this.#most));
    return error;
  }
}
