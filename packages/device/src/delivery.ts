import { type Clock, isOffline, TransportError } from "@zipml/protocol";
import { createInFlight, type Flight, type InFlight } from "./in-flight.ts";
import { covers, type FrameId, type Outbox, type Receipted, type SealedFrame } from "./outbox.ts";
import {
  createQuarantine,
  type Offence,
  type Quarantine,
  type QuarantineCounts,
  type QuarantinedFrame,
} from "./quarantine.ts";
import { createFrameReader, type DeliveryOrder, type FrameReader } from "./reader.ts";
import { createSentFrames, type SentFrames } from "./sent-frames.ts";

/** How frames are kept moving. */
export interface DeliveryOptions {
  /** Most frames published and not acknowledged by the broker, 1 to 1,000. */
  readonly window: number;
  /** Milliseconds without progress after which frames that no receipt covers are published again; doubles up to 16 times that. */
  readonly resendAfter: number;
  /** Milliseconds after which a publish that the broker does not answer counts as failed and frees the window. */
  readonly sendTimeout: number;
  /** Whether frames sealed while there is a connection wait for those from before it, or the other way round. */
  readonly order: DeliveryOrder;
  /** Whether nothing is published while every gateway heard of says that it is gone. */
  readonly waitForGateway: boolean;
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
  /** A frame is not sent any more. */
  quarantined(frame: QuarantinedFrame): void;
  /** Told of a publish that failed for another reason than the end of the connection. */
  failed(error: unknown): void;
}

/** Moves sealed frames from the outbox to the broker until a receipt covers them. */
export interface Delivery {
  /** A connection stands: everything not receipted is published, oldest first. */
  resume(): void;
  /** The connection is gone: nothing is published until {@link Delivery.resume}. */
  pause(): void;
  /** Whether publishing is held back although there is a connection. */
  hold(held: boolean): void;
  /** A frame of the present session was sealed. */
  sealed(id: FrameId): void;
  /** There may be a new frame. */
  wake(): void;
  /** A receipt came: its frames are deleted. Resolves with how many. */
  receipt(receipted: Receipted): Promise<number>;
  /** The gateway asks for frames again. Those no longer kept are left out. */
  resend(session: number, ranges: readonly (readonly [number, number])[]): void;
  /** Whether a frame is in quarantine: the broker refused it twice, or hung up on it twice. */
  isQuarantined(id: FrameId): boolean;
  /** Frames in quarantine. */
  readonly quarantined: number;
  quarantine(): QuarantineCounts;
  /** Whether a frame was never published, and can't be before the next connection. */
  mayReplace(id: FrameId): boolean;
  /** Sends the frames in quarantine again; returns how many there were. */
  retryQuarantined(): number;
  counts(): DeliveryCounts;
  stop(): void;
}

const longestBackoff = 16;
const mostWanted = 4096;
/** A connection that ends so many ms after a lone frame was sent may have ended because of it. */
const hangUpAfter = 1000;

/** A refusal of this frame, not of a time or a connection. */
function isRefusal(error: unknown): error is TransportError {
  return error instanceof TransportError && ["refused", "auth", "option"].includes(error.code);
}

/**
 * The delivery of an outbox. A PUBACK frees the window, nothing else: only a receipt deletes a frame.
 *
 * @param ports What it works on.
 * @param options Window, times and order.
 */
export function createDelivery(ports: DeliveryPorts, options: DeliveryOptions): Delivery {
  return new OutboxDelivery(ports, options);
}

class OutboxDelivery implements Delivery {
  readonly #ports: DeliveryPorts;
  readonly #options: DeliveryOptions;
  readonly #reader: FrameReader;
  readonly #flying: InFlight;
  readonly #quarantine: Quarantine;
  readonly #sent: SentFrames = createSentFrames();
  readonly #wanted: FrameId[] = [];
  readonly #counts = { published: 0, resent: 0, receipted: 0 };
  #connection = 0; // counts connections, so that a late answer of an old one changes nothing
  #online = false;
  #held = false;
  #stopped = false;
  /** Connections in a row that ended with a frame just sent. */
  #hangUps = 0;
  /** Frames in flight when that happened: until they are through, one at a time goes, to see whether one is to blame. */
  #suspects: readonly FrameId[] = [];
  #pumping = false;
  #again = false;
  #patience = 1;
  #timer: AbortController | undefined;

  constructor(ports: DeliveryPorts, options: DeliveryOptions) {
    const { clock, failed } = ports;
    this.#ports = ports;
    this.#options = options;
    this.#quarantine = createQuarantine(() => clock.now());
    this.#reader = createFrameReader(ports.outbox, options.order);
    this.#flying = createInFlight(clock, options.sendTimeout, (flight) => this.#expire(flight), failed);
  }

  get quarantined(): number {
    return this.#quarantine.size;
  }

  quarantine(): QuarantineCounts {
    return this.#quarantine.counts();
  }

  mayReplace(id: FrameId): boolean {
    return !this.#online && !this.#sent.has(id);
  }

  resume(): void {
    this.#connection += 1;
    this.#online = true;
    this.#flying.clear();
    this.#patience = 1;
    this.#wanted.length = 0; // everything goes again anyway
    this.#reader.startOver();
    this.#parole();
    this.wake();
    this.#arm();
  }

  pause(): void {
    if (this.#online) this.#blame(this.#flying.flights());
    this.#connection += 1;
    this.#online = false;
    this.#flying.clear();
    this.#disarm();
  }

  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) return;
    this.#patience = 1;
    this.#reader.startOver(); // what the gateway missed goes again
    this.wake();
    this.#arm();
  }

  sealed(id: FrameId): void {
    if (this.#online) this.#reader.sealed(id);
    this.wake();
  }

  wake(): void {
    this.#again = true;
    if (this.#pumping) return;
    this.#pumping = true;
    this.#pump().catch(this.#ports.failed);
  }

  async receipt(receipted: Receipted): Promise<number> {
    const released = await this.#ports.outbox.release(receipted);
    this.#quarantine.release(receipted);
    if (this.#suspects.length > 0) this.#suspects = this.#suspects.filter((id) => !covers(receipted, id));
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

  isQuarantined(id: FrameId): boolean {
    return this.#quarantine.has(id);
  }

  retryQuarantined(): number {
    const count = this.#quarantine.empty();
    if (count > 0) {
      this.#reader.startOver();
      this.wake();
      this.#arm();
    }
    return count;
  }

  counts(): DeliveryCounts {
    return { ...this.#counts };
  }

  stop(): void {
    this.#stopped = true;
    this.#flying.clear();
    this.#disarm();
  }

  get #window(): number {
    return this.#suspects.length > 0 ? 1 : this.#options.window;
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
        this.#reader.startOver();
        this.#parole();
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
    while (this.#online && !this.#held && !this.#stopped && this.#flying.size < this.#window) {
      const mine = this.#connection;
      const frame = await this.#next();
      if (mine !== this.#connection || this.#held || this.#stopped) return;
      if (frame === undefined) {
        if (this.#flying.size === 0) this.#suspects = []; // those left are kept no longer
        return;
      }
      this.#send(frame);
      if (this.#timer === undefined) this.#arm();
    }
  }

  #next(): Promise<SealedFrame | undefined> {
    return this.#wanted.length === 0 && this.#quarantine.size === 0 ? this.#reader.next() : this.#search();
  }

  async #search(): Promise<SealedFrame | undefined> {
    const { outbox } = this.#ports;
    for (let asked = this.#wanted.shift(); asked !== undefined; asked = this.#wanted.shift()) {
      if (this.#quarantine.has(asked)) continue;
      const { session, sequence } = asked;
      const [frame] = await outbox.frames({ session, sequence: sequence - 1 }, 1);
      if (frame?.session === session && frame.sequence === sequence) return frame;
    }
    for (;;) {
      const frame = await this.#reader.next();
      if (frame === undefined || !this.#quarantine.has(frame)) return frame;
    }
  }

  #send(frame: SealedFrame): void {
    if (this.#sent.add(frame)) this.#counts.published += 1;
    else this.#counts.resent += 1;
    const { session, sequence } = frame;
    const flight = this.#flying.add({ session, sequence });
    this.#ports.publish(frame).then(
      () => {
        if (!this.#flying.remove(flight)) return; // of an old connection, or too late
        this.#quarantine.clear(flight.id);
        this.#acquit(flight.id);
        this.#wanted.push(...this.#parole());
        this.wake();
      },
      (error: unknown) => {
        // the connection ended: pause() asks what was in flight, resume() starts over from the oldest frame
        if (isOffline(error) || !this.#flying.remove(flight)) return;
        if (isRefusal(error)) this.#strike(flight.id, "refused", error.message);
        this.#ports.failed(error);
        this.wake(); // the rest goes on
      },
    );
  }

  #expire({ id: { session, sequence } }: Flight): void {
    const what = `frame ${sequence} of session ${session}`;
    const wait = `no acknowledgement from the broker for ${this.#options.sendTimeout} ms`;
    this.#ports.failed(new TransportError("timeout", `${what}: ${wait}`));
    this.wake();
  }

  /** Frames whose time in quarantine is over go alone, to see whether the connection ends on them again. */
  #parole(): readonly FrameId[] {
    const out = this.#quarantine.parole();
    if (out.length > 0) this.#suspects = [...this.#suspects, ...out];
    return out;
  }

  #strike(id: FrameId, offence: Offence, reason: string): void {
    const frame = this.#quarantine.strike(id, offence, reason);
    if (frame === undefined) return;
    this.#acquit(id);
    this.#ports.quarantined(frame);
  }

  #acquit({ session, sequence }: FrameId): void {
    if (this.#suspects.length > 0)
      this.#suspects = this.#suspects.filter((id) => id.session !== session || id.sequence !== sequence);
  }

  /** The connection ended with these in flight: one alone is to blame for it, of several any may be. */
  #blame(flights: readonly Flight[]): void {
    const { clock } = this.#ports;
    const last = flights.at(-1);
    const isHangUp = last !== undefined && clock.now() - last.since <= hangUpAfter;
    this.#hangUps = isHangUp ? this.#hangUps + 1 : 0;
    if (!isHangUp) return;
    if (this.#hangUps > 1) this.#suspects = flights.map(({ id }) => id); // once is what any cut looks like
    if (flights.length === 1) this.#strike(last.id, "hang-up", "the connection ended as soon as it was sent");
  }
}
