import type { RandomSource } from "./random.ts";

/** Bounds of the wait between two attempts. */
export interface BackoffOptions {
  /** Largest wait before the second attempt, in ms, above 0. */
  readonly base: number;
  /** Largest wait before any attempt, in ms, at least `base`. */
  readonly cap: number;
}

/** Waits up to 1 s after the first failure, and never more than 30 s. */
export const defaultBackoff: BackoffOptions = { base: 1000, cap: 30_000 };

/**
 * Exponential backoff with full jitter: uniform in [0, min(cap, base · 2^attempt)).
 *
 * Full jitter spreads a fleet that lost its broker at one instant over the whole window, so that it does not come back
 * as one.
 *
 * @param attempt - failures so far, from 0; any larger integer is fine, the cap bounds it
 * @param random - drawn from once
 * @returns the wait in ms, not an integer
 * @throws RangeError if a bound is not a positive finite number, `cap` is below `base`, or `attempt` is no count
 */
export function backoffDelay(attempt: number, options: BackoffOptions, random: RandomSource): number {
  checkBackoff(options);
  if (!Number.isInteger(attempt) || attempt < 0) {
    throw new RangeError(`attempt is ${attempt}; it counts failures, a whole number from 0`);
  }
  const ceiling = Math.min(options.cap, options.base * 2 ** Math.min(attempt, 1023));
  return (random() / 2 ** 32) * ceiling;
}

/**
 * Checks the bounds of a backoff before anything depends on them.
 *
 * @throws RangeError if a bound is not a positive finite number or `cap` is below `base`
 */
export function checkBackoff({ base, cap }: BackoffOptions): void {
  if (!(Number.isFinite(base) && base > 0 && Number.isFinite(cap) && cap >= base)) {
    throw new RangeError(`backoff base ${base} ms, cap ${cap} ms; base is above 0 and cap at least base, both finite`);
  }
}
