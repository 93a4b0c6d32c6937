import { utf8Length } from "../topics.ts";
import type { ConnectOptions } from "../transport.ts";

/** Bytes of a PUBACK, of a CONNACK, and of a SUBACK beside its codes. */
export const ackLength = 4;

/** Bytes of a DISCONNECT. */
export const disconnectLength = 2;

/** Bytes of a PUBLISH of MQTT 3.1.1 (section 3.3). */
export function publishLength(topic: string, payload: number, qos: 0 | 1): number {
  return packet(2 + utf8Length(topic) + (qos === 0 ? 0 : 2) + payload);
}

/** Bytes of a SUBSCRIBE (section 3.8). */
export function subscribeLength(filters: readonly string[]): number {
  return packet(filters.reduce((sum, filter) => sum + 2 + utf8Length(filter) + 1, 2));
}

/** Bytes of a SUBACK (section 3.9). */
export function subackLength(filters: number): number {
  return packet(2 + filters);
}

/** Bytes of a CONNECT without credentials (section 3.1). */
export function connectLength({ clientId, will }: ConnectOptions): number {
  const last = will === undefined ? 0 : 2 + utf8Length(will.topic) + 2 + will.payload.length;
  return packet(10 + 2 + utf8Length(clientId) + last);
}

/** With the fixed header: a type byte and the remaining length in groups of seven bits (section 2.2). */
function packet(remaining: number): number {
  const lengthBytes = remaining < 128 ? 1 : remaining < 16_384 ? 2 : remaining < 2_097_152 ? 3 : 4;
  return 1 + lengthBytes + remaining;
}
