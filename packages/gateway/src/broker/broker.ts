import type { EventEmitter } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { createTopics } from "@zipml/protocol";
import { Aedes, type Client } from "aedes";
import { GatewayError } from "../errors.ts";
import { type Access, createAccess } from "./access.ts";
import { type Admission, createAdmission } from "./admission.ts";
import { createGuard } from "./guard.ts";
import { type Arrival, type Listener, openListener } from "./listeners.ts";
import {
  type BrokerOptions,
  type BrokerSurroundings,
  type BrokerTls,
  type BrokerUser,
  type ResolvedBrokerOptions,
  resolveBrokerOptions,
} from "./options.ts";
import { createPermissions } from "./permissions.ts";
import { type BrokerPersistence, openPersistence } from "./persistence.ts";
import { createRetainedLedger, type RetainedLedger } from "./retained.ts";
import { indexRetained, type RetainedStore } from "./retained-index.ts";
import type { RetainedWriter } from "./retained-writer.ts";
import { type BrokerCounters, type BrokerStatus, createBrokerCounters } from "./status.ts";
import { createUserBook, type UserBook } from "./users.ts";

/** What a running broker can take anew. */
export interface BrokerReload {
  /** Other certificates, for connections from now on; with `ca` only where there was one before. */
  readonly tls?: BrokerTls;
  /** Other users; clients whose user is gone or has another password are closed. Only where there were some before. */
  readonly users?: readonly BrokerUser[];
}

/** A running embedded broker. */
export interface EmbeddedBroker extends AsyncDisposable {
  /** Where devices connect: `mqtt://` or `mqtts://`. */
  readonly url: string;
  /** The same over WebSocket, where it was asked for. */
  readonly websocketUrl: string | undefined;
  /** A connection from within the process, without a socket; it may do everything. */
  connect(): Duplex;
  /** What it counts. A copy. */
  status(): BrokerStatus;
  /**
   * Takes other certificates or users without a restart; either all of it, or, where it throws, nothing.
   *
   * @throws {@link GatewayError} `options`.
   */
  reload(changes: BrokerReload): void;
  /** Closes every connection and listener. Idempotent. */
  close(): Promise<void>;
}

/** The parts of a running broker. */
interface Parts {
  readonly options: ResolvedBrokerOptions;
  readonly aedes: Aedes;
  readonly access: Access;
  readonly admission: Admission;
  readonly counters: BrokerCounters;
  readonly retained: RetainedLedger;
  readonly persistence: BrokerPersistence;
  readonly writer: RetainedWriter;
  readonly clients: Set<Client>;
  readonly accept: WeakMap<Client, () => void>;
  users: UserBook | undefined;
}

async function startParts(options: ResolvedBrokerOptions): Promise<Parts> {
  const { limits, clock, users, tls, topics } = options;
  const book = users === undefined ? undefined : createUserBook(users);
  const persistence = await openPersistence(options.directory);
  const counters = createBrokerCounters();
  const retained = createRetainedLedger(limits, await persistence.topics());
  const clients = new Set<Client>();
  const accept = new WeakMap<Client, () => void>();
  const access = createAccess({
    limits,
    counters,
    retained,
    permissions: createPermissions(topics),
    known: users !== undefined || tls?.ca !== undefined,
    users: () => parts.users,
  });
  const aedes = await Aedes.createBroker({
    ...access.hooks,
    ...(persistence.store === undefined ? {} : { persistence: persistence.store }),
    concurrency: 0, // a client that does not read must hold up nobody else's messages
    connectTimeout: 2 * limits.connectTimeout, // the door's own deadline comes first
    drainTimeout: 10_000,
    maxInflightInbound: limits.inflight,
  });
  // aedes' types leave out the persistence that it hands to everything else
  const writer = await indexRetained((aedes as unknown as { readonly persistence: RetainedStore }).persistence);
  const admission = createAdmission(limits, clock);
  const parts: Parts = {
    options,
    aedes,
    access,
    admission,
    counters,
    retained,
    persistence,
    writer,
    clients,
    accept,
    users: book,
  };
  // The library's types leave this event out; nobody listening would end the process.
  (aedes as EventEmitter).on("error", () => {
    counters.faults += 1;
  });
  aedes.on("client", (client) => clients.add(client));
  aedes.on("clientDisconnect", (client) => clients.delete(client));
  aedes.on("unsubscribe", (filters, client) => access.unsubscribed(client, filters));
  aedes.on("connackSent", (packet, client) => {
    if (packet.returnCode === 0) accept.get(client)?.();
  });
  return parts;
}

function receive({ options, aedes, access, counters, accept }: Parts, arrival: Arrival): void {
  const { stream, commonName, connecting, accepted } = arrival;
  const guard = createGuard(stream, options.limits, options.clock, {
    refused: counters.refuse,
    connecting,
    slowed: () => {
      counters.slowed += 1;
    },
  });
  const client = aedes.handle(guard.stream);
  access.introduce(client, { inside: false, commonName });
  accept.set(client, () => {
    accepted();
    guard.accept();
  });
}

function connectInside({ aedes, access }: Parts): Duplex {
  const [inside, outside] = duplexPair();
  // The end of one side is not heard at the other by itself: both would wait for their timers.
  inside.on("close", () => outside.destroy());
  outside.on("close", () => inside.destroy());
  access.introduce(aedes.handle(inside), { inside: true });
  return outside;
}

function reload(parts: Parts, listeners: readonly Listener[], { tls, users }: BrokerReload): void {
  const { options, access, clients } = parts;
  if (tls !== undefined && (options.tls === undefined || (options.tls.ca === undefined) !== (tls.ca === undefined)))
    throw new GatewayError("options", "reload: tls and tls.ca can be changed, not turned on or off");
  if (users !== undefined && parts.users === undefined)
    throw new GatewayError("options", "reload: users can be changed, not turned on");
  const book = users === undefined ? parts.users : createUserBook(users);
  if (tls !== undefined) for (const listener of listeners) listener.reload(tls);
  parts.users = book;
  for (const client of clients) if (access.isOutdated(client)) client.close();
}

async function stop({ aedes, persistence, writer }: Parts, listeners: readonly Listener[]): Promise<void> {
  await new Promise<void>((resolve) => aedes.close(() => resolve()));
  await Promise.all(listeners.map((listener) => listener.close()));
  await new Promise((resolve) => setImmediate(resolve)); // what the closed clients still had to store
  await writer.idle();
  await persistence.close();
}

function statusOf({ aedes, admission, counters, retained }: Parts): BrokerStatus {
  const { accepted, messages, slowed, faults } = counters;
  return {
    connections: admission.count,
    clients: aedes.connectedClients,
    accepted,
    messages,
    retained: retained.count,
    slowed,
    faults,
    refused: counters.refused(),
  };
}

/**
 * Starts an embedded broker.
 *
 * @param options Ports, address, certificates, users and bounds.
 * @param around The gateway's topics and clock. Default the topics under `zipml/1`, and the system's clock.
 * @throws {@link GatewayError} `options` for a broker open to others that was not asked for, and for what can't be used;
 * `listen` where the port can't be had.
 */
export async function startBroker(
  options: BrokerOptions = {},
  around: BrokerSurroundings = { topics: createTopics() },
): Promise<EmbeddedBroker> {
  const resolved = resolveBrokerOptions(options, around);
  const parts = await startParts(resolved);
  const listeners: Listener[] = [];
  const ports = {
    options: resolved,
    admission: parts.admission,
    refused: parts.counters.refuse,
    arrived: (arrival: Arrival) => receive(parts, arrival),
  };
  const open = async (kind: "mqtt" | "websocket", port: number): Promise<number> => {
    const listener = await openListener(kind, port, ports);
    listeners.push(listener);
    return listener.port;
  };
  const { tls, host, websocketPort } = resolved;
  try {
    const port = await open("mqtt", resolved.port);
    const web = websocketPort === undefined ? undefined : await open("websocket", websocketPort);
    const at = host.includes(":") ? `[${host}]` : host;
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closed ??= stop(parts, listeners);
      return closed;
    };
    return {
      url: `${tls === undefined ? "mqtt" : "mqtts"}://${at}:${port}`,
      websocketUrl: web === undefined ? undefined : `${tls === undefined ? "ws" : "wss"}://${at}:${web}`,
      connect: () => connectInside(parts),
      status: () => statusOf(parts),
      reload: (changes) => reload(parts, listeners, changes),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await stop(parts, listeners);
    throw error;
  }
}
