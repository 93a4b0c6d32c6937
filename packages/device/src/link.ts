import {
  type Address,
  createLink,
  decodeMessage,
  isOffline,
  type Link,
  type LinkConnection,
  type MessageOf,
  ProtocolError,
  type Transport,
  type TransportMessage,
} from "@zipml/protocol";
import type { Births } from "./birth.ts";
import type { ResolvedOptions } from "./options.ts";

/** What a device publishes beside frames. */
export type ControlKind = "birth" | "death" | "health" | "reported";

/** A control message that came for the device. */
export type Incoming =
  | { readonly kind: "desired"; readonly own: boolean; readonly message: MessageOf<"desired"> }
  | { readonly kind: "model"; readonly own: boolean; readonly message: MessageOf<"model"> }
  | { readonly kind: "command"; readonly message: MessageOf<"command"> }
  | { readonly kind: "receipt"; readonly message: MessageOf<"receipt"> }
  | { readonly kind: "state"; readonly message: MessageOf<"state"> }
  /** A desired configuration that can't be read but whose version can: its sender is answered. */
  | { readonly kind: "unreadable"; readonly version: number; readonly reason: string };

/** What the link needs from the agent. */
export interface DeviceLinkPorts {
  /** Resolves when birth may go out: what it says of the session is kept, or can't be. Never rejects. */
  noted(): Promise<void>;
  /** The birth as it is now, in one message or several: what comes first on every connection. */
  births(): Births;
  /** Birth is out and subscriptions stand: frames may go. */
  ready(protocol: string): void;
  offline(reason: string): void;
  /** A message came; not awaited. */
  incoming(message: Incoming): void;
  /** Something failed that the next connection does not mend by itself. */
  failed(error: unknown): void;
}

/** The device's side of a transport. */
export interface DeviceLink {
  /**
   * Publishes a control message after those before it.
   *
   * @returns Whether the broker acknowledged it: false without a connection.
   */
  publish<Kind extends ControlKind>(kind: Kind, message: MessageOf<Kind>): Promise<boolean>;
  /** Sends birth again. */
  rebirth(): Promise<boolean>;
  /** Resolves when all that was handed in is published or given up, and the transport is closed. */
  close(): Promise<void>;
}

function readDesired(own: boolean, payload: Uint8Array): Incoming {
  try {
    return { kind: "desired", own, message: decodeMessage("desired", payload) };
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.version === undefined) throw error;
    return { kind: "unreadable", version: error.version, reason: error.message };
  }
}

/** What a message says to a device; undefined for what is not for it. @throws `ProtocolError` */
function readIncoming(address: Address, { payload }: TransportMessage): Incoming | undefined {
  switch (address.kind) {
    case "desired":
      return readDesired(address.audience === "device", payload);
    case "model":
      return { kind: "model", own: address.audience === "device", message: decodeMessage("model", payload) };
    case "command":
      return { kind: "command", message: decodeMessage("command", payload) };
    case "receipt":
      return { kind: "receipt", message: decodeMessage("receipt", payload) };
    case "state":
      return { kind: "state", message: decodeMessage("state", payload) };
    default:
      return undefined;
  }
}

/**
 * Runs a transport for a device: birth first on every connection, then the subscriptions, then
 * {@link DeviceLinkPorts.ready}.
 *
 * @param transport The device's transport.
 * @param options The agent's options.
 * @param ports Where messages go.
 */
export function createDeviceLink(transport: Transport, options: ResolvedOptions, ports: DeviceLinkPorts): DeviceLink {
  const { topics, group, id: device, clock } = options;
  const { births, ready, offline, failed } = ports;
  const place = <Kind extends ControlKind>(kind: Kind): Address => ({ kind, group, device });
  /** A broker that does not let devices see it is no reason not to send: nothing is held back then. */
  const subscribeToState = async (subscribe: LinkConnection["subscribe"]): Promise<void> => {
    try {
      await subscribe([topics.stateFilter()]);
    } catch (error) {
      if (isOffline(error)) throw error;
      failed(error);
    }
  };
  const link: Link = createLink(
    { transport, topics, clock, greetAgain: options.delivery.resendAfter },
    {
      greet: async ({ send, subscribe }) => {
        await ports.noted();
        for (const birth of births()) await send(place("birth"), "birth", birth);
        await subscribe(topics.deviceFilters(group, device));
        if (options.delivery.waitForGateway) await subscribeToState(subscribe);
      },
      ready,
      offline,
      failed,
      message: (address, message) => {
        const incoming = readIncoming(address, message);
        if (incoming !== undefined) ports.incoming(incoming);
      },
    },
  );
  let waiting: Promise<boolean> | undefined;
  const rebirth = async (): Promise<boolean> => {
    let rest: readonly MessageOf<"birth">[] = [];
    const first = await link.publish(place("birth"), "birth", () => {
      waiting = undefined;
      const all = births();
      rest = all.slice(1);
      return all[0];
    });
    const others = await Promise.all(rest.map((birth) => link.publish(place("birth"), "birth", birth)));
    return first && others.every(Boolean);
  };
  return {
    publish: (kind, message) => link.publish(place(kind), kind, message),
    rebirth: () => {
      // One that has not gone out yet says the same.
      waiting ??= rebirth();
      return waiting;
    },
    close: link.close.bind(link),
  };
}
