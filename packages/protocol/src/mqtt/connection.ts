import { Socket } from "node:net";
import type { IConnackPacket, IPublishPacket, MqttClient } from "mqtt";
import type { Clock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { utf8Length } from "../topics.ts";
import type { TrafficMeters } from "../traffic.ts";
import type { ConnectOptions, PublishOptions, TransportMessage } from "../transport.ts";
import { clientOptions, type MqttVersion } from "./client-options.ts";
import { connectionFailure, type Failure, operationError } from "./failure.ts";
import type { MqttSettings } from "./options.ts";
import { createPending, type Pending } from "./pending.ts";
import { meterStream } from "./stream-bytes.ts";

/** The client library, loaded when first needed. */
export type MqttModule = typeof import("mqtt");

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
    pending = createPending(
      clock,
      Math.min(WINDOW, limits?.receiveMaximum ?? WINDOW),
      settings.ackTimeout,
      events.waits,
    );
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
    await closeCleanly(client, pending, clock, grace);
    finish();
  };
  return { waiting: () => pending.count(), publish, subscribe, close, destroy: finish };
}

/** Waits for what is in flight, sends DISCONNECT, and waits for the stream to end; both for a bounded time. */
async function closeCleanly(client: MqttClient, pending: Pending, clock: Clock, grace: number): Promise<void> {
  const over = new AbortController();
  const wait = (ms: number): Promise<void> => clock.sleep(ms, over.signal).catch(() => undefined); // over before its time
  await Promise.race([pending.idle(), wait(grace)]);
  pending.end(new TransportError("closed", "the transport was closed before the acknowledgement"));
  // with anything outstanding, the library would put off the DISCONNECT for ever
  for (const id of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(id));
  const ended = new Promise<void>((resolve) => client.end(false, {}, () => resolve()));
  if (client.connected) await Promise.race([ended, wait(LAST_WAIT)]);
  over.abort();
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
