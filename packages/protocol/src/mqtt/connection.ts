import { Socket } from "node:net";
import type { IClientOptions, IConnackPacket, IPublishPacket, MqttClient } from "mqtt";
import { TransportError } from "../errors.ts";
import { utf8Length } from "../topics.ts";
import type { TrafficMeters } from "../traffic.ts";
import type { ConnectOptions, PublishOptions, TransportMessage } from "../transport.ts";
import { connectionFailure, type Failure, operationError } from "./failure.ts";
import type { MqttSettings } from "./options.ts";
import { createPending } from "./pending.ts";
import { meterStream } from "./stream-bytes.ts";

/** The client library, loaded when first needed. */
export type MqttModule = typeof import("mqtt");

/** Protocol level in the CONNECT packet. */
export type MqttVersion = 4 | 5;

/** What a connection tells its transport. */
export interface ConnectionEvents {
  opened(): void;
  /** A message came; no more are read until `accepted` is called. */
  message(message: TransportMessage, accepted: () => void): void;
  /** An operation began to wait for the broker. */
  waits(): void;
  /** The connection, or the attempt at one, is over. Called once, and nothing after it. */
  ended(failure: Failure): void;
}

/** One connection to a broker, from the attempt to its end. */
export interface Connection {
  /** Operations that wait for the broker. */
  waiting(): number;
  publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void>;
  subscribe(filters: readonly string[]): Promise<void>;
  /** Waits up to `grace` ms for what is in flight, then disconnects cleanly. */
  close(grace: number): Promise<void>;
  /** Cuts it off at once. */
  destroy(): void;
}

const LAST_WAIT = 1000; // ms for the broker to close after a DISCONNECT
const WINDOW = 1024; // publishes at the broker at once, where it does not say less

/** Starts an attempt to connect. A client of the library serves one attempt: its own reconnect keeps state between. */
export function openConnection(
  mqtt: MqttModule,
  settings: MqttSettings,
  version: MqttVersion,
  options: ConnectOptions,
  meters: TrafficMeters,
  events: ConnectionEvents,
): Connection {
  const { clock } = settings;
  const { open } = settings;
  const client =
    open === undefined
      ? mqtt.connect(clientOptions(settings, version, options))
      : new mqtt.MqttClient(() => open(), clientOptions(settings, version, options));
  meterStream(client.stream, meters);
  // small packets that are each answered: waiting to fill a segment would cost 40 ms a round
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  let limits: IConnackPacket["properties"];
  let pending = createPending(clock, 0, settings.ackTimeout, events.waits);
  let cause: unknown;
  let established = false;
  let over = false;

  const finish = (): void => {
    if (over) return;
    over = true;
    const failure = connectionFailure(cause, established);
    const message = `the connection ended before the acknowledgement: ${failure.error.message}`;
    pending.end(new TransportError("offline", message));
    client.end(true);
    client.stream.destroy(); // end() does nothing while an earlier one is under way
    events.ended(failure);
  };
  client.on("connect", (packet) => {
    established = true;
    limits = packet.properties;
    pending = createPending(clock, limits?.receiveMaximum ?? WINDOW, settings.ackTimeout, events.waits);
    events.opened();
  });
  client.on("error", (error) => {
    cause ??= error;
    finish();
  });
  client.on("disconnect", ({ reasonCode = 0 }) => {
    const reasons: Readonly<Record<number, string>> = mqtt.ReasonCodes;
    const message = `the broker disconnected: ${reasons[reasonCode] ?? reasonCode}`;
    cause ??= new mqtt.ErrorWithReasonCode(message, reasonCode);
  });
  client.on("close", finish);
  client.handleMessage = (packet, done) => {
    const message = receivedMessage(packet);
    meters.received.messages += 1;
    meters.received.payload += message.payload.length;
    if (!over) events.message(message, () => done());
  };
  const publish: Connection["publish"] = async (topic, payload, how) => {
    checkSize(topic, payload, limits?.maximumPacketSize);
    const copy = Buffer.from(payload);
    await pending.run((done) => {
      meters.sent.messages += 1;
      meters.sent.payload += copy.length;
      client.publish(topic, copy, how, answered(`publish to ${topic}`, done));
    });
  };
  const subscribe: Connection["subscribe"] = (filters) =>
    pending.run((done) => {
      client.subscribe([...filters], { qos: 1 }, answered(`subscribe to ${filters.join(" ")}`, done));
    });
  const close = async (grace: number): Promise<void> => {
    const giveUp = new AbortController();
    const wait = (ms: number): Promise<void> => clock.sleep(ms, giveUp.signal).catch(() => {});
    await Promise.race([pending.idle(), wait(grace)]);
    pending.end(new TransportError("closed", "the transport was closed before the acknowledgement"));
    if (!over) await Promise.race([disconnect(client), wait(LAST_WAIT)]);
    giveUp.abort();
    finish();
  };
  return { waiting: () => pending.count(), publish, subscribe, close, destroy: finish };
}

/** Sends DISCONNECT and resolves when the stream has ended. */
function disconnect(client: MqttClient): Promise<void> {
  // with anything outstanding, the library would put off the DISCONNECT for ever
  for (const id of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(id));
  return new Promise((resolve) => client.end(false, {}, () => resolve()));
}

function answered(what: string, done: (error?: TransportError) => void): (error?: Error | null) => void {
  return (error) => done(error ? operationError(what, error) : undefined);
}

function checkSize(topic: string, payload: Uint8Array, largest: number | undefined): void {
  // a header has at most five bytes, the packet id two, and the alias four
  const length = payload.length + utf8Length(topic) + 16;
  if (largest === undefined || length <= largest) return;
  throw new TransportError("refused", `a packet of up to ${length} bytes; the broker takes at most ${largest}`);
}

function receivedMessage(packet: IPublishPacket): TransportMessage {
  const { topic, payload, retain, dup } = packet;
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : new Uint8Array(payload);
  return { type: "message", topic: topic.toString(), payload: bytes, retained: retain, duplicate: dup };
}

function clientOptions(settings: MqttSettings, version: MqttVersion, options: ConnectOptions): IClientOptions {
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
