import type { TransportErrorCode } from "./errors.ts";

/** What the broker publishes when the connection is lost without a clean close. */
export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** What a user of a transport decides; where and how to connect is the connector's. */
export interface ConnectOptions {
  /** Unique at the broker: a second connection under the same id ends the first. */
  readonly clientId: string;
  readonly will?: Will;
}

/**
 * Opens a transport. It does not wait: the transport connects in the background, tries again by itself whenever the
 * connection is lost, and tells by events.
 */
export type Connector = (options: ConnectOptions) => Transport;

/** What a transport speaks. */
export type TransportProtocol = "mqtt-3.1.1" | "mqtt-5" | "memory";

/** What happened on a transport. */
export type TransportEvent =
  /** Connected, with no subscription: subscribe again. */
  | { readonly type: "online"; readonly protocol: TransportProtocol | (string & {}) }
  /** Not connected, said once for every attempt that fails; `retryIn` ms until the next one, where that is known. */
  | {
      readonly type: "offline";
      readonly code: TransportErrorCode;
      readonly reason: string;
      readonly retryIn?: number;
    }
  | TransportMessage;

/** A message that was delivered. */
export interface TransportMessage {
  readonly type: "message";
  readonly topic: string;
  /** The receiver's own copy. */
  readonly payload: Uint8Array;
  /** The broker had kept it from before the subscription. */
  readonly retained: boolean;
  /** The broker says that it may have sent it before. A message without it can be one all the same. */
  readonly duplicate: boolean;
}

/** How to publish. */
export interface PublishOptions {
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** Traffic in one direction, over all connections. */
export interface TrafficCounters {
  /** Application messages. */
  readonly messages: number;
  /** Bytes of their payloads. */
  readonly payload: number;
  /** Bytes of all MQTT packets: what a TLS or WebSocket layer adds, and TCP and IP below, are not in it. */
  readonly bytes: number;
}

/** Traffic in both directions. */
export interface Traffic {
  readonly sent: TrafficCounters;
  readonly received: TrafficCounters;
}

/**
 * The port through which devices and gateways talk.
 *
 * Two adapters come with the package, MQTT and memory; one's own needs these seven members and to pass the
 * transport suite.
 */
export interface Transport extends AsyncDisposable {
  /** Whether there is a connection. The events say the same, in order with the messages. */
  readonly online: boolean;
  /**
   * Everything that happens, for one consumer; it ends when the transport is closed.
   *
   * What is not yet consumed is bounded: when it is full, the adapter stops taking messages from the broker until
   * there is room. A consumer that awaits its own publishes meanwhile is not blocked for good: those take precedence.
   *
   * @throws TransportError code `option` when called a second time
   */
  events(): AsyncIterable<TransportEvent>;
  /**
   * Publishes on the present connection; nothing is kept for the next one.
   *
   * @param payload - copied, or done with when the promise settles: not to be changed before
   * @returns at QoS 1 when the broker has acknowledged, at QoS 0 when it is on its way
   * @throws TransportError `offline` at once without a connection, and when it ends before the acknowledgement;
   *   `refused`, `timeout`, `busy`, `closed`, `option` as they say
   */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void>;
  /**
   * Subscribes at QoS 1, for this connection only: whoever owns the transport does so again on every `online`.
   *
   * @throws TransportError as {@link Transport.publish}
   */
  subscribe(filters: readonly string[]): Promise<void>;
  /** Counters since the transport was opened. */
  traffic(): Traffic;
  /**
   * Disconnects cleanly, so that the will is not published, after waiting shortly for what is in flight. Idempotent.
   *
   * @param options - `grace`: longest wait for publishes in flight, ms; 1,000 by default
   */
  close(options?: { readonly grace?: number }): Promise<void>;
}
