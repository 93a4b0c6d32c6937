import type { Clock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { createEventQueue } from "../event-queue.ts";
import { checkFilters, checkPublish } from "../operations.ts";
import { createTrafficMeters, type TrafficMeter, type TrafficMeters } from "../traffic.ts";
import type { ConnectOptions, PublishOptions, Transport } from "../transport.ts";
import {
  ackLength,
  connectLength,
  disconnectLength,
  publishLength,
  subackLength,
  subscribeLength,
} from "./packet-length.ts";

/** A message on its way through the broker. */
export interface Routed {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retained: boolean;
  readonly duplicate: boolean;
}

/** A client as the broker sees it. */
export interface Session {
  readonly options: ConnectOptions;
  /** Filters subscribed to on this connection. */
  readonly filters: Set<string>;
  /** Takes a message, or says that there is no room for it. */
  receive(message: Routed): boolean;
  /** Whether the broker holds messages back, because the consumer is behind. */
  behind(): boolean;
  /** The connection ended; `again` tells whether to try again by itself or to wait for `connect`. */
  lost(reason: string, again: boolean): void;
  /** Try to connect now. */
  connect(): void;
}

/** What became of a publish. */
export interface Published {
  readonly receivers: Iterable<Session>;
  readonly acknowledged: boolean;
}

/** What the broker does for a client. */
export interface BrokerPort {
  attach(session: Session): boolean;
  detach(session: Session): void;
  /** Routes and says who has received it, and whether it is acknowledged. */
  publish(session: Session, topic: string, payload: Uint8Array, options: PublishOptions): Published;
  subscribe(session: Session, filters: readonly string[]): void;
}

/** Bounds and timing of the clients of a memory broker. */
export interface ClientSettings {
  readonly clock: Clock;
  readonly reconnectAfter: number;
  readonly queueLimit: number;
  readonly backlogLimit: number;
}

const PATIENCE = 1000; // turns of the microtask queue; a consumer takes some five for an event

/** Opens a transport to a memory broker; it connects in the background. */
export function openMemoryTransport(broker: BrokerPort, settings: ClientSettings, options: ConnectOptions): Transport {
  const meters = createTrafficMeters();
  const inbox = createInbox(settings, meters);
  const { queue } = inbox;
  const unacknowledged = new Set<(error: TransportError) => void>();
  const closing = new AbortController();
  let online = false;

  const disconnected = (error: TransportError): void => {
    online = false;
    inbox.forget();
    for (const reject of unacknowledged) reject(error);
    unacknowledged.clear();
  };
  const lost = (reason: string, again: boolean): void => {
    disconnected(new TransportError("offline", `the connection ended before the acknowledgement: ${reason}`));
    queue.push({ type: "offline", code: "offline", reason, ...(again ? { retryIn: settings.reconnectAfter } : {}) });
    if (!again) return;
    const wait =
      settings.reconnectAfter > 0 ? settings.clock.sleep(settings.reconnectAfter, closing.signal) : undefined;
    asLongAsALine(wait).then(connect, () => {});
  };
  const connect = (): void => {
    if (closing.signal.aborted || online) return;
    if (!broker.attach(session)) {
      queue.push({ type: "offline", code: "offline", reason: "the broker is stopped" });
      return;
    }
    online = true;
    meters.sent.bytes += connectLength(options);
    meters.received.bytes += ackLength;
    queue.push({ type: "online", protocol: "memory" });
  };
  const { receive, behind } = inbox;
  const session: Session = { options, filters: new Set(), receive, behind, lost, connect };
  const requireOnline = (): void => {
    if (closing.signal.aborted) throw new TransportError("closed", "the transport is closed");
    if (!online) throw new TransportError("offline", "there is no connection to the broker");
  };
  const publish = async (topic: string, payload: Uint8Array, how: PublishOptions): Promise<void> => {
    checkPublish(topic, payload, how);
    requireOnline();
    countMessage(meters.sent, topic, payload, how.qos);
    const { receivers, acknowledged } = broker.publish(session, topic, payload.slice(), how);
    if (how.qos === 1 && !acknowledged) return new Promise((_, reject) => unacknowledged.add(reject));
    if (how.qos === 1) meters.received.bytes += ackLength;
    await giveWay(receivers);
  };
  const subscribe = async (filters: readonly string[]): Promise<void> => {
    checkFilters(filters);
    requireOnline();
    meters.sent.bytes += subscribeLength(filters);
    meters.received.bytes += subackLength(filters.length);
    broker.subscribe(session, filters);
  };
  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return;
    closing.abort(new TransportError("closed", "the transport is closed"));
    if (online) meters.sent.bytes += disconnectLength;
    broker.detach(session);
    disconnected(new TransportError("closed", "the transport was closed before the acknowledgement"));
    queue.close();
  };
  queueMicrotask(connect);
  const members = { events: queue.events, publish, subscribe, traffic: meters.read, close };
  return {
    ...members,
    get online() {
      return online;
    },
    [Symbol.asyncDispose]: close,
  };
}

/**
 * No line comes back within the same turn. Were this one to, a consumer would publish on the new connection what it
 * meant for the old one, before it has heard of either's end or start.
 */
async function asLongAsALine(wait: Promise<void> | undefined): Promise<void> {
  await wait;
  for (let turn = 0; turn < 2 * PATIENCE; turn += 1) await undefined;
}

/** What a client has been sent: some in its queue of events, the rest still at the broker. */
function createInbox({ queueLimit, backlogLimit }: ClientSettings, meters: TrafficMeters) {
  const backlog: Routed[] = [];
  const queue = createEventQueue(() => {
    const next = backlog.shift();
    if (next !== undefined) hand(next);
  });
  const hand = ({ topic, payload, qos, retained, duplicate }: Routed): void => {
    countMessage(meters.received, topic, payload, qos);
    if (qos === 1) meters.sent.bytes += ackLength;
    queue.push({ type: "message", topic, payload: payload.slice(), retained, duplicate });
  };
  const receive = (message: Routed): boolean => {
    if (queue.waiting() < queueLimit) hand(message);
    else if (backlog.length < backlogLimit) backlog.push(message);
    else return false;
    return true;
  };
  // a clean session: at its end the broker forgets what it had not delivered
  const forget = (): void => {
    backlog.length = 0;
  };
  return { queue, receive, behind: () => backlog.length > 0, forget };
}

/**
 * Lets consumers that are behind catch up before a publish is acknowledged, as a slow line would. Only for so many
 * turns: one that stands still, or that waits for this very publisher, must not stop it.
 */
async function giveWay(receivers: Iterable<Session>): Promise<void> {
  for (const receiver of receivers) {
    for (let turn = 0; turn < PATIENCE && receiver.behind(); turn += 1) await undefined;
  }
}

function countMessage(meter: TrafficMeter, topic: string, payload: Uint8Array, qos: 0 | 1): void {
  meter.messages += 1;
  meter.payload += payload.length;
  meter.bytes += publishLength(topic, payload.length, qos);
}
