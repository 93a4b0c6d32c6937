import { type Clock, isOffline } from "@zipml/protocol";
import type { FrameId, Outbox, Receipted, SealedFrame } from "./outbox.ts";

/** How frames are kept moving. */
export interface DeliveryOptions {
  /** Most frames published and not acknowledged by the broker, 1 to 1,000. */
  readonly window: number;
  /** Milliseconds without progress after which frames that no receipt covers are published again; doubles up to 16 times that. */
  readonly resendAfter: number;
}

/** Counts since the agent was made. */
export interface DeliveryCounts {
  /** Frames published for the first time. */
  readonly published: number;
  /** Frames published again. */
  readonly resent: number;
  /** Frames deleted because a receipt covers them. */
  readonly receipted: number;
}

/** What delivery needs from the agent. */
export interface DeliveryPorts {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Publishes a frame; resolves when the broker acknowledged it. */
  publish(frame: SealedFrame): Promise<void>;
  /** Told of a publish that failed for another reason than the end of the connection. */
  failed(error: unknown): void;
}

/** Moves sealed frames from the outbox to the broker until a receipt covers them. */
export interface Delivery {
  /** A connection stands: everything not receipted is published, oldest first. */
  resume(): void;
  /** The connection is gone: nothing is published until {@link Delivery.resume}. */
  pause(): void;
  /** There may be a new frame. */
  wake(): void;
  /** A receipt came: its frames are deleted. Resolves with how many. */
  receipt(receipted: Receipted): Promise<number>;
  /** The gateway asks for frames again. Those no longer kept are left out. */
  resend(session: number, ranges: readonly (readonly [number, number])[]): void;
  counts(): DeliveryCounts;
  stop(): void;
}

const longestBackoff = 16;
const mostWanted = 4096;

/**
 * The delivery of an outbox. A PUBACK frees the window, nothing else: only a receipt deletes a frame.
 *
 * @param ports What it works on.
 * @param options Window and resend time.
 */
export function createDelivery(ports: DeliveryPorts, options: DeliveryOptions): Delivery {
  return new OutboxDelivery(ports, options);
}

class OutboxDelivery implements Delivery {
  readonly #ports: DeliveryPorts;
  readonly #options: DeliveryOptions;
  readonly #wanted: FrameId[] = [];
  readonly #highest = new Map<number, number>();
  readonly #counts = { published: 0, resent: 0, receipted: 0 };
  #cursor: FrameId | undefined;
  #round = 0; // counts starts from the oldest frame, so that a look-up under way can't undo one
  #connection = 0; // counts connections, so that a late answer of an old one changes nothing
  #online = false;
  #stopped = false;
  #flying = 0;
  #pumping = false;
  #again = false;
  #patience = 1;
  #timer: AbortController | undefined;

  constructor(ports: DeliveryPorts, options: DeliveryOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  resume(): void {
    this.#connection += 1;
    this.#online = true;
    this.#flying = 0;
    this.#patience = 1;
    this.#wanted.length = 0; // everything goes again anyway
    this.#startOver();
    this.wake();
    this.#arm();
  }

  pause(): void {
    this.#connection += 1;
    this.#online = false;
    this.#flying = 0;
    this.#disarm();
  }

  wake(): void {
    this.#again = true;
    if (this.#pumping) return;
    this.#pumping = true;
    this.#pump().catch(this.#ports.failed);
  }

  async receipt(receipted: Receipted): Promise<number> {
    const released = await this.#ports.outbox.release(receipted);
    this.#counts.receipted += released;
    this.#patience = 1; // a gateway is there
    if (released > 0) this.#arm();
    return released;
  }

  resend(session: number, ranges: readonly (readonly [number, number])[]): void {
    for (const [from, to] of ranges)
      for (let sequence = from; sequence <= to && this.#wanted.length < mostWanted; sequence++)
        this.#wanted.push({ session, sequence });
    this.wake();
  }

  counts(): DeliveryCounts {
    return { ...this.#counts };
  }

  stop(): void {
    this.#stopped = true;
    this.#disarm();
  }

  #startOver(): void {
    this.#cursor = undefined;
    this.#round += 1;
  }

  #disarm(): void {
    this.#timer?.abort();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#disarm();
    const { outbox, clock, failed } = this.#ports;
    if (!this.#online || this.#stopped || outbox.usage().frames === 0) return;
    const controller = new AbortController();
    this.#timer = controller;
    clock.sleep(this.#options.resendAfter * this.#patience, controller.signal).then(
      () => {
        this.#patience = Math.min(this.#patience * 2, longestBackoff);
        this.#startOver();
        this.wake();
        this.#arm();
      },
      (error: unknown) => {
        if (!controller.signal.aborted) failed(error); // aborted: another timer stands in its place, or none is needed
      },
    );
  }

  async #pump(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        await this.#fill();
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #fill(): Promise<void> {
    while (this.#online && !this.#stopped && this.#flying < this.#options.window) {
      const mine = this.#connection;
      const frame = await this.#next();
      if (frame === undefined || mine !== this.#connection) return;
      this.#send(frame);
      if (this.#timer === undefined) this.#arm();
    }
  }

  async #next(): Promise<SealedFrame | undefined> {
    const { outbox } = this.#ports;
    for (let asked = this.#wanted.shift(); asked !== undefined; asked = this.#wanted.shift()) {
      const { session, sequence } = asked;
      const [frame] = await outbox.frames({ session, sequence: sequence - 1 }, 1);
      if (frame?.session === session && frame.sequence === sequence) return frame;
    }
    const round = this.#round;
    const [frame] = await outbox.frames(this.#cursor, 1);
    if (frame !== undefined && round === this.#round)
      this.#cursor = { session: frame.session, sequence: frame.sequence };
    return frame;
  }

  #send(frame: SealedFrame): void {
    if (frame.sequence > (this.#highest.get(frame.session) ?? -1)) {
      this.#highest.set(frame.session, frame.sequence);
      this.#counts.published += 1;
    } else this.#counts.resent += 1;
    const mine = this.#connection;
    this.#flying += 1;
    this.#ports.publish(frame).then(
      () => {
        if (mine !== this.#connection) return;
        this.#flying -= 1;
        this.wake();
      },
      (error: unknown) => {
        if (mine !== this.#connection) return; // the connection ended: resume() starts over from the oldest frame
        this.#flying -= 1;
        if (!isOffline(error)) this.#ports.failed(error);
      },
    );
  }
}
