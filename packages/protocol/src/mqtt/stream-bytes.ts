import type { MqttClient } from "mqtt";
import type { TrafficMeters } from "../traffic.ts";

/**
 * Counts the bytes of a connection's stream, the same on TCP, TLS and WebSocket: the MQTT packets and nothing else.
 *
 * To be called in the same turn as the stream was made.
 */
export function meterStream(stream: MqttClient["stream"], { sent, received }: TrafficMeters): void {
  // the CONNECT packet was written before anyone could listen; it has left when something comes back
  let first = stream.writableLength;
  const write: (...args: never[]) => unknown = stream.write;
  const metered = (...args: unknown[]): unknown => {
    const [chunk] = args;
    if (chunk instanceof Uint8Array) sent.bytes += chunk.length;
    else if (typeof chunk === "string") sent.bytes += Buffer.byteLength(chunk);
    return Reflect.apply(write, stream, args);
  };
  // the library has no hook for what it writes, and a WebSocket stream no counter
  Object.defineProperty(stream, "write", { value: metered, writable: true, configurable: true });
  stream.on("data", (chunk: unknown) => {
    if (chunk instanceof Uint8Array) received.bytes += chunk.length;
    sent.bytes += first;
    first = 0;
  });
}
