import type { Clock } from "../clock.ts";

/** A clock that stands still until it is moved. */
export interface VirtualClock extends Clock {
  /**
   * Moves on by `ms` and wakes the sleepers that come due on the way, in order of their time, then of their call. Each
   * runs on as far as it can without waiting before the next is woken, and `now()` is then its time.
   *
   * @throws RangeError if `ms` is negative or not finite
   */
  advance(ms: number): Promise<void>;
  /** Lets everything run on as far as it can without time passing. */
  settle(): Promise<void>;
  /** When the next sleeper comes due, or undefined if nobody sleeps. */
  next(): number | undefined;
  /** How many sleep. */
  sleepers(): number;
}

interface Sleeper {
  readonly due: number;
  readonly order: number;
  readonly wake: () => void;
  cancelled: boolean;
}

/**
 * A {@link VirtualClock} for tests and simulations.
 *
 * @param start - what `now()` says at first, ms since 1970; 0 by default
 */
export function createVirtualClock(start = 0): VirtualClock {
  const heap: Sleeper[] = [];
  let time = start;
  let calls = 0;
  let asleep = 0;

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = () => {
        sleeper.cancelled = true;
        asleep -= 1;
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", abort);
        asleep -= 1;
        resolve();
      };
      calls += 1;
      asleep += 1;
      const sleeper: Sleeper = { due: time + Math.max(0, ms), order: calls, wake, cancelled: false };
      signal?.addEventListener("abort", abort, { once: true });
      insert(heap, sleeper);
    });
  const first = (): Sleeper | undefined => {
    while (heap[0]?.cancelled) removeFirst(heap);
    return heap[0];
  };
  const advance = async (ms: number): Promise<void> => {
    if (!(ms >= 0 && Number.isFinite(ms))) throw new RangeError(`advance by ${ms} ms; 0 or more, finite`);
    const end = time + ms;
    await settle();
    for (let sleeper = first(); sleeper !== undefined && sleeper.due <= end; sleeper = first()) {
      removeFirst(heap);
      time = Math.max(time, sleeper.due);
      sleeper.wake();
      await settle();
    }
    time = Math.max(time, end);
  };
  return { now: () => time, sleep, advance, settle, next: () => first()?.due, sleepers: () => asleep };
}

/** A turn of the event loop comes only when no promise has anything left to do. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function before(a: Sleeper | undefined, b: Sleeper | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

function insert(heap: Sleeper[], sleeper: Sleeper): void {
  let at = heap.length;
  heap.push(sleeper);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(heap[at], heap[parent])) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function removeFirst(heap: Sleeper[]): void {
  swap(heap, 0, heap.length - 1);
  heap.pop();
  let at = 0;
  while (true) {
    const left = 2 * at + 1;
    const child = before(heap[left + 1], heap[left]) ? left + 1 : left;
    if (!before(heap[child], heap[at])) return;
    swap(heap, at, child);
    at = child;
  }
}

function swap(heap: Sleeper[], a: number, b: number): void {
  const [first, second] = [heap[a], heap[b]];
  if (first === undefined || second === undefined) return;
  heap[a] = second;
  heap[b] = first;
}
