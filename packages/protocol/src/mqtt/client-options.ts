import type { IClientOptions } from "mqtt";
import type { ConnectOptions } from "../transport.ts";
import type { MqttSettings } from "./options.ts";

/** Protocol level in the CONNECT packet. */
export type MqttVersion = 4 | 5;

/** What the client library is given for one attempt: everything it would do by itself between attempts is off. */
export function clientOptions(settings: MqttSettings, version: MqttVersion, options: ConnectOptions): IClientOptions {
  const { scheme, host, port, path, username, password, will } = { ...settings, ...options };
  const websocket = scheme === "ws" || scheme === "wss";
  return {
    protocol: scheme,
    // a WebSocket address is put together again from its parts, where an IPv6 address has brackets
    hostname: websocket && host.includes(":") ? `[${host}]` : host,
    port,
    ...(websocket ? { path } : {}),
    ...tlsOptions(settings, websocket),
    protocolVersion: version,
    clientId: options.clientId,
    clean: true,
    keepalive: settings.keepalive,
    connectTimeout: settings.connectTimeout,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    autoAssignTopicAlias: settings.topicAlias,
    timerVariant: "native",
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: typeof password === "string" ? password : Buffer.from(password) }),
    ...(will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
  };
}

function tlsOptions({ scheme, tls }: MqttSettings, websocket: boolean): IClientOptions {
  if (scheme !== "mqtts" && scheme !== "wss") return {};
  const { ca, cert, key, passphrase, servername, alpn } = tls;
  const secure = {
    rejectUnauthorized: true,
    minVersion: "TLSv1.2" as const,
    ...(ca === undefined ? {} : { ca: pem(ca) }),
    ...(cert === undefined ? {} : { cert: pem(cert) }),
    ...(key === undefined ? {} : { key: pem(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
  };
  return websocket ? { wsOptions: secure } : secure;
}

function pem(value: string | Uint8Array): string | Buffer {
  return typeof value === "string" ? value : Buffer.from(value);
}
