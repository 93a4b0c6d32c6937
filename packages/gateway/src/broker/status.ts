/** Why the embedded broker refused a connection or a message. */
export type BrokerRefusal =
  | "connections" // more connections than allowed, in all or from one address
  | "connect-rate" // connections came faster than allowed
  | "late" // no whole CONNECT packet in time
  | "tls" // the handshake failed: no certificate, a wrong or an expired one, no TLS at all
  | "malformed" // bytes that are not MQTT
  | "oversized" // a packet larger than allowed
  | "credentials" // an unknown name, a wrong password, a certificate that names nobody
  | "busy" // too many passwords were being checked
  | "client-id" // a client id that belongs to somebody else
  | "publish" // a topic that the client may not write, its will included
  | "subscribe" // a filter that the client may not read
  | "topic-levels" // a topic or filter with too many levels
  | "subscriptions" // more filters than allowed
  | "retained" // more retained messages than allowed
  | "slow"; // the client did not read what waited for it

const refusals: readonly BrokerRefusal[] = [
  "connections",
  "connect-rate",
  "late",
  "tls",
  "malformed",
  "oversized",
  "credentials",
  "busy",
  "client-id",
  "publish",
  "subscribe",
  "topic-levels",
  "subscriptions",
  "retained",
  "slow",
];

/** What the embedded broker counts; since its start where nothing else is said. */
export interface BrokerStatus {
  /** Connections open now, those within the process left out. */
  readonly connections: number;
  /** Clients connected now, those within the process included. */
  readonly clients: number;
  /** Clients that were accepted. */
  readonly accepted: number;
  /** Messages that clients published and the broker took. */
  readonly messages: number;
  /** Topics with a retained message now. */
  readonly retained: number;
  /** Times that a client above its rate was made to wait. */
  readonly slowed: number;
  /** Failures of the store of retained messages and sessions. */
  readonly faults: number;
  /** Refusals by reason. */
  readonly refused: Readonly<Record<BrokerRefusal, number>>;
}

/** Counters that only go up. */
export interface BrokerCounters {
  accepted: number;
  messages: number;
  slowed: number;
  faults: number;
  /** Counts a refusal. */
  refuse(reason: BrokerRefusal): void;
  /** A copy of the refusals. */
  refused(): Record<BrokerRefusal, number>;
}

/** Counters at zero. */
export function createBrokerCounters(): BrokerCounters {
  const counts = Object.fromEntries(refusals.map((reason) => [reason, 0])) as Record<BrokerRefusal, number>;
  return {
    accepted: 0,
    messages: 0,
    slowed: 0,
    faults: 0,
    refuse: (reason) => {
      counts[reason] += 1;
    },
    refused: () => ({ ...counts }),
  };
}
