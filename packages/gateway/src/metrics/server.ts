import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { GatewayError } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { createMetrics } from "./metrics.ts";

/** Where the counters are served. */
export interface MetricsOptions {
  /** Port; 0 takes a free one. Default 9464. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`: there is no access control. */
  readonly host?: string;
}

/** A running endpoint. */
export interface MetricsServer extends AsyncDisposable {
  /** `http://…/metrics`. */
  readonly url: string;
  /** Stops listening and ends open requests. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves a gateway's counters to Prometheus under `/metrics`.
 *
 * @param gateway The gateway; it is not closed with the endpoint.
 * @param options Port and address.
 * @throws {@link GatewayError} with code `listen` where the port can't be had.
 */
export async function serveMetrics(gateway: Gateway, options: MetricsOptions = {}): Promise<MetricsServer> {
  const { port = 9464, host = "127.0.0.1" } = options;
  const metrics = createMetrics(gateway);
  const server = createServer((request, response) => {
    if (request.url !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new GatewayError("listen", `metrics can't be served on ${host}:${port}: ${cause.message}`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo; // a TCP server that listens has one
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closed;
  };
  const at = host.includes(":") ? `[${host}]` : host;
  return { url: `http://${at}:${address.port}/metrics`, close, [Symbol.asyncDispose]: close };
}
