import type { Transport, TransportEvent, TransportMessage } from "../src/transport.ts";

/** Consumes a transport's events and lets a test wait for them. */
export interface Watch {
  readonly seen: TransportEvent[];
  /** The first event not yet taken that fits. Fails after 10 s. */
  next<Type extends TransportEvent["type"]>(
    type: Type,
    fits?: (event: Extract<TransportEvent, { type: Type }>) => boolean,
  ): Promise<Extract<TransportEvent, { type: Type }>>;
  /** Resolves when the events end. */
  readonly ended: Promise<void>;
  /** While true, nothing is consumed. */
  pause(paused: boolean): void;
}

export function watch(transport: Transport, handle?: (message: TransportMessage) => Promise<void>): Watch {
  const seen: TransportEvent[] = [];
  const taken = new Set<TransportEvent>();
  const listeners = new Set<() => void>();
  let gate: Promise<void> = Promise.resolve();
  let open: () => void = () => {};
  const ended = (async () => {
    for await (const event of transport.events()) {
      await gate;
      if (event.type === "message") await handle?.(event);
      seen.push(event);
      for (const listener of listeners) listener();
    }
  })();
  const next: Watch["next"] = (type, fits = () => true) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        listeners.delete(look);
        reject(new Error(`no such ${type} within 10 s; seen ${JSON.stringify(seen.slice(-5))}`));
      }, 10_000);
      const look = () => {
        const found = seen.find((event) => event.type === type && !taken.has(event) && fits(event as never));
        if (found === undefined) return;
        taken.add(found);
        listeners.delete(look);
        clearTimeout(timer);
        resolve(found as never);
      };
      listeners.add(look);
      look();
    });
  const pause = (paused: boolean) => {
    open();
    if (paused) {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    }
  };
  return { seen, next, ended, pause };
}
