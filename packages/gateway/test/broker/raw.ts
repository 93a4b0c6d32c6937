import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

/** MQTT 3.1.1 packets by hand, so that a test can send what no client library would. */
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
};

/** A remaining length of 1 to 4 bytes. */
export function lengthBytes(length: number): Buffer {
  const bytes: number[] = [];
  let rest = length;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte + 128 : byte);
  } while (rest > 0);
  return Buffer.from(bytes);
}

export const packet = (first: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(first), lengthBytes(body.length), body]);
};

export interface ConnectFields {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
  readonly clean?: boolean;
}

export function connectPacket({ clientId, username, password, will, clean = true }: ConnectFields): Buffer {
  const flags =
    (clean ? 2 : 0) |
    (will === undefined ? 0 : 0b0010_1100) | // retained, QoS 1
    (password === undefined ? 0 : 64) |
    (username === undefined ? 0 : 128);
  const payload = will === undefined ? [] : [text(will.topic), text(Buffer.from(will.payload).toString("latin1"))];
  return packet(
    0x10,
    text("MQTT"),
    Buffer.of(4, flags, 0, 60),
    text(clientId),
    ...payload,
    ...(username === undefined ? [] : [text(username)]),
    ...(password === undefined ? [] : [text(password)]),
  );
}

export const publishPacket = (topic: string, payload: Uint8Array, options: { retain?: boolean; id?: number } = {}) =>
  options.id === undefined
    ? packet(0x30 | (options.retain === true ? 1 : 0), text(topic), payload)
    : packet(
        0x32 | (options.retain === true ? 1 : 0),
        text(topic),
        Buffer.of(options.id >> 8, options.id & 255),
        payload,
      );

export const subscribePacket = (id: number, ...filters: string[]) =>
  packet(0x82, Buffer.of(id >> 8, id & 255), ...filters.flatMap((filter) => [text(filter), Buffer.of(1)]));

/** A connection that keeps what comes back. */
export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): Buffer;
  send(bytes: Uint8Array): void;
  /** Resolves when so many bytes have come or the connection is closed. */
  bytes(count: number): Promise<Buffer>;
  closed(): Promise<void>;
}

function wrap(socket: Socket): RawClient {
  let received = Buffer.alloc(0);
  let gone = false;
  const looks = new Set<() => void>();
  const look = (): void => {
    for (const one of looks) one();
  };
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    look();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    gone = true;
    look();
  });
  const until = (fits: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("nothing within 25 s")), 25_000);
      const check = (): void => {
        if (!fits()) return;
        clearTimeout(timer);
        looks.delete(check);
        resolve();
      };
      looks.add(check);
      check();
    });
  return {
    socket,
    received: () => received,
    send: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
    },
    bytes: async (count) => {
      await until(() => gone || received.length >= count);
      return received;
    },
    closed: () => until(() => gone),
  };
}

const portOf = (url: string): number => Number(new URL(url.replace(/^mqtt/, "http")).port);

/** A TCP or, with `tls`, a TLS connection to a broker; it is not yet known whether the broker takes it. */
export function dial(url: string, tls?: ConnectionOptions): RawClient {
  return wrap(
    tls === undefined ? createConnection(portOf(url), "127.0.0.1") : connectTls(portOf(url), "127.0.0.1", tls),
  );
}

/** The return code of a CONNACK: 0 accepted, undefined where the connection was closed without one. */
export async function join(client: RawClient, fields: ConnectFields): Promise<number | undefined> {
  client.send(connectPacket(fields));
  const answer = await client.bytes(4);
  return answer[0] === 0x20 ? answer[3] : undefined;
}

/** Ends a connection and waits for it. */
export async function leave(client: RawClient): Promise<void> {
  if (client.socket.closed) return;
  client.socket.destroy();
  await once(client.socket, "close");
}
