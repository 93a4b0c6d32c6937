import { DeviceError } from "./errors.ts";
import type { Outbox } from "./outbox.ts";

/** Waits for an outbox to become empty. */
export interface Drain {
  /** Looks again: something was released. */
  check(): void;
  /**
   * Resolves when no row and no frame is left.
   *
   * @throws {@link DeviceError} with code `aborted` when the signal ends the wait.
   */
  wait(signal: AbortSignal): Promise<void>;
}

/**
 * @param outbox The outbox to watch.
 */
export function createDrain(outbox: Outbox): Drain {
  const waiting = new Set<() => void>();
  const isEmpty = (): boolean => {
    const { rows, frames } = outbox.usage();
    return rows === 0 && frames === 0;
  };
  const wait = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        waiting.delete(check);
        signal.removeEventListener("abort", abort);
        settle();
      };
      const check = (): void => {
        if (isEmpty()) finish(resolve);
      };
      const abort = (): void =>
        finish(() => reject(new DeviceError("aborted", "the wait for receipts was ended", { cause: signal.reason })));
      waiting.add(check);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      else check();
    });
  return {
    check: () => {
      for (const look of [...waiting]) look();
    },
    wait,
  };
}
