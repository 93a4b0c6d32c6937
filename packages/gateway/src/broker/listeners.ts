import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  createSecureContext,
  createServer as createTlsServer,
  TLSSocket,
  type TlsOptions,
  Server as TlsServer,
} from "node:tls";
import { createWebSocketStream, WebSocketServer } from "ws";
import { GatewayError } from "../errors.ts";
import type { Admission } from "./admission.ts";
import { packetOverhead } from "./guard.ts";
import type { BrokerTls, ResolvedBrokerOptions } from "./options.ts";
import type { BrokerRefusal } from "./status.ts";

/** A connection that was taken, at the start of its MQTT stream. */
export interface Arrival {
  /** MQTT in both directions. */
  readonly stream: Duplex;
  /** The common name of the client's certificate, where it has one. */
  readonly commonName: string | undefined;
  /** The CONNECT packet has come: the deadline no longer holds. */
  connecting(): void;
  /** The broker has accepted the connection. */
  accepted(): void;
}

/** What listeners work with. */
export interface ListenerPorts {
  readonly options: ResolvedBrokerOptions;
  readonly admission: Admission;
  refused(reason: BrokerRefusal): void;
  arrived(arrival: Arrival): void;
}

/** A port that is listened on. */
export interface Listener {
  readonly port: number;
  /** Takes other certificates for connections from now on. Nothing changes without TLS. */
  reload(tls: BrokerTls): void;
  /** Closes the port and every connection. */
  close(): Promise<void>;
}

/** Bytes over a WebSocket before the broker has accepted it: upgrade and framing beside the CONNECT packet. */
const webSocketPrelude = 16_384;
const bytes = (pem: string | Uint8Array): string | Buffer => (typeof pem === "string" ? pem : Buffer.from(pem));

/**
 * Node's options for a broker's certificates.
 *
 * @param optional Whether a client may come without a certificate.
 * @throws {@link GatewayError} `options` for certificates that can't be used; no part of them is in the message.
 */
function tlsOptions({ cert, key, ca }: BrokerTls, optional: boolean): TlsOptions {
  const asked = ca === undefined ? {} : { ca: bytes(ca), requestCert: true, rejectUnauthorized: !optional };
  const options: TlsOptions = { cert: bytes(cert), key: bytes(key), minVersion: "TLSv1.2", ...asked };
  try {
    createSecureContext(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("options", `broker.tls: cert, key or ca can't be used: ${why}`, { cause });
  }
  return options;
}

interface Entry {
  readonly deadline: AbortController;
  readonly socket: Socket;
  /** What a connection that closes now is counted as; undefined once its handshake is done, or that it was counted. */
  unfinished: BrokerRefusal | undefined;
}

/** TLS and WebSocket hand on other objects than the socket that came in: ports tell that they are the same. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** Takes connections in and out, and closes those that do not get to their CONNECT packet in time. */
function createDoor({ options, admission, refused }: ListenerPorts) {
  const entries = new Map<string, Entry>();
  const watch = (entry: Entry): void => {
    const late = (): void => {
      entry.unfinished = undefined;
      refused("late");
      entry.socket.destroy();
    };
    options.clock.sleep(options.limits.connectTimeout, entry.deadline.signal).then(late, () => undefined);
  };
  const enter = (socket: Socket): void => {
    const key = keyOf(socket);
    const address = socket.remoteAddress;
    const refusal = address === undefined ? "connections" : admission.enter(address);
    if (address === undefined || refusal !== undefined) {
      refused(refusal ?? "connections");
      socket.destroy();
      return;
    }
    const unfinished = options.tls === undefined ? undefined : "tls";
    const entry: Entry = { deadline: new AbortController(), socket, unfinished };
    watch(entry);
    entries.set(key, entry);
    socket.on("close", () => {
      if (entry.unfinished !== undefined) refused(entry.unfinished);
      entry.deadline.abort();
      admission.leave(address);
      entries.delete(key);
    });
  };
  return {
    enter,
    secured: (socket: Socket): void => {
      const entry = entries.get(keyOf(socket));
      if (entry !== undefined) entry.unfinished = undefined;
    },
    find: (socket: Socket): Entry | undefined => entries.get(keyOf(socket)),
    closeAll: (): void => {
      for (const { socket } of entries.values()) socket.destroy();
    },
  };
}

type Door = ReturnType<typeof createDoor>;

/** The name in a verified certificate; `null` where there is a certificate that was not verified. */
function commonNameOf(socket: Duplex): string | undefined | null {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return undefined;
  const name: unknown = subject.CN; // several names come as a list
  return socket.authorized && typeof name === "string" ? name : null;
}

function arrive(ports: ListenerPorts, door: Door, socket: Socket, stream: Duplex, accepted: () => void): void {
  const entry = door.find(socket);
  const commonName = ports.options.tls?.ca === undefined ? undefined : commonNameOf(socket);
  if (entry === undefined || commonName === null) {
    if (commonName === null) ports.refused("tls");
    stream.destroy();
    socket.destroy();
    return;
  }
  ports.arrived({ stream, commonName, connecting: () => entry.deadline.abort(), accepted });
}

function webSocketServer(http: Server, ports: ListenerPorts, door: Door): void {
  const { limits } = ports.options;
  // Made without the server: it would pass on the server's errors to nobody, and so end the process.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.payload + packetOverhead,
    handleProtocols: (offered) => offered.has("mqtt") && "mqtt",
  });
  http.on("upgrade", (request, socket: Socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => {
      // ws gathers a message before it passes it on: until the client is let in, that must not be much.
      const bound = (): void => {
        if (socket.bytesRead <= webSocketPrelude + limits.connect) return;
        ports.refused("oversized");
        socket.destroy();
      };
      socket.on("data", bound);
      client.on("error", (error: Error & { code?: string }) => {
        ports.refused(error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" ? "oversized" : "malformed");
      });
      arrive(ports, door, socket, createWebSocketStream(client), () => socket.off("data", bound));
    });
  });
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new GatewayError("listen", `the broker can't listen on ${host}:${port}: ${cause.message}`, { cause })),
    );
    try {
      server.listen({ port, host, backlog: 1024 }, () => resolve());
    } catch (cause) {
      reject(new GatewayError("options", `broker port ${port}: a whole number from 0 to 65535 is needed`, { cause }));
    }
  });
  return (server.address() as AddressInfo).port; // a TCP server that listens has one
}

function makeServer(kind: "mqtt" | "websocket", ports: ListenerPorts, door: Door): Server {
  const { tls, users, limits } = ports.options;
  const { connectTimeout } = limits;
  const sockets = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
  const secure = tls === undefined ? undefined : { ...tlsOptions(tls, users !== undefined), ...sockets };
  if (kind === "mqtt") {
    const handle = (socket: Socket): void => {
      if (!socket.destroyed) arrive(ports, door, socket, socket, () => undefined);
    };
    // The deadline of the door is the one that counts, so Node's own must not come before it.
    const handshakeTimeout = 2 * connectTimeout;
    return secure === undefined
      ? createServer(sockets, handle)
      : createTlsServer({ ...secure, handshakeTimeout }, handle);
  }
  const http = { maxHeaderSize: 8192 };
  const server =
    secure === undefined ? createHttpServer({ ...sockets, ...http }) : createHttpsServer({ ...secure, ...http });
  server.on("request", (_request, response) => {
    ports.refused("malformed");
    response.writeHead(426, { connection: "close", upgrade: "websocket" }).end();
  });
  server.on("clientError", (_error, socket: Duplex) => {
    if (!socket.destroyed) ports.refused("malformed");
    socket.destroy();
  });
  webSocketServer(server, ports, door);
  return server;
}

/**
 * Opens a port for MQTT or for MQTT over WebSocket.
 *
 * @param kind What is spoken there.
 * @param port The port; 0 takes a free one.
 * @param ports Whom connections are handed to.
 * @throws {@link GatewayError} `listen` or `options`.
 */
export async function openListener(kind: "mqtt" | "websocket", port: number, ports: ListenerPorts): Promise<Listener> {
  const door = createDoor(ports);
  const server = makeServer(kind, ports, door);
  server.prependListener("connection", door.enter);
  server.prependListener("secureConnection", door.secured);
  // First of all: an https server would tell it again as a "clientError".
  server.prependListener("tlsClientError", (_error: Error, socket: TLSSocket) => socket.destroy());
  const at = await listen(server, ports.options.host, port);
  return {
    port: at,
    reload: (tls) => {
      if (server instanceof TlsServer) server.setSecureContext(tlsOptions(tls, ports.options.users !== undefined));
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      door.closeAll();
      await closed;
    },
  };
}
