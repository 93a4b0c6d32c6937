import type { Clock } from "@zipml/protocol";

/** Counts what passes against what time allows. */
export interface TokenBucket {
  /** Whether `count` tokens are there; they are taken only then. */
  take(count: number): boolean;
  /**
   * Takes `count` tokens, also where they are not there yet.
   *
   * @returns Milliseconds until the debt is paid; 0 without one.
   */
  charge(count: number): number;
}

/**
 * A full bucket.
 *
 * @param rate Tokens a second that come back, above 0.
 * @param burst Tokens it holds, above 0.
 * @param clock Time.
 */
export function createTokenBucket(rate: number, burst: number, clock: Pick<Clock, "now">): TokenBucket {
  let tokens = burst;
  let last = clock.now();
  const fill = (): void => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - last) / 1000) * rate);
    last = now;
  };
  return {
    take: (count) => {
      fill();
      if (tokens < count) return false;
      tokens -= count;
      return true;
    },
    charge: (count) => {
      fill();
      tokens -= count;
      return tokens >= 0 ? 0 : (-tokens / rate) * 1000;
    },
  };
}
