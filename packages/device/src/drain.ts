import { DeviceError } from "./errors.ts";
import type { FrameId, Outbox } from "./outbox.ts";

/** Waits for frames to leave an outbox. */
export interface Drain {
  /** Looks again: something was released. */
  check(): void;
  /**
   * Resolves when every frame sealed before the given one has left, but for those that are left out, whatever was sealed since.
   *
   * @param end The first frame that is not waited for.
   * @throws {@link DeviceError} with code `aborted` when the signal ends the wait.
   */
  wait(end: FrameId, signal: AbortSignal): Promise<void>;
}

/**
 * @param outbox The outbox to watch.
 * @param isLeftOut Whether a frame is not waited for: one in quarantine would never leave.
 */
export function createDrain(outbox: Outbox, isLeftOut: (id: FrameId) => boolean = () => false): Drain {
  const waiting = new Set<() => void>();
  /** Frames lie in the order of sealing: the oldest that is waited for says it all. */
  const isDone = async ({ session, sequence }: FrameId): Promise<boolean> => {
    for (let after: FrameId | undefined; ; ) {
      const [oldest] = await outbox.frames(after, 1);
      if (oldest === undefined || (oldest.session === session && oldest.sequence >= sequence)) return true;
      if (!isLeftOut(oldest)) return false;
      after = oldest;
    }
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
