import type { Clock } from "./clock.ts";
import { isOffline, TransportError } from "./errors.ts";
import { encodeMessage, type MessageKind, type MessageOf } from "./messages.ts";
import { createSerialQueue, type SerialQueue } from "./serial-queue.ts";
import { type Address, delivery, type Topics } from "./topics.ts";
import type { Transport, TransportEvent, TransportMessage } from "./transport.ts";

/** What a link works for: a device agent or a gateway. */
export interface LinkPorts {
  /** What must happen first on every connection; `send` and `subscribe` are for that connection alone. */
  greet(connection: LinkConnection): Promise<void>;
  /** The greeting is done. */
  ready(protocol: string): void;
  offline(reason: string): void;
  /** A message came under one of the topics; not awaited. What it throws goes to `failed`. */
  message(address: Address, message: TransportMessage): void;
  /** Something failed that the next connection does not mend by itself. */
  failed(error: unknown): void;
}

/** One connection, while it is greeted. */
export interface LinkConnection {
  /** Publishes; rejects with `TransportError`, `offline` when another connection has taken this one's place. */
  send<Kind extends MessageKind>(address: Address, kind: Kind, message: MessageOf<Kind>): Promise<void>;
  /** Subscribes; rejects as `send`. */
  subscribe(filters: readonly string[]): Promise<void>;
}

/** One side of a transport: greets every connection and publishes control messages in order. */
export interface Link {
  /** Whether the present connection was greeted. */
  readonly online: boolean;
  /**
   * Publishes a control message after those before it, without waiting for their acknowledgements.
   *
   * @param message The message, or what gives it when its turn has come.
   * @returns Whether the broker acknowledged it: false without a connection, and where it was refused (`failed` is told).
   */
  publish<Kind extends MessageKind>(
    address: Address,
    kind: Kind,
    message: MessageOf<Kind> | (() => MessageOf<Kind>),
  ): Promise<boolean>;
  /** Resolves when all that was handed in is published or given up, and the transport is closed. */
  close(): Promise<void>;
}

/** Longest wait at the end for what is not acknowledged yet, ms. */
const lastWords = 1000;

/** Options of {@link createLink}. */
export interface LinkOptions {
  readonly transport: Transport;
  readonly topics: Topics;
  readonly clock: Clock;
  /** Milliseconds after which a greeting that the broker refused is tried again. */
  readonly greetAgain: number;
}

/**
 * Runs a transport.
 *
 * @param options The transport, and what it is run with.
 * @param ports Where messages and changes go.
 */
export function createLink(options: LinkOptions, ports: LinkPorts): Link {
  return new TransportLink(options, ports);
}

class TransportLink implements Link {
  readonly #options: LinkOptions;
  readonly #ports: LinkPorts;
  readonly #queue: SerialQueue = createSerialQueue();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  readonly #flying = new Set<Promise<boolean>>();
  #connection = 0; // counts connections, so that the greeting of an old one goes no further
  #online = false;

  constructor(options: LinkOptions, ports: LinkPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#running = this.#loop().catch(ports.failed);
  }

  get online(): boolean {
    return this.#online;
  }

  publish<Kind extends MessageKind>(
    address: Address,
    kind: Kind,
    message: MessageOf<Kind> | (() => MessageOf<Kind>),
  ): Promise<boolean> {
    const start = this.#queue.run(async () => {
      const value = typeof message === "function" ? message() : message;
      // Nothing goes out on a connection before its greeting.
      if (!this.#online) return { acknowledged: Promise.resolve(false) };
      const acknowledged = this.#attempt(() => this.#send(address, kind, value));
      this.#flying.add(acknowledged);
      // In an object, or the queue would wait for it: a gateway that awaits each of its receipts serves few devices.
      return { acknowledged: acknowledged.finally(() => this.#flying.delete(acknowledged)) };
    });
    return start.then(({ acknowledged }) => acknowledged);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const { transport, clock } = this.#options;
    const inTime = new AbortController();
    const wait = clock.sleep(lastWords, inTime.signal).catch(() => undefined); // aborted: all was said in time
    const said = this.#queue.idle().then(() => Promise.all(this.#flying));
    await Promise.race([said, wait]);
    inTime.abort();
    await transport.close(); // ends what a broker that does not answer still holds up
    await this.#queue.idle();
    await this.#running;
  }

  async #send<Kind extends MessageKind>(address: Address, kind: Kind, message: MessageOf<Kind>): Promise<void> {
    const { transport, topics } = this.#options;
    await transport.publish(topics.build(address), encodeMessage(kind, message), delivery(kind));
  }

  /** False where the connection ended meanwhile: the next one makes up for it. */
  async #attempt(task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      if (!isOffline(error)) this.#ports.failed(error);
      return false;
    }
  }

  #connectionOf(mine: number): LinkConnection {
    const check = (): void => {
      if (mine !== this.#connection) throw new TransportError("offline", "the connection was replaced by another");
    };
    return {
      send: async (address, kind, message) => {
        check();
        await this.#send(address, kind, message);
      },
      subscribe: async (filters) => {
        check();
        await this.#options.transport.subscribe(filters);
      },
    };
  }

  async #greet(mine: number, protocol: string): Promise<void> {
    const stands = await this.#attempt(() => this.#ports.greet(this.#connectionOf(mine)));
    if (mine !== this.#connection) return;
    if (stands) {
      this.#online = true;
      return this.#ports.ready(protocol);
    }
    // The broker refused while the connection stands: ask again later, or nothing would ever be sent on it.
    const { signal } = this.#closing;
    this.#options.clock.sleep(this.#options.greetAgain, signal).then(
      () => {
        if (mine === this.#connection) this.#startGreeting(mine, protocol);
      },
      (error: unknown) => {
        if (!signal.aborted) this.#ports.failed(error);
      },
    );
  }

  #startGreeting(mine: number, protocol: string): void {
    this.#queue.run(() => this.#greet(mine, protocol)).catch(this.#ports.failed);
  }

  #handle(event: TransportEvent): void {
    if (event.type === "online") {
      this.#connection += 1;
      this.#startGreeting(this.#connection, event.protocol);
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
    for await (const event of this.#options.transport.events()) {
      try {
        this.#handle(event);
      } catch (error) {
        this.#ports.failed(error);
      }
    }
  }
}
