import type { Clock } from "@zipml/protocol";
import type { FrameId } from "./outbox.ts";

/** One publish that waits for the broker. */
export interface Flight {
  readonly id: FrameId;
  /** When it was sent, ms on the clock. */
  readonly since: number;
}

/** The publishes of one connection that wait for the broker. */
export interface InFlight {
  readonly size: number;
  /** All of them, in order of sending. */
  flights(): readonly Flight[];
  add(id: FrameId): Flight;
  /** Takes one out; false if it is out already. */
  remove(flight: Flight): boolean;
  /** Takes all of them out. */
  clear(): void;
}

/**
 * None yet.
 *
 * @param clock Time.
 * @param timeout Longest wait of a publish, ms.
 * @param expired Told of each one that has waited so long; it is out then.
 * @param failed Told where the clock fails.
 */
export function createInFlight(
  clock: Clock,
  timeout: number,
  expired: (flight: Flight) => void,
  failed: (error: unknown) => void,
): InFlight {
  const flights = new Set<Flight>(); // in order of sending
  let timer: AbortController | undefined;

  const disarm = (): void => {
    timer?.abort();
    timer = undefined;
  };
  /** One timer serves all: the oldest is the next to expire. */
  const arm = (): void => {
    const [oldest] = flights;
    if (oldest === undefined || timer !== undefined) return;
    const controller = new AbortController();
    timer = controller;
    clock.sleep(oldest.since + timeout - clock.now(), controller.signal).then(
      () => {
        timer = undefined;
        const due = clock.now() - timeout;
        for (const flight of [...flights]) if (flight.since <= due && flights.delete(flight)) expired(flight);
        arm();
      },
      (error: unknown) => {
        if (!controller.signal.aborted) failed(error); // aborted: nothing is in flight any more
      },
    );
  };
  return {
    get size() {
      return flights.size;
    },
    flights: () => [...flights],
    add: (id) => {
      const flight = { id, since: clock.now() };
      flights.add(flight);
      arm();
      return flight;
    },
    remove: (flight) => {
      const there = flights.delete(flight);
      if (flights.size === 0) disarm();
      return there;
    },
    clear: () => {
      flights.clear();
      disarm();
    },
  };
}
