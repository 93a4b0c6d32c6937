import { goesUp, type LayerName, type LinkMessageKind, type Transfer } from "./link.ts";
import type { Direction } from "./upper/tcp.ts";

/** What a link adds to one packet, and how long it takes. Times are in µs and may be fractions. */
export interface PacketCost {
  /** Bytes that the link adds in the packet's direction. */
  readonly linkBytes: number;
  /** Bytes of the link's own acknowledgements, in the other direction. */
  readonly backBytes: number;
  /** Link frames in the packet's direction. */
  readonly frames: number;
  /** On air in the packet's direction. */
  readonly airUs: number;
  /** On air in the other direction. */
  readonly backAirUs: number;
  /** Time the device listens without receiving: carrier sense, turnaround, gaps between frames. */
  readonly listenUs: number;
  /** Time the device is awake with its radio off: back-off, gaps it sleeps through. */
  readonly idleUs: number;
}

type MutableLayers = Record<LayerName, number>;

function emptyLayers(): MutableLayers {
  return { payload: 0, messaging: 0, tls: 0, transport: 0, link: 0 };
}

/**
 * Which way a kind of message goes.
 *
 * @param kind The kind.
 */
export function directionOf(kind: LinkMessageKind): Direction {
  return goesUp(kind) ? "up" : "down";
}

/** Adds up a transfer, packet by packet. Times are rounded once, at the end. */
export class TransferBuilder {
  readonly #bytes = { up: emptyLayers(), down: emptyLayers() };
  readonly #packets = { up: 0, down: 0 };
  readonly #frames = { up: 0, down: 0 };
  readonly #airUs = { up: 0, down: 0 };
  #listenUs = 0;
  #idleUs = 0;
  #waitUs = 0;

  /**
   * Adds bytes to a layer.
   *
   * @param direction Which way they go.
   * @param layer The layer.
   * @param bytes How many.
   */
  add(direction: Direction, layer: LayerName, bytes: number): void {
    this.#bytes[direction][layer] += bytes;
  }

  /**
   * Adds packets of one size: what the link adds, and their time.
   *
   * @param direction Which way they go.
   * @param cost What one costs.
   * @param count How many. Default 1.
   */
  carry(direction: Direction, cost: PacketCost, count = 1): void {
    this.#packets[direction] += count;
    this.#frame(direction, cost, count);
  }

  /**
   * Adds one packet in fragments.
   *
   * @param direction Which way it goes.
   * @param fragments What each costs.
   */
  packet(direction: Direction, fragments: readonly PacketCost[]): void {
    this.#packets[direction] += 1;
    for (const cost of fragments) this.#frame(direction, cost, 1);
  }

  #frame(direction: Direction, cost: PacketCost, count: number): void {
    const back = direction === "up" ? "down" : "up";
    this.#bytes[direction].link += count * cost.linkBytes;
    this.#bytes[back].link += count * cost.backBytes;
    this.#frames[direction] += count * cost.frames;
    this.#airUs[direction] += count * cost.airUs;
    this.#airUs[back] += count * cost.backAirUs;
    this.#listenUs += count * cost.listenUs;
    this.#idleUs += count * cost.idleUs;
  }

  /**
   * Adds time in which the device waits and its radio sleeps: it counts to the duration alone.
   *
   * @param us How long.
   */
  wait(us: number): void {
    this.#waitUs += us;
  }

  /**
   * Adds time in which the device listens and hears nothing.
   *
   * @param us How long.
   */
  listen(us: number): void {
    this.#listenUs += us;
  }

  /**
   * Adds time in which the device is awake and its radio neither sends nor listens.
   *
   * @param us How long.
   */
  idle(us: number): void {
    this.#idleUs += us;
  }

  /**
   * The sum.
   *
   * @param sessions Radio sessions opened. Default 0.
   */
  finish(sessions = 0): Transfer {
    const airtimeUpUs = Math.round(this.#airUs.up);
    const airtimeDownUs = Math.round(this.#airUs.down);
    const receiveUs = Math.round(this.#airUs.down + this.#listenUs);
    const idleUs = Math.round(this.#idleUs);
    const spent = this.#airUs.up + this.#airUs.down + this.#listenUs + this.#idleUs + this.#waitUs;
    return {
      up: this.#bytes.up,
      down: this.#bytes.down,
      packetsUp: this.#packets.up,
      packetsDown: this.#packets.down,
      framesUp: this.#frames.up,
      framesDown: this.#frames.down,
      airtimeUpUs,
      airtimeDownUs,
      durationUs: Math.round(spent),
      states: { transmitUs: airtimeUpUs, receiveUs, idleUs },
      sessions,
    };
  }
}
