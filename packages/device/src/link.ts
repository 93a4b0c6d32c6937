import {
  createSerialQueue,
  decodeMessage,
  delivery,
  encodeMessage,
  type MessageOf,
  type SerialQueue,
  type Topics,
  type Transport,
  TransportError,
  type TransportEvent,
} from "@zipml/protocol";
import type { ResolvedOptions } from "./options.ts";

/** What a device publishes beside frames. */
export type ControlKind = "birth" | "death" | "health" | "reported";

/** A control message that came for the device. */
export type Incoming =
  | { readonly kind: "desired"; readonly own: boolean; readonly message: MessageOf<"desired"> }
  | { readonly kind: "model"; readonly own: boolean; readonly message: MessageOf<"model"> }
  | { readonly kind: "command"; readonly message: MessageOf<"command"> }
  | { readonly kind: "receipt"; readonly message: MessageOf<"receipt"> };

/** What the link needs from the agent. */
export interface LinkPorts {
  /** The birth as it is now: the first message of every connection. */
  birth(): MessageOf<"birth">;
  /** Birth is out and subscriptions stand: frames may go. */
  ready(protocol: string): void;
  offline(reason: string): void;
  /** A message came; not awaited. */
  incoming(message: Incoming): void;
  /** Something failed that the next connection does not mend by itself. */
  failed(error: unknown): void;
}

/** The device's side of a transport. */
export interface Link {
  /**
   * Publishes a control message after those before it.
   *
   * @returns Whether the broker acknowledged it: false without a connection.
   */
  publish<Kind extends ControlKind>(kind: Kind, message: MessageOf<Kind>): Promise<boolean>;
  /** Sends birth again. */
  rebirth(): Promise<boolean>;
  /** Resolves when all that was handed in is published or given up, and the loop has ended. */
  close(): Promise<void>;
}

const isOffline = (error: unknown): boolean =>
  error instanceof TransportError && (error.code === "offline" || error.code === "closed");

/** What a topic and its payload say to a device; undefined for what is not for it. @throws `ProtocolError` */
function readIncoming(topics: Topics, topic: string, payload: Uint8Array): Incoming | undefined {
  const address = topics.parse(topic);
  switch (address?.kind) {
    case "desired":
      return { kind: "desired", own: address.audience === "device", message: decodeMessage("desired", payload) };
    case "model":
      return { kind: "model", own: address.audience === "device", message: decodeMessage("model", payload) };
    case "command":
      return { kind: "command", message: decodeMessage("command", payload) };
    case "receipt":
      return { kind: "receipt", message: decodeMessage("receipt", payload) };
    default:
      return undefined;
  }
}

/**
 * Runs a transport for a device: birth first on every connection, then the subscriptions, then {@link LinkPorts.ready}.
 *
 * @param transport The device's transport.
 * @param options The agent's options.
 * @param ports Where messages go.
 */
export function createLink(transport: Transport, options: ResolvedOptions, ports: LinkPorts): Link {
  return new TransportLink(transport, options, ports);
}

class TransportLink implements Link {
  readonly #transport: Transport;
  readonly #options: ResolvedOptions;
  readonly #ports: LinkPorts;
  readonly #queue: SerialQueue = createSerialQueue();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #connection = 0;
  #birthWaits = false;

  constructor(transport: Transport, options: ResolvedOptions, ports: LinkPorts) {
    this.#transport = transport;
    this.#options = options;
    this.#ports = ports;
    this.#running = this.#loop().catch(ports.failed);
  }

  publish<Kind extends ControlKind>(kind: Kind, message: MessageOf<Kind>): Promise<boolean> {
    return this.#queue.run(() => this.#attempt(() => this.#send(kind, message)));
  }

  async rebirth(): Promise<boolean> {
    if (this.#birthWaits) return true; // one that has not gone out yet says the same
    this.#birthWaits = true;
    return this.#queue.run(() => {
      this.#birthWaits = false;
      return this.#attempt(() => this.#send("birth", this.#ports.birth()));
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#queue.idle();
    await this.#transport.close();
    await this.#running;
  }

  async #send<Kind extends ControlKind>(kind: Kind, message: MessageOf<Kind>): Promise<void> {
    const { topics, group, id: device } = this.#options;
    await this.#transport.publish(topics.build({ kind, group, device }), encodeMessage(kind, message), delivery(kind));
  }

  async #attempt(task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      if (!isOffline(error)) this.#ports.failed(error);
      return false;
    }
  }

  async #greet(mine: number, protocol: string): Promise<void> {
    const { topics, group, id, clock, delivery: pace } = this.#options;
    const stands = await this.#attempt(async () => {
      if (mine === this.#connection) await this.#send("birth", this.#ports.birth());
      if (mine === this.#connection) await this.#transport.subscribe(topics.deviceFilters(group, id));
    });
    if (mine !== this.#connection) return;
    if (stands) return this.#ports.ready(protocol);
    // The broker refused while the connection stands: ask again later, or nothing would ever be sent on it.
    const { signal } = this.#closing;
    clock.sleep(pace.resendAfter, signal).then(
      () => {
        if (mine === this.#connection) this.#queue.run(() => this.#greet(mine, protocol)).catch(this.#ports.failed);
      },
      (error: unknown) => {
        if (!signal.aborted) this.#ports.failed(error);
      },
    );
  }

  #handle(event: TransportEvent): void {
    if (event.type === "online") {
      this.#connection += 1;
      const mine = this.#connection;
      this.#queue.run(() => this.#greet(mine, event.protocol)).catch(this.#ports.failed);
    } else if (event.type === "offline") {
      this.#connection += 1;
      this.#ports.offline(event.reason);
    } else if (event.payload.length > 0) {
      // An empty payload clears a retained message; it says nothing.
      const incoming = readIncoming(this.#options.topics, event.topic, event.payload);
      if (incoming !== undefined) this.#ports.incoming(incoming);
    }
  }

  async #loop(): Promise<void> {
    for await (const event of this.#transport.events()) {
      try {
        this.#handle(event);
      } catch (error) {
        this.#ports.failed(error);
      }
    }
  }
}
