import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer as createTlsServer } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { tlsHandshake, tlsOverheadBytes } from "../../../src/links/upper/tls.ts";

const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** Bytes that passed, by direction. */
interface Passed {
  up: number;
  down: number;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A TCP proxy that counts. */
function countingProxy(port: number, passed: Passed): Server {
  return createServer((client: Socket) => {
    const server = createConnection({ port, host: "127.0.0.1" });
    client.on("data", (data) => {
      passed.up += data.length;
      server.write(data);
    });
    server.on("data", (data) => {
      passed.down += data.length;
      client.write(data);
    });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
  });
}

/** Waits until nothing has passed for a while. */
async function quiet(passed: Passed): Promise<void> {
  for (let before = -1; before !== passed.up + passed.down; ) {
    before = passed.up + passed.down;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

describe.skipIf(!hasOpenssl)("TLS on loopback (needs openssl)", () => {
  const folder = mkdtempSync(join(tmpdir(), "zipml-tls-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", "key.pem", "-out", "cert.pem", "-days", "30", "-subj", "/CN=localhost"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...files], { cwd: folder, stdio: "ignore" });
  const [key, cert] = ["key.pem", "cert.pem"].map((file) => readFileSync(join(folder, file)));

  it.each(["1.2", "1.3"] as const)(
    "TLS %s adds to every write and to the handshake what the model says",
    async (name) => {
      const version = `TLSv${name}` as const;
      const server = createTlsServer({ key, cert, minVersion: version, maxVersion: version }, (socket) => {
        socket.on("error", () => {});
        socket.resume();
      });
      const passed = { up: 0, down: 0 };
      const proxy = countingProxy(await listening(server), passed);
      const options = {
        port: await listening(proxy),
        host: "127.0.0.1",
        ca: cert,
        minVersion: version,
        maxVersion: version,
      };
      const socket = connect({ ...options, checkServerIdentity: () => undefined });
      try {
        await once(socket, "secureConnect");
        await quiet(passed);
        const flights = tlsHandshake(name, false);
        const model = (way: string) =>
          flights.filter(({ direction }) => direction === way).reduce((sum, { bytes }) => sum + bytes, 0);
        // Cipher lists and extensions differ between versions of OpenSSL, and a signature's length by a few bytes.
        expect(Math.abs(passed.up - model("up"))).toBeLessThan(0.25 * model("up"));
        expect(Math.abs(passed.down - model("down"))).toBeLessThan(0.25 * model("down"));
        for (const bytes of [1, 27, 77, 1400, 16_384, 16_385, 40_000]) {
          const before = passed.up;
          socket.write(new Uint8Array(bytes));
          await quiet(passed);
          expect(passed.up - before - bytes, `${bytes} B`).toBe(tlsOverheadBytes(name, bytes));
        }
      } finally {
        socket.destroy();
        proxy.close();
        server.close();
      }
    },
  );
});
