import { backoffDelay } from "../backoff.ts";
import { TransportError } from "../errors.ts";
import { createEventQueue } from "../event-queue.ts";
import { checkFilters, checkPublish } from "../operations.ts";
import { createTrafficMeters } from "../traffic.ts";
import type { ConnectOptions, Connector, Transport, TransportEvent } from "../transport.ts";
import type { MqttVersion } from "./client-options.ts";
import { type Connection, type MqttModule, openConnection } from "./connection.ts";
import type { Failure } from "./failure.ts";
import { createIntake } from "./intake.ts";
import { type MqttOptions, type MqttSettings, mqttSettings } from "./options.ts";
import { createVersionChoice } from "./version-choice.ts";

/**
 * Connects to an MQTT broker, over TCP, TLS or WebSocket, in MQTT 5 or 3.1.1.
 *
 * Sessions are clean and nothing is queued across connections: what must not be lost is kept by the owner until the
 * receiver itself has confirmed it. Attempts follow a full-jitter backoff, which starts afresh when a connection has
 * lasted longer than its cap.
 *
 * @example
 * ```ts
 * const connector = mqtt({ url: "mqtts://broker.example", tls: { ca } });
 * await using transport = connector({ clientId: "greenhouse-7" });
 * ```
 *
 * @throws TransportError code `option`, at once, for options that can't work or that would send in the clear
 */
export function mqtt(options: MqttOptions): Connector {
  const settings = mqttSettings(options);
  return (connectOptions) => openMqttTransport(settings, connectOptions);
}

function openMqttTransport(settings: MqttSettings, options: ConnectOptions): Transport {
  checkConnect(options);
  const meters = createTrafficMeters();
  const closing = new AbortController();
  let connection: Connection | undefined;
  let online = false;
  let closed: Promise<void> | undefined;

  const queue = createEventQueue(() => intake.review());
  const intake = createIntake(queue, () => connection?.waiting() ?? 0);

  const attempt = (library: MqttModule, version: MqttVersion): Promise<Failure> =>
    new Promise((resolve) => {
      connection = openConnection(library, settings, version, options, meters, {
        opened: () => {
          online = true;
          queue.push({ type: "online", protocol: version === 5 ? "mqtt-5" : "mqtt-3.1.1" });
        },
        message: intake.take,
        waits: intake.review,
        ended: (failure) => {
          online = false;
          connection = undefined;
          intake.drop();
          resolve(failure);
        },
      });
    });
  const current = (): Connection => {
    if (closing.signal.aborted) throw new TransportError("closed", "the transport is closed");
    if (!online || connection === undefined)
      throw new TransportError("offline", "there is no connection to the broker");
    return connection;
  };
  const publish: Transport["publish"] = async (topic, payload, how) => {
    checkPublish(topic, payload, how);
    await current().publish(topic, payload, how);
  };
  const subscribe: Transport["subscribe"] = async (filters) => {
    checkFilters(filters);
    await current().subscribe(filters);
  };
  const finish = async (grace: number): Promise<void> => {
    const last = connection;
    const connected = online;
    closing.abort(new TransportError("closed", "the transport is closed"));
    if (connected) await last?.close(grace);
    else last?.destroy();
    queue.close();
  };
  const close: Transport["close"] = ({ grace = 1000 } = {}) => {
    closed ??= finish(grace);
    return closed;
  };
  keepConnected(settings, closing.signal, attempt, queue.push).catch((cause: unknown) => {
    if (closing.signal.aborted) return;
    queue.push({ type: "offline", code: "option", reason: cause instanceof Error ? cause.message : String(cause) });
  });
  return {
    events: queue.events,
    publish,
    subscribe,
    traffic: meters.read,
    close,
    get online() {
      return online;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Attempt after attempt, with the waits between, until the signal aborts. */
async function keepConnected(
  { clock, backoff, random, protocol }: MqttSettings,
  signal: AbortSignal,
  attempt: (library: MqttModule, version: MqttVersion) => Promise<Failure>,
  tell: (event: TransportEvent) => void,
): Promise<void> {
  // the library takes half a second to load and most of a device's memory: not before it is wanted
  const library = await import("mqtt");
  const choice = createVersionChoice(protocol);
  let failures = 0;
  while (!signal.aborted) {
    const begun = clock.now();
    const version = choice.next();
    const failure = await attempt(library.default, version);
    if (signal.aborted) return;
    if (choice.failed(version, failure)) continue;
    if (clock.now() - begun > backoff.cap) failures = 0;
    const retryIn = backoffDelay(failures, backoff, random);
    failures += 1;
    tell({ type: "offline", code: failure.error.code, reason: failure.error.message, retryIn });
    await clock.sleep(retryIn, signal);
  }
}

function checkConnect({ clientId, will }: ConnectOptions): void {
  if (clientId === "" || clientId.length > 256)
    throw new TransportError("option", "a clientId has 1 to 256 characters");
  if (will !== undefined) checkPublish(will.topic, will.payload, will);
}
