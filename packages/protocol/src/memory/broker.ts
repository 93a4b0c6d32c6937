import { type Clock, systemClock } from "../clock.ts";
import type { Connector, PublishOptions } from "../transport.ts";
import { createTopicTree } from "./topic-tree.ts";
import {
  type BrokerPort,
  type ClientSettings,
  openMemoryTransport,
  type Published,
  type Routed,
  type Session,
} from "./transport.ts";

/** How a memory broker behaves. */
export interface MemoryBrokerOptions {
  /** For the wait before a reconnect; the system's by default. */
  readonly clock?: Clock;
  /** Wait of a client before it connects again, ms; 0, the default, is at once. */
  readonly reconnectAfter?: number;
  /** Messages that a client's consumer may be behind before the broker holds them back; 256 by default. */
  readonly queueLimit?: number;
  /**
   * Messages that the broker holds back for one client before it drops more; 1,000 by default. A publisher that awaits
   * each publish gives a client that runs at all the time to catch up before.
   */
  readonly backlogLimit?: number;
  /**
   * For tests: how many copies of a message reach a client. 0 loses it although it was acknowledged, 2 sends it twice.
   */
  readonly deliver?: (topic: string, clientId: string) => 0 | 1 | 2;
  /** For tests: false withholds the acknowledgement of a publish until the connection ends. */
  readonly acknowledge?: (topic: string, clientId: string) => boolean;
}

/** What a memory broker has done. */
export interface MemoryBrokerCounters {
  readonly published: number;
  readonly delivered: number;
  /** Messages not delivered because a client was too far behind, or because `deliver` said 0. */
  readonly dropped: number;
}

/** An MQTT broker within the process: topic filters, QoS 0 and 1, retained messages, last wills, takeover. */
export interface MemoryBroker {
  /** Connects to this broker. */
  connector(): Connector;
  /** Cuts a client's connection, so that its will is published; it connects again by itself. False if not there. */
  disconnect(clientId: string): boolean;
  /** Goes away: all connections end without wills. Retained messages stay. */
  stop(): void;
  /** Comes back after {@link MemoryBroker.stop}; the clients connect again. */
  start(): void;
  /** Ids of the clients that are connected, in order of connection. */
  clients(): string[];
  counters(): MemoryBrokerCounters;
}

/** Starts a broker. It holds no resource of the system and needs no closing. */
export function createMemoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  const settings: ClientSettings = {
    clock: options.clock ?? systemClock(),
    reconnectAfter: options.reconnectAfter ?? 0,
    queueLimit: options.queueLimit ?? 256,
    backlogLimit: options.backlogLimit ?? 1000,
  };
  const acknowledges = options.acknowledge ?? (() => true);
  const router = createRouter(options.deliver ?? (() => 1));
  const connected = new Map<string, Session>();
  const waiting = new Set<Session>();
  let running = true;

  const forget = (session: Session): void => {
    router.unsubscribe(session);
    if (connected.get(session.options.clientId) === session) connected.delete(session.options.clientId);
  };
  const cut = (session: Session, reason: string, again: boolean): void => {
    forget(session);
    if (!again) waiting.add(session);
    session.lost(reason, again);
    const { will } = session.options;
    if (will !== undefined && running) router.route(will.topic, will.payload.slice(), will);
  };
  const attach = (session: Session): boolean => {
    if (!running) {
      waiting.add(session);
      return false;
    }
    waiting.delete(session);
    const before = connected.get(session.options.clientId);
    if (before !== undefined) cut(before, "another client connected under the same id", false);
    connected.set(session.options.clientId, session);
    return true;
  };
  const detach = (session: Session): void => {
    forget(session);
    waiting.delete(session);
    const next = [...waiting].find((other) => other.options.clientId === session.options.clientId);
    if (running) next?.connect();
  };
  const publish = (session: Session, topic: string, payload: Uint8Array, how: PublishOptions): Published => {
    const receivers = router.route(topic, payload, how);
    return { receivers, acknowledged: acknowledges(topic, session.options.clientId) };
  };
  const port: BrokerPort = { attach, detach, publish, subscribe: router.subscribe };
  const disconnect = (clientId: string): boolean => {
    const session = connected.get(clientId);
    if (session !== undefined) cut(session, "the connection was cut", true);
    return session !== undefined;
  };
  const stop = (): void => {
    running = false;
    for (const session of [...connected.values()]) cut(session, "the broker stopped", false);
  };
  const start = (): void => {
    running = true;
    for (const session of [...waiting]) if (!connected.has(session.options.clientId)) session.connect();
  };
  return {
    connector: () => (connectOptions) => openMemoryTransport(port, settings, connectOptions),
    disconnect,
    stop,
    start,
    clients: () => [...connected.keys()],
    counters: router.counters,
  };
}

/** Brings messages from publishers to subscribers. */
function createRouter(copies: NonNullable<MemoryBrokerOptions["deliver"]>) {
  const subscriptions = createTopicTree<Session>();
  const retained = createRetained();
  const counters = { published: 0, delivered: 0, dropped: 0 };

  const deliver = (session: Session, message: Routed): void => {
    const times = copies(message.topic, session.options.clientId);
    if (times === 0) counters.dropped += 1;
    for (let copy = 0; copy < times; copy += 1) {
      const took = session.receive(copy === 0 ? message : { ...message, duplicate: true });
      counters[took ? "delivered" : "dropped"] += 1;
    }
  };
  const route = (topic: string, payload: Uint8Array, { qos, retain }: PublishOptions): Set<Session> => {
    counters.published += 1;
    if (retain) retained.put({ topic, payload, qos, retained: true, duplicate: false });
    const message: Routed = { topic, payload, qos, retained: false, duplicate: false };
    const receivers = subscriptions.matchTopic(topic);
    for (const session of receivers) deliver(session, message);
    return receivers;
  };
  const subscribe = (session: Session, filters: readonly string[]): void => {
    for (const filter of filters) {
      session.filters.add(filter);
      subscriptions.add(filter, session);
      for (const message of retained.match(filter)) deliver(session, message);
    }
  };
  const unsubscribe = (session: Session): void => {
    for (const filter of session.filters) subscriptions.remove(filter, session);
    session.filters.clear();
  };
  return { route, subscribe, unsubscribe, counters: () => ({ ...counters }) };
}

/** The last retained message of every topic. An empty payload takes it away. */
function createRetained() {
  const byTopic = new Map<string, Routed>();
  const tree = createTopicTree<string>();
  const put = (message: Routed): void => {
    if (message.payload.length === 0) {
      byTopic.delete(message.topic);
      tree.remove(message.topic, message.topic);
      return;
    }
    byTopic.set(message.topic, message);
    tree.add(message.topic, message.topic);
  };
  const match = (filter: string): Routed[] =>
    [...tree.matchFilter(filter)].flatMap((topic) => byTopic.get(topic) ?? []);
  return { put, match };
}
