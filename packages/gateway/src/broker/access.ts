import type { AedesOptions, AuthErrorCode, AuthenticateError, Client, ConnectPacket } from "aedes";
import { type Identity, identityName, parseIdentity } from "./identity.ts";
import type { BrokerLimits } from "./options.ts";
import type { Permissions } from "./permissions.ts";
import type { RetainedLedger } from "./retained.ts";
import type { BrokerCounters, BrokerRefusal } from "./status.ts";
import type { UserBook } from "./users.ts";

/** What the broker knows of a connection before its CONNECT packet. */
export interface Origin {
  /** A connection within the process, which is not asked who it is. */
  readonly inside: boolean;
  /** The common name of its certificate, where it has one that was verified. */
  readonly commonName?: string | undefined;
}

/** What access control works with. */
export interface AccessPorts {
  readonly limits: BrokerLimits;
  readonly counters: BrokerCounters;
  readonly retained: RetainedLedger;
  readonly permissions: Permissions;
  /** Whether everybody must be known, by certificate or as one of `users`. */
  readonly known: boolean;
  /** Who may come in by name and password; asked anew at every login. */
  users(): UserBook | undefined;
}

/** What aedes asks. */
export type AccessHooks = Required<
  Pick<AedesOptions, "preConnect" | "authenticate" | "authorizePublish" | "authorizeSubscribe" | "authorizeForward">
>;

/** The broker's doorkeeper: who comes in, and what each may write and read. */
export interface Access {
  /** Tells it where a client comes from; before the client's first packet is read. */
  introduce(client: Client, origin: Origin): void;
  /** Whether a client's user is gone or has another password than the one it came in with. */
  isOutdated(client: Client): boolean;
  /** Filters were given up. */
  unsubscribed(client: Client, filters: readonly string[]): void;
  readonly hooks: AccessHooks;
}

interface Guest {
  readonly origin: Origin;
  /** Who it is; undefined until that is proved. */
  identity: Identity | undefined;
  /** Who it says it is. */
  claim: Identity | undefined;
  /** Why it is refused, though it may be who it says. */
  refusal: BrokerRefusal | undefined;
  /** User and hash that it came in with. */
  user: { readonly name: string; readonly hash: string | undefined } | undefined;
  readonly filters: Set<string>;
}

/** What takes the place of a refused filter: aedes stores a packet's filters whole when one of them is granted. */
const nowhere = "$refused";

function refusalError(reason: BrokerRefusal): AuthenticateError {
  // CONNACK return codes (MQTT 3.1.1, table 3.1): identifier rejected, server unavailable, not authorized
  const returnCode = reason === "client-id" ? 2 : reason === "busy" ? 3 : 5;
  return Object.assign(new Error(`refused: ${reason}`), { returnCode: returnCode as AuthErrorCode });
}

/** Whether a topic or filter has more levels than allowed. */
function isTooDeep(topic: string, most: number): boolean {
  let levels = 1;
  for (let at = topic.indexOf("/"); at >= 0 && levels <= most; at = topic.indexOf("/", at + 1)) levels += 1;
  return levels > most;
}

/** Who a connection says it is; nothing of it is proved yet, unless by a certificate. */
function claimOf({ origin }: Guest, packet: ConnectPacket, ports: AccessPorts): Identity | undefined {
  if (origin.inside) return { kind: "inside" };
  if (origin.commonName !== undefined) return parseIdentity(origin.commonName);
  if (!ports.known) return { kind: "anonymous" };
  return ports.users()?.find(packet.username ?? "");
}

/** The clients of one broker, and what is known of each. */
interface Guests {
  readonly all: WeakMap<Client, Guest>;
  /** Those within the process. */
  readonly insiders: Set<Client>;
}

/** Whether the client id is the identity's own: nobody takes over the session of another. */
function ownsClientId({ insiders }: Guests, claim: Identity | undefined, clientId: string): boolean {
  if (claim?.kind === "device" || claim?.kind === "gateway") return clientId === identityName(claim);
  // The gateway's own connection is not to be had, even where nobody is known.
  return claim?.kind !== "anonymous" || ![...insiders].some(({ id }) => id === clientId);
}

function createConnectHooks(guests: Guests, ports: AccessPorts): Pick<AccessHooks, "preConnect" | "authenticate"> {
  const { counters, permissions } = ports;
  const wrongWill = (claim: Identity, will: ConnectPacket["will"]): boolean =>
    will !== undefined && !permissions.mayPublish(claim, will.topic, will.retain === true);
  const prove = async (guest: Guest, name: string, password: Uint8Array): Promise<BrokerRefusal | undefined> => {
    const { origin, claim } = guest;
    const users = ports.users();
    if (claim?.kind === "inside" || claim?.kind === "anonymous" || origin.commonName !== undefined)
      return claim === undefined ? "credentials" : guest.refusal;
    const login = users === undefined ? "wrong" : await users.login(name, password);
    if (login !== "ok") return login === "busy" ? "busy" : "credentials";
    guest.user = { name, hash: users?.hashOf(name) };
    return guest.refusal;
  };
  return {
    preConnect: (client, packet, done) => {
      const guest = guests.all.get(client);
      if (guest === undefined) return done(null, false);
      const claim = claimOf(guest, packet, ports);
      guest.claim = claim;
      // Any program may read for an operator: their ids get a space of their own.
      if (claim?.kind === "operator") packet.clientId = `${identityName(claim)}.${packet.clientId}`;
      if (!ownsClientId(guests, claim, packet.clientId)) guest.refusal = "client-id";
      else if (claim !== undefined && wrongWill(claim, packet.will)) guest.refusal = "publish";
      done(null, true);
    },
    authenticate: (client, username, password, done) => {
      const guest = guests.all.get(client);
      if (guest === undefined) return done(refusalError("credentials"), null);
      const answer = (refusal: BrokerRefusal | undefined): void => {
        if (refusal === undefined) {
          guest.identity = guest.claim;
          counters.accepted += 1;
          done(null, true);
        } else {
          counters.refuse(refusal);
          done(refusalError(refusal), null);
        }
      };
      prove(guest, username ?? "", password ?? new Uint8Array()).then(answer, () => answer("credentials"));
    },
  };
}

function createTopicHooks(
  guests: Guests,
  ports: AccessPorts,
): Pick<AccessHooks, "authorizePublish" | "authorizeSubscribe" | "authorizeForward"> {
  const { limits, counters, permissions, retained } = ports;
  const mayWrite = (client: Client, topic: string, retain: boolean, empty: boolean): BrokerRefusal | undefined => {
    const identity = guests.all.get(client)?.identity;
    if (isTooDeep(topic, limits.topicLevels)) return "topic-levels";
    if (identity === undefined || !permissions.mayPublish(identity, topic, retain)) return "publish";
    const owner = identity.kind === "inside" ? undefined : client.id;
    return retain && !retained.write(topic, owner, empty) ? "retained" : undefined;
  };
  const mayJoin = (guest: Guest | undefined, filter: string): BrokerRefusal | undefined => {
    if (isTooDeep(filter, limits.topicLevels)) return "topic-levels";
    if (guest?.identity === undefined || !permissions.maySubscribe(guest.identity, filter)) return "subscribe";
    const full = guest.filters.size >= limits.subscriptions && !guest.filters.has(filter);
    return full && guest.identity.kind !== "inside" ? "subscriptions" : undefined;
  };
  return {
    authorizePublish: (client, packet, done) => {
      if (client === null) return done(null); // the will of a client that an earlier run has let in
      const refusal = mayWrite(client, packet.topic, packet.retain, packet.payload.length === 0);
      if (refusal === undefined) {
        counters.messages += 1;
        return done(null);
      }
      counters.refuse(refusal);
      done(new Error(`refused: ${refusal}`));
    },
    authorizeSubscribe: (client, subscription, done) => {
      const guest = guests.all.get(client);
      const refusal = mayJoin(guest, subscription.topic);
      if (refusal === undefined) {
        guest?.filters.add(subscription.topic);
        // Not before all filters of the packet were looked at: see `nowhere`.
        queueMicrotask(() => done(null, subscription));
        return;
      }
      counters.refuse(refusal);
      subscription.topic = nowhere;
      subscription.qos = 0;
      done(null, null);
    },
    authorizeForward: (client, packet) => {
      const identity = guests.all.get(client)?.identity;
      if (identity === undefined || !permissions.mayRead(identity, packet.topic)) return null;
      const { conn } = client;
      // What is sent upon a subscription waits for the client; what is live must not, or it would hold up its sender.
      if (identity.kind === "inside" || packet.retain || conn.writableLength <= limits.backlog) return packet;
      counters.refuse("slow");
      conn.destroy();
      return null;
    },
  };
}

/**
 * Access control for a broker.
 *
 * @param ports What it works with.
 */
export function createAccess(ports: AccessPorts): Access {
  const guests: Guests = { all: new WeakMap(), insiders: new Set() };
  return {
    introduce: (client, origin) => {
      guests.all.set(client, {
        origin,
        identity: undefined,
        claim: undefined,
        refusal: undefined,
        user: undefined,
        filters: new Set(),
      });
      if (!origin.inside) return;
      guests.insiders.add(client);
      client.conn.once("close", () => guests.insiders.delete(client));
    },
    isOutdated: (client) => {
      const user = guests.all.get(client)?.user;
      return user !== undefined && ports.users()?.hashOf(user.name) !== user.hash;
    },
    unsubscribed: (client, filters) => {
      for (const filter of filters) guests.all.get(client)?.filters.delete(filter);
    },
    hooks: { ...createConnectHooks(guests, ports), ...createTopicHooks(guests, ports) },
  };
}
