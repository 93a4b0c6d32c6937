import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { Aedes, type AedesOptions } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";

/** A broker in a test: where it listens, and its end. */
export interface TestBroker {
  readonly tcp: number;
  readonly ws?: number;
  readonly tls?: number;
  readonly wss?: number;
  close(): Promise<void>;
}

/** Keys and certificates that a test's own authority has signed. */
export interface Certificates {
  readonly folder: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** An authority that has signed nothing. */
  readonly strangerCa: string;
  remove(): void;
}

/** The broker's program, or undefined where it is not installed; tests say so and are skipped. */
export const mosquittoProgram = [
  "/usr/sbin/mosquitto",
  "/usr/local/sbin/mosquitto",
  "/opt/homebrew/sbin/mosquitto",
].find((path) => existsSync(path));

/** Whether certificates can be made. */
export const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** aedes on free ports: TCP, WebSocket and, with certificates, TLS. */
export async function startAedes(certificates?: Certificates, options: AedesOptions = {}): Promise<TestBroker> {
  const broker = await Aedes.createBroker(options);
  const sockets = new Set<Socket>();
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  };
  const tcp = createServer(broker.handle);
  const http = createHttpServer();
  const upgrade = (server: HttpServer) => {
    const webSockets = new WebSocketServer({ server });
    webSockets.on("connection", (socket, request) => {
      broker.handle(createWebSocketStream(socket), request);
    });
    return webSockets;
  };
  const webSockets = [upgrade(http)];
  const servers: Server[] = [tcp, http];
  const ports = { tcp: await listen(tcp), ws: await listen(http) };
  let secure: { tls: number; wss: number } | undefined;
  if (certificates !== undefined) {
    const { cert, key } = certificates;
    const server = createTlsServer({ cert, key }, broker.handle);
    const https = createHttpsServer({ cert, key });
    webSockets.push(upgrade(https));
    servers.push(server, https);
    secure = { tls: await listen(server), wss: await listen(https) };
  }
  for (const server of servers) server.on("connection", track);
  const close = async () => {
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    for (const server of webSockets) server.close();
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  };
  return { ...ports, ...secure, close };
}

/** mosquitto on free ports: TCP, WebSocket and, with certificates, TLS. */
export async function startMosquitto(certificates?: Certificates, extra: readonly string[] = []): Promise<TestBroker> {
  if (mosquittoProgram === undefined) throw new Error("mosquitto is not installed");
  const folder = mkdtempSync(join(tmpdir(), "zipml-mosquitto-"));
  const [tcp, ws, tls] = await freePorts(3);
  const lines = [
    "allow_anonymous true",
    "max_queued_messages 0",
    ...extra,
    `listener ${tcp} 127.0.0.1`,
    `listener ${ws} 127.0.0.1`,
    "protocol websockets",
  ];
  if (certificates !== undefined) {
    const { folder: at } = certificates;
    lines.push(`listener ${tls} 127.0.0.1`, `certfile ${at}/server.pem`, `keyfile ${at}/server.key`);
  }
  const user = process.getuid?.() === 0 ? "user root\n" : "";
  writeFileSync(join(folder, "mosquitto.conf"), `${user}${lines.join("\n")}\n`);
  const child = spawn(mosquittoProgram, ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
  for (const port of certificates === undefined ? [tcp, ws] : [tcp, ws, tls]) await reachable(port as number, child);
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  return { tcp: tcp as number, ws: ws as number, ...(certificates === undefined ? {} : { tls: tls as number }), close };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map((server) => listen(server)));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
    const connected = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("mosquitto does not listen");
}

/** A TCP relay that a test can cut, freeze, or take away. */
export interface Relay {
  readonly port: number;
  /** Ends every connection without a word. */
  cut(): void;
  /** Connections that are open. */
  connections(): number;
  /** While frozen, nothing comes back from the broker. */
  freeze(frozen: boolean): void;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startRelay(target: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let frozen = false;
  const make = () =>
    createServer((client) => {
      const upstream = createConnection(target, "127.0.0.1");
      const pair = [client, upstream] as const;
      pairs.add(pair);
      client.pipe(upstream);
      upstream.on("data", (data) => {
        if (!frozen) client.write(data);
      });
      for (const [side, other] of [pair, [upstream, client] as const]) {
        side.on("error", () => {});
        side.on("close", () => {
          other.destroy();
          pairs.delete(pair);
        });
      }
    });
  let server = make();
  const port = await listen(server);
  const cut = () => {
    for (const [client, upstream] of pairs) {
      client.destroy();
      upstream.destroy();
    }
  };
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  };
  const start = async () => {
    server = make();
    await listen(server, port);
  };
  return {
    port,
    cut,
    connections: () => pairs.size,
    freeze: (value) => {
      frozen = value;
    },
    stop,
    start,
    close: stop,
  };
}

/** An authority, a certificate of it for localhost, and an authority that has nothing to do with either. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "zipml-tls-"));
  const run = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
  const authority = (name: string) =>
    run(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
    );
  authority("ca");
  authority("stranger");
  writeFileSync(join(folder, "san.cnf"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  run(
    "req",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-subj",
    "/CN=localhost",
    "-keyout",
    "server.key",
    "-out",
    "server.csr",
  );
  run(
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    "san.cnf",
    "-out",
    "server.pem",
  );
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return {
    folder,
    ca: read("ca.pem"),
    cert: read("server.pem"),
    key: read("server.key"),
    strangerCa: read("stranger.pem"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
