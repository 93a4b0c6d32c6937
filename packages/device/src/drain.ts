import { DeviceError } from "./errors.ts";
import type { FrameId, Outbox } from "./outbox.ts";

/** Waits for frames to leave an outbox. */
export interface Drain {
  /** Looks again: something was released. */
  check(): void;
  /**
   * Resolves when every frame sealed before the given one has left, whatever was sealed since.
   *
   * @param end The first frame that is not waited for.
   * @throws {@link DeviceError} with code `aborted` when the signal ends the wait.
   */
  wait(end: FrameId, signal: AbortSignal): Promise<void>;
}

/**
 * @param outbox The outbox to watch.
 */
export function createDrain(outbox: Outbox): Drain {
  const waiting = new Set<() => void>();
  /** Frames lie in the order of sealing: the oldest says it all. */
  const isDone = async ({ session, sequence }: FrameId): Promise<boolean> => {
    const [oldest] = await outbox.frames(undefined, 1);
    return oldest === undefined || (oldest.session === session && oldest.sequence >= sequence);
  };
  const wait = (end: FrameId, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        waiting.delete(check);
        signal.removeEventListener("abort", abort);
        settle();
      };
      const check = (): void => {
        isDone(end).then(
          (done) => {
            if (done) finish(resolve);
          },
          (error: unknown) => finish(() => reject(error)),
        );
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
