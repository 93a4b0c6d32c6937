import type { Clock } from "../clock.ts";
import { TransportError } from "../errors.ts";

/** A publish or subscribe that the broker has not answered. */
interface Operation {
  readonly since: number;
  /** Hands it to the client library; undefined once that is done. */
  start: (() => void) | undefined;
  readonly settle: (error?: TransportError) => void;
}

/** The operations of one connection that wait for the broker. */
export interface Pending {
  /** How many wait. */
  count(): number;
  /**
   * Runs an operation as soon as the window has room.
   *
   * @param start - hands it to the client library and calls back with the broker's answer
   * @throws TransportError code `busy`, `timeout`, or as the broker's answer or {@link Pending.end} say
   */
  run(start: (done: (error?: TransportError) => void) => void): Promise<void>;
  /** Resolves when none waits. */
  idle(): Promise<void>;
  /** Fails all that wait, and every later one: the connection is gone. The library itself would never settle them. */
  end(error: TransportError): void;
}

const LONGEST_LINE = 16_384;

/**
 * Keeps the operations of one connection.
 *
 * @param window - most of them at the broker at once; the others wait in line
 * @param timeout - longest wait for an answer, ms
 * @param onStart - called when an operation begins to wait
 */
export function createPending(clock: Clock, window: number, timeout: number, onStart: () => void): Pending {
  const waiting = new Set<Operation>(); // in order of arrival
  const idlers = new Set<() => void>();
  const ended = new AbortController();
  const line: Operation[] = [];
  let active = 0;
  let watching = false;
  let failure: TransportError | undefined;

  const admit = (): void => {
    while (active < window) {
      const next = line.shift();
      if (next === undefined) return;
      if (!waiting.has(next)) continue;
      active += 1;
      next.start?.();
    }
  };
  const remove = (operation: Operation): boolean => {
    const there = waiting.delete(operation);
    if (waiting.size === 0) for (const resolve of idlers) resolve();
    return there;
  };
  const watch = async (): Promise<void> => {
    if (watching) return;
    watching = true;
    for (let [oldest] = waiting; oldest !== undefined; [oldest] = waiting) {
      const left = oldest.since + timeout - clock.now();
      if (left > 0) await clock.sleep(left, ended.signal);
      else oldest.settle(new TransportError("timeout", `no acknowledgement from the broker for ${timeout} ms`));
    }
    watching = false;
  };
  const run: Pending["run"] = (start) => {
    if (failure !== undefined) return Promise.reject(failure);
    if (line.length >= LONGEST_LINE) {
      return Promise.reject(new TransportError("busy", `${LONGEST_LINE} publishes wait already`));
    }
    return new Promise((resolve, reject) => {
      const settle = (error?: TransportError): void => {
        if (!remove(operation)) return;
        if (error === undefined) resolve();
        else reject(error);
      };
      const begin = (): void =>
        start((error) => {
          active -= 1;
          settle(error);
          admit();
        });
      const operation: Operation = { since: clock.now(), start: begin, settle };
      waiting.add(operation);
      line.push(operation);
      watch().catch(() => {}); // ends with the connection
      onStart();
      admit();
    });
  };
  const idle = (): Promise<void> =>
    waiting.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.add(resolve));
  const end = (error: TransportError): void => {
    failure ??= error;
    line.length = 0;
    for (const { settle } of [...waiting]) settle(error);
    ended.abort(error);
  };
  return { count: () => waiting.size, run, idle, end };
}
