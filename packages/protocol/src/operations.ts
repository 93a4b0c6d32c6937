import { TransportError } from "./errors.ts";
import { isTopicFilter, isTopicName } from "./topics.ts";
import type { PublishOptions } from "./transport.ts";

/** Most bytes of one payload that an adapter takes; MQTT's own bound is 256 MiB less the header. */
export const maxPayload = 16_777_216;

/**
 * Checks the arguments of a publish.
 *
 * @throws TransportError code `option`
 */
export function checkPublish(topic: string, payload: Uint8Array, options: PublishOptions): void {
  if (!isTopicName(topic)) throw new TransportError("option", `${JSON.stringify(topic)} is not a topic to publish to`);
  if (!(payload instanceof Uint8Array) || payload.length > maxPayload) {
    throw new TransportError("option", `a payload is a Uint8Array of at most ${maxPayload} bytes`);
  }
  if (options.qos !== 0 && options.qos !== 1) throw new TransportError("option", `QoS ${options.qos}; 0 or 1`);
}

/**
 * Checks the arguments of a subscribe.
 *
 * @throws TransportError code `option`
 */
export function checkFilters(filters: readonly string[]): void {
  if (filters.length === 0) throw new TransportError("option", "no filter to subscribe to");
  for (const filter of filters) {
    if (!isTopicFilter(filter)) throw new TransportError("option", `${JSON.stringify(filter)} is not a topic filter`);
  }
}
