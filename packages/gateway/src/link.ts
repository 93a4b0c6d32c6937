import {
  type Address,
  createSerialQueue,
  delivery,
  encodeMessage,
  type MessageKind,
  type MessageOf,
  type SerialQueue,
  type Transport,
  TransportError,
  type TransportEvent,
  type TransportMessage,
} from "@zipml/protocol";
import type { ResolvedGatewayOptions } from "./options.ts";

/** What the link needs from the gateway. */
export interface LinkPorts {
  /** Subscriptions stand and the gateway's presence is published. */
  ready(protocol: string): void;
  offline(reason: string): void;
  /** A message came under one of the group's topics. */
  message(address: Address, message: TransportMessage): void;
  failed(error: unknown): void;
}

/** The gateway's side of a transport. */
export interface Link {
  readonly online: boolean;
  /** Publishes after what was handed in before; resolves with whether the broker acknowledged it. */
  publish<Kind extends MessageKind>(address: Address, kind: Kind, message: MessageOf<Kind>): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Runs a transport for a gateway: subscriptions first on every connection, then its presence.
 *
 * @param transport The gateway's transport.
 * @param options The gateway's options.
 * @param ports Where messages go.
 */
export function createLink(transport: Transport, options: ResolvedGatewayOptions, ports: LinkPorts): Link {
  return new TransportLink(transport, options, ports);
}

/** Milliseconds after which a greeting that the broker refused is tried again. */
const greetAgain = 5000;

class TransportLink implements Link {
  readonly #transport: Transport;
  readonly #options: ResolvedGatewayOptions;
  readonly #ports: LinkPorts;
  readonly #queue: SerialQueue = createSerialQueue();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #connection = 0;
  #online = false;

  constructor(transport: Transport, options: ResolvedGatewayOptions, ports: LinkPorts) {
    this.#transport = transport;
    this.#options = options;
    this.#ports = ports;
    this.#running = this.#loop().catch(ports.failed);
  }

  get online(): boolean {
    return this.#online;
  }

  publish<Kind extends MessageKind>(address: Address, kind: Kind, message: MessageOf<Kind>): Promise<boolean> {
    return this.#queue.run(() => this.#attempt(() => this.#send(address, kind, message)));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#queue.idle();
    await this.#attempt(() => this.#sendState(false));
    await this.#transport.close();
    await this.#running;
  }

  async #send<Kind extends MessageKind>(address: Address, kind: Kind, message: MessageOf<Kind>): Promise<void> {
    await this.#transport.publish(this.#options.topics.build(address), encodeMessage(kind, message), delivery(kind));
  }

  async #sendState(online: boolean): Promise<void> {
    const { id, clock } = this.#options;
    await this.#send({ kind: "state", gateway: id }, "state", {
      id,
      online,
      at: Math.round(clock.now()),
      trains: true,
    });
  }

  /** False where the connection ended meanwhile: the next one makes up for it. */
  async #attempt(task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      const isOffline = error instanceof TransportError && (error.code === "offline" || error.code === "closed");
      if (!isOffline) this.#ports.failed(error);
      return false;
    }
  }

  async #greet(mine: number, protocol: string): Promise<void> {
    const { topics, group, clock } = this.#options;
    const stands = await this.#attempt(async () => {
      const model = topics.build({ kind: "model", audience: "all", group });
      await this.#transport.subscribe([...topics.gatewayFilters({ group }), model]);
      await this.#sendState(true);
    });
    if (mine !== this.#connection) return;
    if (stands) {
      this.#online = true;
      return this.#ports.ready(protocol);
    }
    const { signal } = this.#closing;
    clock.sleep(greetAgain, signal).then(
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
      this.#online = false;
      this.#ports.offline(event.reason);
    } else {
      const address = this.#options.topics.parse(event.topic);
      // An empty payload clears a retained message; it says nothing.
      if (address !== undefined && event.payload.length > 0) this.#ports.message(address, event);
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
