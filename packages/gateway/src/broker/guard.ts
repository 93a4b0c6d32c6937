import { Duplex } from "node:stream";
import type { Clock } from "@zipml/protocol";
import type { BrokerLimits } from "./options.ts";
import { createPacketScanner } from "./packet-scanner.ts";
import type { BrokerRefusal } from "./status.ts";
import { createTokenBucket } from "./token-bucket.ts";

/** Room for topic, ids and header beside the payload of a packet. */
export const packetOverhead = 1024;

/** What a guard reports. */
export interface GuardPorts {
  /** The connection is being closed, for this reason. */
  refused(reason: BrokerRefusal): void;
  /** The whole CONNECT packet has come. */
  connecting(): void;
  /** The client is above its rate and is made to wait. */
  slowed(): void;
}

/** A connection behind its guard. */
export interface Guard {
  /** What the broker reads from and writes to. */
  readonly stream: Duplex;
  /** Lets through what follows the CONNECT packet. */
  accept(): void;
}

/** A stream that writes through to a socket; what is read from it is pushed by the caller. */
function streamOver(socket: Duplex, backlog: number, told: { wanted(): void; closed(): void }): Duplex {
  const forward = (chunk: Buffer, done: () => void): void => {
    if (socket.destroyed || socket.write(chunk)) done();
    else socket.once("drain", done);
  };
  return new Duplex({
    writableHighWaterMark: backlog,
    read: told.wanted,
    write: (chunk: Buffer, _encoding, done) => forward(chunk, done),
    // aedes writes a packet in pieces: one write for all that waits
    writev: (chunks, done) => forward(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final: (done) => {
      socket.end();
      done();
    },
    destroy: (error, done) => {
      told.closed();
      socket.destroy();
      done(error);
    },
  });
}

/**
 * Puts a guard between a socket and the broker. It reads the fixed headers only: a packet that announces too much is
 * refused before its bytes are taken in, the first must be CONNECT, nothing follows it to the broker before the
 * connection is accepted, and a client above its rate is read more slowly, so that TCP slows it down.
 *
 * @param socket The connection.
 * @param limits Bounds.
 * @param clock Time.
 * @param ports Who is told.
 */
export function createGuard(socket: Duplex, limits: BrokerLimits, clock: Clock, ports: GuardPorts): Guard {
  const scanner = createPacketScanner();
  const bucket = createTokenBucket(limits.messagesPerSecond, limits.messagesPerSecond, clock);
  const closing = new AbortController();
  let state: "connect" | "waiting" | "accepted" = "connect";
  let held: Buffer | undefined; // what followed CONNECT before the connection was accepted: less than one chunk
  let resting = false;
  const stream = streamOver(socket, limits.backlog, {
    wanted: () => {
      if (!resting && held === undefined) socket.resume();
    },
    closed: () => closing.abort(),
  });
  const refuse = (reason: BrokerRefusal): void => {
    if (stream.destroyed) return;
    ports.refused(reason);
    stream.destroy();
  };
  const rest = (milliseconds: number): void => {
    resting = true;
    socket.pause();
    ports.slowed();
    const goOn = (): void => {
      resting = false;
      socket.resume();
    };
    clock.sleep(milliseconds, closing.signal).then(goOn, () => undefined); // rejects only when the connection is gone
  };
  const pass = (chunk: Buffer): void => {
    const { begun, fault } = scanner.scan(chunk, limits.payload + packetOverhead, Number.POSITIVE_INFINITY);
    if (fault !== undefined) {
      refuse(fault);
      return;
    }
    if (!stream.push(chunk)) socket.pause();
    const wait = begun === 0 ? 0 : bucket.charge(begun);
    if (wait > 0) rest(wait);
  };
  const hold = (chunk: Buffer): void => {
    held = held === undefined ? chunk : Buffer.concat([held, chunk]);
    socket.pause();
  };
  const connect = (chunk: Buffer): void => {
    const { taken, ended, fault } = scanner.scan(chunk, limits.connect, 1);
    if (fault !== undefined) {
      refuse(fault);
      return;
    }
    stream.push(chunk.subarray(0, taken));
    if (ended === 0) return;
    state = "waiting";
    ports.connecting();
    if (taken < chunk.length) hold(chunk.subarray(taken));
  };
  socket.on("data", (chunk: Buffer) => {
    if (stream.destroyed) return;
    if (state === "accepted") pass(chunk);
    else if (state === "connect") connect(chunk);
    else hold(chunk);
  });
  socket.on("end", () => stream.push(null));
  socket.on("error", (error) => stream.destroy(error));
  socket.on("close", () => stream.destroy());
  const accept = (): void => {
    if (state === "accepted" || stream.destroyed) return;
    state = "accepted";
    const chunk = held;
    held = undefined;
    if (chunk === undefined) return;
    socket.resume();
    pass(chunk);
  };
  return { stream, accept };
}
