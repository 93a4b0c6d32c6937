/** Time as an option, so that a simulation can run the same code on a clock of its own. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z, not necessarily whole; never goes back within one process. */
  now(): number;
  /**
   * Resolves after `ms` milliseconds; 0 or less resolves at the next turn.
   *
   * Rejects with the signal's reason as soon as `signal` aborts; the timer is gone by then.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const LONGEST_TIMER = 2 ** 31 - 1; // a longer setTimeout fires at once

/**
 * The clock of this machine.
 *
 * It starts at the wall clock and then follows the monotonic one, so a correction of the wall clock never moves it.
 */
export function systemClock(): Clock {
  const origin = Date.now() - performance.now();
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    let left = ms;
    do {
      await timer(Math.min(Math.max(left, 0), LONGEST_TIMER), signal);
      left -= LONGEST_TIMER;
    } while (left > 0);
  };
  return { now: () => origin + performance.now(), sleep };
}

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clearTimeout(handle);
      reject(signal?.reason);
    };
    const handle = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
