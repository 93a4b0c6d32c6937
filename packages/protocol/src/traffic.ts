import type { Traffic } from "./transport.ts";

/** Counters of one direction, while they are counted. */
export interface TrafficMeter {
  messages: number;
  payload: number;
  bytes: number;
}

/** Counts what a transport sends and receives. */
export interface TrafficMeters {
  readonly sent: TrafficMeter;
  readonly received: TrafficMeter;
  /** The counters as they are now; a copy. */
  read(): Traffic;
}

/** New counters, all 0. */
export function createTrafficMeters(): TrafficMeters {
  const sent: TrafficMeter = { messages: 0, payload: 0, bytes: 0 };
  const received: TrafficMeter = { messages: 0, payload: 0, bytes: 0 };
  return { sent, received, read: () => ({ sent: { ...sent }, received: { ...received } }) };
}
