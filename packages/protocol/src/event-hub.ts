/** Fans events out to any number of readers; each has a queue of its own. */
export interface EventHub<T> {
  /** Hands an event to every reader that there is now. Never waits: a reader that is `limit` events behind loses its oldest. */
  emit(event: T): void;
  /** The events from now on, until the hub is closed or the reader breaks off. */
  events(): AsyncIterableIterator<T>;
  /** Ends every reader after the events it still holds. Idempotent. */
  close(): void;
}

interface Reader<T> {
  readonly queue: T[];
  wake: (() => void) | undefined;
}

/**
 * A hub for one type of events.
 *
 * @param limit Most events kept for a reader that falls behind.
 */
export function createEventHub<T>(limit = 1024): EventHub<T> {
  const readers = new Set<Reader<T>>();
  let closed = false;

  const read = (): AsyncIterableIterator<T> => {
    const reader: Reader<T> = { queue: [], wake: undefined };
    if (!closed) readers.add(reader);
    const next = async (): Promise<IteratorResult<T>> => {
      for (;;) {
        const [event] = reader.queue.splice(0, 1);
        if (event !== undefined) return { done: false, value: event };
        if (!readers.has(reader)) return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
        });
      }
    };
    const stop = async (): Promise<IteratorResult<T>> => {
      readers.delete(reader);
      reader.queue.length = 0;
      reader.wake?.();
      return { done: true, value: undefined };
    };
    const iterator: AsyncIterableIterator<T> = { next, return: stop, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  };
  return {
    emit: (event) => {
      for (const reader of readers) {
        if (reader.queue.length >= limit) reader.queue.shift();
        reader.queue.push(event);
        reader.wake?.();
      }
    },
    events: read,
    close: () => {
      closed = true;
      const open = [...readers];
      readers.clear();
      for (const reader of open) reader.wake?.();
    },
  };
}
