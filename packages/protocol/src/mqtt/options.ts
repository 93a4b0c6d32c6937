import { isIPv4 } from "node:net";
import type { Duplex } from "node:stream";
import { type BackoffOptions, checkBackoff, defaultBackoff } from "../backoff.ts";
import { type Clock, systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { cryptoRandom, type RandomSource } from "../random.ts";

/** Certificates and names for TLS; each as PEM text or bytes. The broker is always verified, at TLS 1.2 or later. */
export interface TlsOptions {
  /** Authorities to trust instead of the system's. */
  readonly ca?: string | Uint8Array;
  /** Our certificate, for brokers that ask for one; goes with `key`. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  readonly passphrase?: string;
  /** Name that the broker's certificate must carry, if it is not the host of the URL. */
  readonly servername?: string;
  /** Application protocols to offer, in order of preference. */
  readonly alpn?: readonly string[];
}

/** How to reach an MQTT broker. */
export interface MqttOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`; may carry `user:password@`. */
  readonly url: string;
  /** `auto`, the default, asks for MQTT 5 first and remembers what the broker takes. */
  readonly protocol?: "auto" | "3.1.1" | "5";
  readonly username?: string;
  readonly password?: string | Uint8Array;
  readonly tls?: TlsOptions;
  /** Whole seconds of silence after which a ping is sent, 1 to 65,535; 60 by default. */
  readonly keepalive?: number;
  /**
   * Longest wait for the broker to accept a connection, ms; 30,000 by default. A broker that a whole fleet comes back to at
   * once takes its time: who gives up in its queue begins again behind everybody else, and has cost it a connection.
   */
  readonly connectTimeout?: number;
  /** Longest wait for the broker to acknowledge, ms; 30,000 by default. */
  readonly ackTimeout?: number;
  readonly backoff?: BackoffOptions;
  /** Uses topic aliases where an MQTT 5 broker offers them: fewer bytes a message. True by default. */
  readonly topicAlias?: boolean;
  /** Lets `mqtt://` and `ws://` go to another host than this one. False by default. */
  readonly allowPlaintext?: boolean;
  /**
   * Opens the byte stream to the broker in place of a socket: for a broker in the same process, or a tunnel of one's
   * own. The URL then only names the broker.
   */
  readonly open?: () => Duplex;
  readonly clock?: Clock;
  /** For the jitter of the backoff; the system's by default. */
  readonly random?: RandomSource;
}

/** Checked options, complete. */
export interface MqttSettings {
  readonly scheme: "mqtt" | "mqtts" | "ws" | "wss";
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** Path and query of a WebSocket. */
  readonly path: string;
  readonly protocol: "auto" | "3.1.1" | "5";
  readonly username: string | undefined;
  readonly password: string | Uint8Array | undefined;
  readonly tls: TlsOptions;
  readonly keepalive: number;
  readonly connectTimeout: number;
  readonly ackTimeout: number;
  readonly backoff: BackoffOptions;
  readonly topicAlias: boolean;
  readonly open: (() => Duplex) | undefined;
  readonly clock: Clock;
  readonly random: RandomSource;
}

const DEFAULT_PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

/**
 * Checks options and fills in the defaults.
 *
 * @throws TransportError code `option` that names the option
 */
export function mqttSettings(options: MqttOptions): MqttSettings {
  const url = parseUrl(options.url);
  const scheme = schemeOf(url);
  const secure = scheme === "mqtts" || scheme === "wss";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (!secure && options.tls !== undefined) throw refuse("tls", `given, but ${scheme}:// does not use it`);
  const leaves = options.open === undefined && !isLoopback(host);
  if (!secure && options.allowPlaintext !== true && leaves) {
    throw refuse("url", `${scheme}://${host} would send readings in the clear; use TLS, or set allowPlaintext`);
  }
  if (!scheme.startsWith("ws") && url.pathname.length > 1) throw refuse("url", `${scheme}:// takes no path`);
  checkTls(options.tls ?? {});
  const backoff = options.backoff ?? defaultBackoff;
  try {
    checkBackoff(backoff);
  } catch (cause) {
    throw new TransportError("option", `option backoff: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const protocol = options.protocol ?? "auto";
  if (protocol !== "auto" && protocol !== "3.1.1" && protocol !== "5") {
    throw refuse("protocol", `${JSON.stringify(protocol)}; one of auto, 3.1.1, 5`);
  }
  return {
    scheme,
    host,
    port: url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port),
    path: `${url.pathname || "/"}${url.search}`,
    protocol,
    username: options.username ?? credential(url.username),
    password: options.password ?? credential(url.password),
    tls: options.tls ?? {},
    keepalive: bounded("keepalive", options.keepalive ?? 60, 1, 65_535, true),
    connectTimeout: bounded("connectTimeout", options.connectTimeout ?? 30_000, 1, 2 ** 31 - 1),
    ackTimeout: bounded("ackTimeout", options.ackTimeout ?? 30_000, 1, 2 ** 31 - 1),
    backoff,
    topicAlias: options.topicAlias ?? true,
    open: options.open,
    clock: options.clock ?? systemClock(),
    random: options.random ?? cryptoRandom(),
  };
}

/** Whether a host is this machine by name or address. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost") || name === "::1") return true;
  return isIPv4(name) && name.startsWith("127.");
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new TransportError("option", "option url: not a URL", { cause });
  }
  if (url.hostname === "") throw refuse("url", "without a host");
  return url;
}

function schemeOf(url: URL): MqttSettings["scheme"] {
  const scheme = url.protocol.slice(0, -1);
  if (scheme === "mqtt" || scheme === "mqtts" || scheme === "ws" || scheme === "wss") return scheme;
  throw refuse("url", `${url.protocol}// is not known; one of mqtt://, mqtts://, ws://, wss://`);
}

function credential(encoded: string): string | undefined {
  if (encoded === "") return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new TransportError("option", "option url: user or password is not percent-encoded", { cause });
  }
}

function checkTls({ cert, key }: TlsOptions): void {
  if ((cert === undefined) !== (key === undefined)) throw refuse("tls", "cert and key go together");
}

function bounded(name: string, value: number, low: number, high: number, whole = false): number {
  if (value >= low && value <= high && (!whole || Number.isInteger(value))) return value;
  throw refuse(name, `${value}; ${whole ? "a whole number " : ""}from ${low} to ${high}`);
}

function refuse(name: string, what: string): TransportError {
  return new TransportError("option", `option ${name}: ${what}`);
}
