import {
  type Address,
  createLink,
  type Link,
  type MessageOf,
  type Transport,
  type TransportMessage,
} from "@zipml/protocol";
import type { ResolvedGatewayOptions } from "./options.ts";

/** What the link needs from the gateway. */
export interface GatewayLinkPorts {
  /** Subscriptions stand and the gateway's presence is published. */
  ready(protocol: string): void;
  offline(reason: string): void;
  /** A message came under one of the topics. */
  message(address: Address, message: TransportMessage): void;
  failed(error: unknown): void;
}

/** Milliseconds after which a greeting that the broker refused is tried again. */
const greetAgain = 5000;

/** A gateway's presence: one time for a whole run, so that its last will is never older than what it said itself. */
export function stateOf({ id, startedAt }: ResolvedGatewayOptions, online: boolean): MessageOf<"state"> {
  return { id, online, at: startedAt, trains: true };
}

/**
 * Runs a transport for a gateway: subscriptions first on every connection, then its presence; at the end its absence.
 *
 * @param transport The gateway's transport.
 * @param options The gateway's options.
 * @param ports Where messages go.
 */
export function createGatewayLink(
  transport: Transport,
  options: ResolvedGatewayOptions,
  ports: GatewayLinkPorts,
): Link {
  const { topics, group, id, clock } = options;
  const place: Address = { kind: "state", gateway: id };
  const model = topics.build({ kind: "model", audience: "all", group });
  const link = createLink(
    { transport, topics, clock, greetAgain },
    {
      ...ports,
      greet: async ({ send, subscribe }) => {
        if (options.thin !== undefined || options.levels.follow)
          await subscribe(topics.gatewayFilters({ group, kinds: ["desired"] }));
        await subscribe([...topics.gatewayFilters({ group }), model]);
        await send(place, "state", stateOf(options, true));
      },
    },
  );
  return {
    get online() {
      return link.online;
    },
    publish: link.publish.bind(link),
    close: async () => {
      const farewell = link.publish(place, "state", () => stateOf(options, false));
      await link.close();
      await farewell;
    },
  };
}
