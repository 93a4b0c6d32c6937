import type { EventQueue } from "../event-queue.ts";
import type { TransportMessage } from "../transport.ts";

/** Messages that the consumer may be behind before the adapter stops reading. */
const SOFT_LIMIT = 256;
/** The same while operations of ours wait for an answer, which comes on the same stream behind the messages. */
const HARD_LIMIT = 16_384;

/** Lets messages into the queue as there is room. */
export interface Intake {
  /** Takes a message and calls `accepted`, now or when there is room: only then may more be read. */
  take(message: TransportMessage, accepted: () => void): void;
  /** Looks again whether there is room. */
  review(): void;
  /** Forgets a message that waits: its connection is gone, and it was never acknowledged. */
  drop(): void;
}

/**
 * Makes the intake of a transport.
 *
 * A consumer that awaits a publish of its own while the queue is full would wait for ever if reading stopped
 * altogether: so it goes on, to a higher limit, while anything waits for the broker.
 */
export function createIntake(queue: EventQueue, operations: () => number): Intake {
  let held: { readonly message: TransportMessage; readonly accepted: () => void } | undefined;
  const room = (): boolean => queue.waiting() < (operations() > 0 ? HARD_LIMIT : SOFT_LIMIT);
  const review = (): void => {
    if (held === undefined || !room()) return;
    const { message, accepted } = held;
    held = undefined;
    queue.push(message);
    accepted();
  };
  const take: Intake["take"] = (message, accepted) => {
    held = { message, accepted };
    review();
  };
  const drop = (): void => {
    held = undefined;
  };
  return { take, review, drop };
}
