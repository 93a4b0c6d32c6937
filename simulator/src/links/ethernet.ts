import { type Constants, stated } from "./constants.ts";
import { checkBytes, checkKnown } from "./errors.ts";
import type { PacketCarrier } from "./ip-link.ts";

/** Constants of Ethernet, with their sources. */
export const ethernetConstants = {
  overheadBytes: stated(38, "IEEE 802.3: preamble 8, MAC header 14, frame check 4, gap 12"),
  leastPayloadBytes: stated(46, "IEEE 802.3: a frame has at least 64 bytes"),
  mostPayloadBytes: stated(1500, "IEEE 802.3"),
} as const satisfies Constants;

/**
 * Bytes that an IP packet takes on the wire, gap between frames included.
 *
 * @param ipBytes Length of the packet, 0 … 1,500.
 * @throws LinkError code `size` or `payload`
 */
export function ethernetBytes(ipBytes: number): number {
  const { overheadBytes, leastPayloadBytes, mostPayloadBytes } = ethernetConstants;
  checkBytes("Ethernet payload", ipBytes, mostPayloadBytes.value);
  return Math.max(leastPayloadBytes.value, ipBytes) + overheadBytes.value;
}

/** Options of Ethernet, beside what travels over it. */
export interface EthernetOptions {
  readonly name: "ethernet";
  /** 10, 100 or 1,000. Default 100. */
  readonly rateMbps?: number;
}

/**
 * Full duplex Ethernet as a carrier of IP packets.
 *
 * @param options The rate.
 * @throws LinkError code `option`
 */
export function ethernetCarrier({ rateMbps = 100 }: EthernetOptions): PacketCarrier {
  checkKnown("rateMbps", rateMbps, [10, 100, 1000]);
  return {
    name: "ethernet",
    title: `Ethernet at ${rateMbps} Mbit/s`,
    constants: ethernetConstants,
    mtuBytes: ethernetConstants.mostPayloadBytes.value,
    cost: (_direction, ipBytes) => {
      const bytes = ethernetBytes(ipBytes);
      const airUs = (8 * bytes) / rateMbps;
      return { linkBytes: bytes - ipBytes, backBytes: 0, frames: 1, airUs, backAirUs: 0, listenUs: 0, idleUs: 0 };
    },
    hasSessions: false,
    accessUs: 0,
    tailUs: 0,
  };
}
