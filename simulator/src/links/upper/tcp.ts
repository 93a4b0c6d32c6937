import { type Constants, stated } from "../constants.ts";
import { checkKnown, checkWithin } from "../errors.ts";

/** Which way bytes go, seen from the device. */
export type Direction = "up" | "down";

/** The other way: that of an answer. */
export function opposite(direction: Direction): Direction {
  return direction === "up" ? "down" : "up";
}

/** Bytes that one side writes before the other answers. */
export interface Flight {
  readonly direction: Direction;
  readonly bytes: number;
}

/** IP packets of one size. */
export interface PacketRun {
  readonly direction: Direction;
  /** Length of each IP packet, bytes. */
  readonly ipBytes: number;
  readonly count: number;
  /** Pure acknowledgements and connection control: they carry no bytes of a flight. */
  readonly isControl: boolean;
}

/** How TCP and IP are spoken. */
export interface TcpOptions {
  /** IP version. Default 4. */
  readonly ip?: 4 | 6;
  /** The timestamps option on every segment. Default true. */
  readonly timestamps?: boolean;
  /** Largest IP packet, bytes, 576 … 9,000. Default 1,500. */
  readonly mtuBytes?: number;
  /** A pure acknowledgement for so many full segments of a flight; 0: only for a flight that nothing answers. Default 2. */
  readonly acknowledgeEvery?: number;
}

/** Constants of TCP, UDP and IP, with their sources. */
export const tcpConstants = {
  tcpHeaderBytes: stated(20, "RFC 9293 section 3.1"),
  tcpTimestampBytes: stated(12, "RFC 7323: 10 bytes, padded to 12"),
  tcpSynOptionBytes: stated(20, "Linux: maximum segment size 4, SACK 2, timestamps 10, padding 1, window scale 3"),
  tcpBareSynOptionBytes: stated(
    12,
    "Linux without timestamps: maximum segment size 4, SACK 2, padding 3, window scale 3",
  ),
  udpHeaderBytes: stated(8, "RFC 768"),
  ipv4HeaderBytes: stated(20, "RFC 791, without options"),
  ipv6HeaderBytes: stated(40, "RFC 8200, without extension headers"),
} as const satisfies Constants;

/** A way of speaking TCP, with its derived sizes. */
export interface Tcp {
  /** Bytes beside the data in every packet after the first two: IP, TCP and its options. */
  readonly headerBytes: number;
  /** Most bytes of data in one packet. */
  readonly segmentBytes: number;
  /** The packets of opening a connection: SYN, SYN-ACK, ACK. */
  readonly opening: readonly PacketRun[];
  /**
   * The packets of an exchange. Each flight is cut into segments and acknowledged by the next one, the last by a pure
   * acknowledgement; full segments of a flight are acknowledged in between, every second by default (RFC 9293 section 3.8.6.3).
   * A side is taken to answer before its delayed acknowledgement would go out, 40 ms on Linux.
   *
   * @param flights Flights in turn, alternating in direction.
   */
  exchange(flights: readonly Flight[]): readonly PacketRun[];
}

/**
 * Bytes of the IP header.
 *
 * @param version 4 or 6.
 */
export function ipHeaderBytes(version: 4 | 6): number {
  return version === 4 ? tcpConstants.ipv4HeaderBytes.value : tcpConstants.ipv6HeaderBytes.value;
}

function other(direction: Direction): Direction {
  return direction === "up" ? "down" : "up";
}

/**
 * TCP over IP with certain options.
 *
 * @param options How it is spoken.
 * @throws LinkError code `option`
 */
export function createTcp(options: TcpOptions = {}): Tcp {
  const { ip = 4, timestamps = true, mtuBytes = 1500, acknowledgeEvery = 2 } = options;
  const c = tcpConstants;
  checkKnown("ip", ip, [4, 6]);
  checkWithin("mtuBytes", mtuBytes, 576, 9000);
  checkWithin("acknowledgeEvery", acknowledgeEvery, 0, 1000);
  const bare = ipHeaderBytes(ip) + c.tcpHeaderBytes.value;
  const headerBytes = bare + (timestamps ? c.tcpTimestampBytes.value : 0);
  const segmentBytes = mtuBytes - headerBytes;
  const control = (direction: Direction, ipBytes: number, count = 1): PacketRun => ({
    direction,
    ipBytes,
    count,
    isControl: true,
  });
  const exchange = (flights: readonly Flight[]): readonly PacketRun[] => {
    const runs: PacketRun[] = [];
    for (const { direction, bytes } of flights) {
      const full = Math.floor(bytes / segmentBytes);
      const rest = bytes % segmentBytes;
      if (full > 0) runs.push({ direction, ipBytes: segmentBytes + headerBytes, count: full, isControl: false });
      if (rest > 0) runs.push({ direction, ipBytes: rest + headerBytes, count: 1, isControl: false });
      const between = acknowledgeEvery === 0 ? 0 : Math.floor(full / acknowledgeEvery);
      if (between > 0) runs.push(control(other(direction), headerBytes, between));
    }
    const last = flights.at(-1);
    if (last !== undefined && last.bytes > 0 && !endsAcknowledged(last.bytes))
      runs.push(control(other(last.direction), headerBytes));
    return runs;
  };
  /** A last flight of full segments alone, an even number of them, is acknowledged already. */
  const endsAcknowledged = (bytes: number) =>
    acknowledgeEvery > 0 && bytes % segmentBytes === 0 && (bytes / segmentBytes) % acknowledgeEvery === 0;
  const syn = bare + (timestamps ? c.tcpSynOptionBytes : c.tcpBareSynOptionBytes).value;
  return {
    headerBytes,
    segmentBytes,
    opening: [control("up", syn), control("down", syn), control("up", headerBytes)],
    exchange,
  };
}
