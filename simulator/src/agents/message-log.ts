import { type Connector, createTopics, type Transport, type TransportEvent } from "@zipml/protocol";
import type { LinkMessageKind, SessionOpening } from "../links/link.ts";

/** A message that an agent sent or was sent. */
export interface AgentMessage {
  /** Number of the device. */
  readonly device: number;
  readonly kind: LinkMessageKind;
  /** Time of its publishing or arrival, whole µs from the simulation's start. */
  readonly atUs: number;
  /** Bytes of the application message. */
  readonly bytes: number;
  readonly topicBytes: number;
}

/** What a device says when it connects, and what travels afterwards. */
export interface MessageLog {
  opened(device: number, opening: SessionOpening): void;
  /** `payload` is the sender's own: to be copied where it is kept. */
  message(message: AgentMessage, payload: Uint8Array): void;
}

/** Topics under the default prefix; ids are ASCII, so that a topic has as many bytes as characters. */
const topics = createTopics();

function kindOf(topic: string): LinkMessageKind | undefined {
  const kind = topics.parse(topic)?.kind;
  return kind === "state" ? undefined : kind;
}

/**
 * A connector that tells what passes over it.
 *
 * @param connector Where to connect.
 * @param device Number of the device that connects.
 * @param now The time, whole µs from the simulation's start.
 * @param log Told everything, each message once it is on its way.
 */
export function loggedConnector(connector: Connector, device: number, now: () => number, log: MessageLog): Connector {
  return (options) => {
    const transport = connector(options);
    const { clientId, will } = options;
    const note = (topic: string, payload: Uint8Array): void => {
      const kind = kindOf(topic);
      if (kind !== undefined)
        log.message({ device, kind, atUs: now(), bytes: payload.length, topicBytes: topic.length }, payload);
    };
    async function* events(): AsyncGenerator<TransportEvent> {
      for await (const event of transport.events()) {
        if (event.type === "message") note(event.topic, event.payload);
        yield event;
      }
    }
    const logged: Transport = {
      get online() {
        return transport.online;
      },
      events,
      publish: async (topic, payload, how) => {
        note(topic, payload);
        await transport.publish(topic, payload, how);
      },
      subscribe: async (filters) => {
        await transport.subscribe(filters);
        const opening = { clientIdBytes: clientId.length, filterBytes: filters.map((filter) => filter.length) };
        const last = will && { topicBytes: will.topic.length, payloadBytes: will.payload.length };
        log.opened(device, last === undefined ? opening : { ...opening, will: last });
      },
      traffic: transport.traffic,
      close: transport.close,
      [Symbol.asyncDispose]: transport[Symbol.asyncDispose],
    };
    return logged;
  };
}
