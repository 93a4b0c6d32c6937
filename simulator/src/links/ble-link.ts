import {
  type BlePhy,
  bleConstants,
  blePacketOverheadBytes,
  blePacketUs,
  blePairUs,
  blePhys,
  pairsPerEvent,
} from "./ble.ts";
import { chunkConstants, chunkSizes, maxChunkedBytes } from "./chunks.ts";
import { checkKnown, checkWithin, LinkError } from "./errors.ts";
import { type LinkMessage, type LinkMessageKind, type LinkModel, noTransfer, type Transfer } from "./link.ts";
import { directionOf, TransferBuilder } from "./transfer-builder.ts";
import type { Direction } from "./upper/tcp.ts";

/** Options of a BLE connection. */
export interface BleOptions {
  readonly name: "ble";
  /** Default `1M`. */
  readonly phy?: BlePhy;
  /** Data length extension: PDUs of 251 bytes rather than 27. Default true. */
  readonly longPdus?: boolean;
  /** Packets carry an integrity code. Default false. */
  readonly encrypted?: boolean;
  /** Connection interval, 7.5 … 4,000 ms in steps of 1.25. Default 30. */
  readonly intervalMillisecond?: number;
  /** Connection events that a device with nothing to send may skip, 0 … 499. Default 0. */
  readonly peripheralLatency?: number;
  /** Most pairs of packets in an event, for a stack that allows fewer than fit. By default as many as fit. */
  readonly mostPairs?: number;
  /** Every message is confirmed by the application layer: two intervals each. Default false. */
  readonly withResponse?: boolean;
}

/** Derived sizes and times of a connection. */
interface Connection {
  readonly phy: BlePhy;
  readonly integrity: number;
  readonly unitBytes: number;
  readonly intervalUs: number;
  readonly pairs: number;
  readonly latency: number;
  readonly withResponse: boolean;
}

function intervalOf(millisecond: number): number {
  const { leastIntervalUs, mostIntervalUs, intervalStepUs } = bleConstants;
  const us = millisecond * 1000;
  checkWithin("intervalMillisecond", millisecond, leastIntervalUs.value / 1000, mostIntervalUs.value / 1000);
  if (us % intervalStepUs.value === 0) return us;
  throw new LinkError("option", `intervalMillisecond must be a multiple of 1.25, not ${millisecond}`, {
    limit: "intervalMillisecond",
    actual: millisecond,
  });
}

function connection(options: BleOptions): Connection {
  const { phy = "1M", longPdus = true, encrypted = false, intervalMillisecond = 30 } = options;
  const c = bleConstants;
  checkKnown("phy", phy, blePhys);
  const integrity = encrypted ? c.integrityBytes.value : 0;
  const pdu = (longPdus ? c.longPduBytes : c.shortPduBytes).value;
  const intervalUs = intervalOf(intervalMillisecond);
  const fitting = pairsPerEvent(intervalUs, blePairUs(phy, pdu + integrity));
  if (fitting < 1)
    throw new LinkError("option", `a packet of ${pdu} B does not fit in an interval of ${intervalMillisecond} ms`, {
      limit: "intervalMillisecond",
      actual: intervalMillisecond,
    });
  return {
    phy,
    integrity,
    unitBytes: pdu - c.l2capHeaderBytes.value - c.attHeaderBytes.value,
    intervalUs,
    pairs: Math.min(fitting, checkWithin("mostPairs", options.mostPairs ?? fitting, 1, 10_000)),
    latency: checkWithin("peripheralLatency", options.peripheralLatency ?? 0, 0, 499),
    withResponse: options.withResponse ?? false,
  };
}

class BleLink implements LinkModel {
  readonly name = "ble";
  readonly title: string;
  readonly keepAliveIntervalUs: number;
  readonly constants = { ...bleConstants, ...chunkConstants };
  readonly #connection: Connection;

  constructor(options: BleOptions) {
    this.#connection = connection(options);
    const { phy, unitBytes, intervalUs, latency } = this.#connection;
    this.keepAliveIntervalUs = intervalUs * (1 + latency);
    this.title = `BLE ${phy}, ${unitBytes} B a packet, interval ${intervalUs / 1000} ms`;
  }

  maxPayload(_kind: LinkMessageKind): number {
    return maxChunkedBytes(this.#connection.unitBytes);
  }

  send({ kind, bytes }: LinkMessage): Transfer {
    const { unitBytes, intervalUs, pairs, withResponse } = this.#connection;
    const sizes = chunkSizes(`${this.title} message`, bytes, unitBytes, true);
    const builder = new TransferBuilder();
    const direction = directionOf(kind);
    builder.add(direction, "payload", bytes);
    builder.add(direction, "messaging", sizes.reduce((sum, size) => sum + size, 0) - bytes);
    for (const size of sizes) this.#pair(builder, direction, size);
    const answer = direction === "up" ? "down" : "up";
    if (withResponse) for (const _ of sizes) this.#pair(builder, answer, 0, bleConstants.attOpcodeBytes.value);
    // Half an interval until the first event, then whole ones: an event's own packets lie within its interval.
    const events = withResponse ? 2 * sizes.length : Math.ceil(sizes.length / pairs);
    builder.wait(intervalUs / 2 + (events - 1) * intervalUs);
    return builder.finish();
  }

  /** Advertising and connecting are not charged: a sensor stays connected. */
  connect(): Transfer {
    return noTransfer;
  }

  /** An empty connection event. */
  keepAlive(): Transfer {
    const builder = new TransferBuilder();
    const { phy } = this.#connection;
    const airUs = blePacketUs(phy, 0);
    const bytes = blePacketOverheadBytes(phy);
    const listenUs = bleConstants.interframeUs.value;
    builder.carry("up", {
      linkBytes: bytes,
      backBytes: bytes,
      frames: 1,
      airUs,
      backAirUs: airUs,
      listenUs,
      idleUs: 0,
    });
    return builder.finish();
  }

  /** A data packet and the empty one that acknowledges it. */
  #pair(builder: TransferBuilder, direction: Direction, size: number, attBytes?: number): void {
    const { phy, integrity } = this.#connection;
    const c = bleConstants;
    const headers = c.l2capHeaderBytes.value + (attBytes ?? c.attHeaderBytes.value) + integrity;
    builder.carry(direction, {
      linkBytes: blePacketOverheadBytes(phy) + headers,
      backBytes: blePacketOverheadBytes(phy),
      frames: 1,
      airUs: blePacketUs(phy, size + headers),
      backAirUs: blePacketUs(phy, 0),
      listenUs: 2 * c.interframeUs.value,
      idleUs: 0,
    });
  }
}

/**
 * A BLE connection to a gateway that takes bare frames, one notification or write for each, in chunks where they are longer than
 * a packet carries. `durationUs` is that of one message alone: half an interval, further whole ones if the message needs more
 * events, and its packets. An empty connection event every interval keeps the connection: `keepAlive`.
 *
 * @param options Mode, packet length, interval.
 * @throws LinkError code `option`
 */
export function createBleLink(options: BleOptions): LinkModel {
  return new BleLink(options);
}
