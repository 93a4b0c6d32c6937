import { type Clock, systemClock, type Topics } from "@zipml/protocol";
import { GatewayError } from "../errors.ts";

/** Certificates of the embedded broker, each as PEM text or bytes. */
export interface BrokerTls {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /**
   * Authorities of client certificates. With it a client is who its certificate's common name says; without `users` a
   * certificate is required, with `users` a client without one needs a name and a password.
   */
  readonly ca?: string | Uint8Array;
}

/** A client that is known by name and password. */
export interface BrokerUser {
  /**
   * Who it is: `<group>.<device>` for a device, `_gateway.<group>.<id>` for a gateway, `_operator.<id>` for somebody who
   * may read everything and send nothing.
   */
  readonly name: string;
  /** What `hashPassword` gave: `$scrypt$ln=…,r=…,p=…$salt$hash`. */
  readonly passwordHash: string;
}

/** Bounds of the embedded broker. The connection within the process is bound by none of them. */
export interface BrokerLimits {
  /** Largest CONNECT packet, bytes. Default 1,024. Nothing else is read before a connection is accepted. */
  readonly connect: number;
  /** Largest payload of a message, bytes; the packet around it may be 1 KiB larger. Default 262,144. */
  readonly payload: number;
  /** Milliseconds from the connection to its whole CONNECT packet, TLS handshake included. Default 5,000. */
  readonly connectTimeout: number;
  /** Connections at a time. Default 5,000. */
  readonly connections: number;
  /** Connections at a time from one address (IPv6: one /64). Default 2,000. */
  readonly connectionsPerAddress: number;
  /** Connections taken a second over a longer time; twice as many at once. Default 1,000. */
  readonly connectsPerSecond: number;
  /** Packets a second from one client over a longer time, as many at once. Beyond, it is read more slowly. Default 5,000. */
  readonly messagesPerSecond: number;
  /** Levels of a topic or filter. Default 16. */
  readonly topicLevels: number;
  /** Filters of one client. Default 100. */
  readonly subscriptions: number;
  /** QoS 2 messages of one client between PUBLISH and PUBREL. Default 20. */
  readonly inflight: number;
  /** Bytes that wait for a client that reads slowly; with more it is closed, so that others need not wait. Default 4 MiB. */
  readonly backlog: number;
  /** Topics with a retained message that one client wrote last. Default 1,024. */
  readonly retained: number;
  /** Topics with a retained message in all. Default 100,000. */
  readonly retainedInAll: number;
}

/** Options of the embedded broker (aedes, MQTT 3.1.1). */
export interface BrokerOptions {
  /** Port for MQTT; 0 takes a free one. Default 1883, with `tls` 8883. */
  readonly port?: number;
  /** Port for MQTT over WebSocket; 0 takes a free one. Default none. */
  readonly websocketPort?: number;
  /** Address to listen on. Default `127.0.0.1`: only this machine. */
  readonly host?: string;
  /** Turns `mqtt` into `mqtts` and `ws` into `wss`. */
  readonly tls?: BrokerTls;
  /** Lets a broker without `tls` listen beyond this machine. Default false. */
  readonly allowPlaintext?: boolean;
  /** Who may connect by name and password. With `users` or `tls.ca` everybody must be known and may do only their part. */
  readonly users?: readonly BrokerUser[];
  /**
   * Lets a broker with neither `users` nor `tls.ca` listen beyond this machine, where everybody may then do everything.
   * Default false.
   */
  readonly allowAnonymous?: boolean;
  /** Folder of retained messages and sessions, so that they survive a restart. Default none: memory. */
  readonly directory?: string;
  /** Bounds. */
  readonly limits?: Partial<BrokerLimits>;
}

/** What the broker takes from the gateway around it. */
export interface BrokerSurroundings {
  /** The topics that permissions are about. */
  readonly topics: Topics;
  /** Time. Default the system's. */
  readonly clock?: Clock;
}

/** {@link BrokerOptions} with every default in its place. */
export interface ResolvedBrokerOptions {
  readonly port: number;
  readonly websocketPort: number | undefined;
  readonly host: string;
  readonly tls: BrokerTls | undefined;
  readonly users: readonly BrokerUser[] | undefined;
  readonly directory: string | undefined;
  readonly limits: BrokerLimits;
  readonly topics: Topics;
  readonly clock: Clock;
}

/** Every bound's default. */
export const defaultBrokerLimits: BrokerLimits = {
  connect: 1024,
  payload: 256 * 1024,
  connectTimeout: 5000,
  connections: 5000,
  connectionsPerAddress: 2000,
  connectsPerSecond: 1000,
  messagesPerSecond: 5000,
  topicLevels: 16,
  subscriptions: 100,
  inflight: 20,
  backlog: 4 * 1024 * 1024,
  retained: 1024,
  retainedInAll: 100_000,
};

/** Smallest and largest value of each bound: the four bytes of an MQTT length end at 256 MB, timers at 2^31 ms. */
const ranges: Readonly<Record<keyof BrokerLimits, readonly [number, number]>> = {
  connect: [64, 65_536],
  payload: [64, 64 * 1024 * 1024],
  connectTimeout: [1, 2 ** 30],
  connections: [1, 1_000_000],
  connectionsPerAddress: [1, 1_000_000],
  connectsPerSecond: [1, 1_000_000],
  messagesPerSecond: [1, 10_000_000],
  topicLevels: [4, 100],
  subscriptions: [1, 1_000_000],
  inflight: [1, 65_535],
  backlog: [16_384, 2 ** 30],
  retained: [1, 10_000_000],
  retainedInAll: [1, 10_000_000],
};

function resolveLimits(limits: Partial<BrokerLimits>): BrokerLimits {
  const resolved = { ...defaultBrokerLimits };
  for (const name of Object.keys(ranges) as (keyof BrokerLimits)[]) {
    const value = limits[name] ?? defaultBrokerLimits[name];
    const [least, most] = ranges[name];
    if (!Number.isInteger(value) || value < least || value > most)
      throw new GatewayError(
        "options",
        `broker.limits.${name} must be a whole number from ${least} to ${most}, not ${value}`,
      );
    resolved[name] = value;
  }
  return resolved;
}

/** Whether an address is this machine's own: `localhost`, `::1`, `127.x.x.x`. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * Checks options and fills in defaults.
 *
 * @throws {@link GatewayError} `options` for a bound out of its range, and for a broker that would be open to others in
 * a way that was not asked for.
 */
export function resolveBrokerOptions(options: BrokerOptions, around: BrokerSurroundings): ResolvedBrokerOptions {
  const { host = "127.0.0.1", tls, users, websocketPort, directory } = options;
  const known = users !== undefined || tls?.ca !== undefined;
  if (tls === undefined && options.allowPlaintext !== true && !isLoopback(host))
    throw new GatewayError(
      "options",
      `broker.host ${host} without tls sends readings in the clear: give tls, or allowPlaintext`,
    );
  if (!known && options.allowAnonymous !== true && !isLoopback(host))
    throw new GatewayError(
      "options",
      `broker.host ${host} would let everybody do everything: give users or tls.ca, or allowAnonymous`,
    );
  if (known && options.allowAnonymous === true)
    throw new GatewayError("options", "broker.allowAnonymous contradicts users and tls.ca: leave it out");
  return {
    port: options.port ?? (tls === undefined ? 1883 : 8883),
    websocketPort,
    host,
    tls,
    users,
    directory,
    limits: resolveLimits(options.limits ?? {}),
    topics: around.topics,
    clock: around.clock ?? systemClock(),
  };
}
