import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, isIPv4, type Server, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { createSecureContext, createServer as createTlsServer, type TlsOptions } from "node:tls";
import { Aedes } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";
import { GatewayError } from "../errors.ts";
import type { BrokerOptions, BrokerTls } from "./options.ts";

/** A running embedded broker. */
export interface EmbeddedBroker extends AsyncDisposable {
  /** Where devices connect: `mqtt://` or `mqtts://`. */
  readonly url: string;
  /** The same over WebSocket, where it was asked for. */
  readonly websocketUrl: string | undefined;
  /** A connection from within the process, without a socket. */
  connect(): Duplex;
  /** Closes every connection and listener. Idempotent. */
  close(): Promise<void>;
}

interface Listener {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  readonly port: number;
}

const bytes = (pem: string | Uint8Array): string | Buffer => (typeof pem === "string" ? pem : Buffer.from(pem));

function tlsOptions({ cert, key, ca }: BrokerTls): TlsOptions {
  const asked = ca === undefined ? {} : { ca: bytes(ca), requestCert: true, rejectUnauthorized: true };
  const options: TlsOptions = { cert: bytes(cert), key: bytes(key), minVersion: "TLSv1.2", ...asked };
  try {
    createSecureContext(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("options", `broker.tls: cert, key or ca can't be used: ${why}`, { cause });
  }
  return options;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

async function listen(server: Server, host: string, port: number): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new GatewayError("listen", `the broker can't listen on ${host}:${port}: ${cause.message}`, { cause })),
    );
    try {
      server.listen(port, host, () => resolve());
    } catch (cause) {
      reject(new GatewayError("options", `broker port ${port}: a whole number from 0 to 65535 is needed`, { cause }));
    }
  });
  const address = server.address() as AddressInfo; // a TCP server that listens has one
  return { server, sockets, port: address.port };
}

async function closeListener({ server, sockets }: Listener): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
}

function websocketServer(broker: Aedes, tls: BrokerTls | undefined): Server {
  const http = tls === undefined ? createHttpServer() : createHttpsServer(tlsOptions(tls));
  // Made without the server: it would pass on the server's errors to nobody, and so end the process.
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => offered.has("mqtt") && "mqtt" });
  http.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => {
      broker.handle(createWebSocketStream(client), request);
    });
  });
  return http;
}

/**
 * Starts an embedded broker.
 *
 * @param options Ports, address and certificates.
 * @throws {@link GatewayError} `options` for plaintext beyond this machine that was not asked for, `listen` where the
 * port can't be had.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<EmbeddedBroker> {
  const { host = "127.0.0.1", tls, websocketPort } = options;
  if (tls === undefined && options.allowPlaintext !== true && !isLoopback(host))
    throw new GatewayError(
      "options",
      `broker.host ${host} without tls sends readings in the clear: give tls, or allowPlaintext`,
    );
  const broker = await Aedes.createBroker();
  const handle = (socket: Duplex): void => {
    broker.handle(socket);
  };
  const listeners: Listener[] = [];
  const stop = async (): Promise<void> => {
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    await Promise.all(listeners.map(closeListener));
  };
  const open = async (server: Server, port: number): Promise<number> => {
    const listener = await listen(server, host, port);
    listeners.push(listener);
    return listener.port;
  };
  try {
    const plain = tls === undefined ? createServer(handle) : createTlsServer(tlsOptions(tls), handle);
    const port = await open(plain, options.port ?? (tls === undefined ? 1883 : 8883));
    const web = websocketPort === undefined ? undefined : await open(websocketServer(broker, tls), websocketPort);
    const at = host.includes(":") ? `[${host}]` : host;
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closed ??= stop();
      return closed;
    };
    return {
      url: `${tls === undefined ? "mqtt" : "mqtts"}://${at}:${port}`,
      websocketUrl: web === undefined ? undefined : `${tls === undefined ? "ws" : "wss"}://${at}:${web}`,
      connect: () => {
        const [inside, outside] = duplexPair();
        // The end of one side is not heard at the other by itself: both would wait for their timers.
        inside.on("close", () => outside.destroy());
        outside.on("close", () => inside.destroy());
        broker.handle(inside);
        return outside;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
