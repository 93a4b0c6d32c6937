import { TransportError } from "./errors.ts";
import type { TransportEvent } from "./transport.ts";

/** What stands between a transport's callbacks and the consumer of its events. */
export interface EventQueue {
  /** Messages not yet consumed. */
  waiting(): number;
  /**
   * Adds an event. Messages are for the caller to bound, by {@link EventQueue.waiting}; of two changes of the connection
   * in a row that nobody saw, only the outcome is kept.
   */
  push(event: TransportEvent): void;
  /**
   * The events, for one consumer.
   *
   * @throws TransportError code `option` when called a second time
   */
  events(): AsyncIterable<TransportEvent>;
  /** Ends the iteration, after what is already in the queue. */
  close(): void;
}

/**
 * Makes the queue that a transport hands out as `events()`.
 *
 * @param onTaken - called when the consumer has taken a message: there may be room again
 */
export function createEventQueue(onTaken: () => void = () => {}): EventQueue {
  const queued: TransportEvent[] = [];
  let head = 0; // a plain shift() would move the whole rest at every event
  let messages = 0;
  let closed = false;
  let claimed = false;
  let wake: (() => void) | undefined;

  const take = (): TransportEvent | undefined => {
    const event = queued[head];
    if (event === undefined) return undefined;
    head += 1;
    if (head > 1024 || head === queued.length) {
      queued.splice(0, head);
      head = 0;
    }
    if (event.type === "message") {
      messages -= 1;
      onTaken();
    }
    return event;
  };
  const push = (event: TransportEvent): void => {
    if (closed) return;
    if (event.type === "message") messages += 1;
    else if (event.type === "offline") dropUnseenStatus();
    queued.push(event);
    wake?.();
  };
  const dropUnseenStatus = (): void => {
    while (queued.length > head && queued.at(-1)?.type !== "message") queued.pop();
  };
  async function* iterate(): AsyncGenerator<TransportEvent, void, undefined> {
    while (true) {
      const event = take();
      if (event !== undefined) {
        yield event;
        continue;
      }
      if (closed) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = undefined;
    }
  }
  const events = (): AsyncIterable<TransportEvent> => {
    if (claimed) throw new TransportError("option", "events() has one consumer; it was called before");
    claimed = true;
    return iterate();
  };
  const close = (): void => {
    closed = true;
    wake?.();
  };
  return { waiting: () => messages, push, events, close };
}
