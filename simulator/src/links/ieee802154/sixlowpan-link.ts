import { createMqttSnLink, type DatagramCarrier, type MqttSnOptions } from "../datagram-link.ts";
import { checkKnown, checkWithin } from "../errors.ts";
import type { LinkModel } from "../link.ts";
import type { PacketCost } from "../transfer-builder.ts";
import { frameAirtimeUs, ieee802154Constants, interframeUs } from "./frames.ts";
import { fragmentSizes, sixlowpanConstants } from "./sixlowpan.ts";

/** Options of an IEEE 802.15.4 link with 6LoWPAN. */
export interface Ieee802154Options {
  readonly name: "ieee802154";
  /** Addresses in the MAC header: 16 bits (9 bytes in all) or 64 (21). Default `extended`. */
  readonly addresses?: "short" | "extended";
  /** MAC security: auxiliary header and integrity code, 0 … 21 bytes. Default 0. */
  readonly securityBytes?: number;
  /** IPv6 and UDP header as compressed, 6 … 48 bytes. Default 9: link-local. */
  readonly compressedHeaderBytes?: number;
  readonly mqttSn?: MqttSnOptions;
}

/** Most MAC payload in a frame: 127 less frame check, header and security. */
function macPayloadBytes(addresses: "short" | "extended", securityBytes: number): number {
  const { maxMpduBytes, frameCheckBytes, shortHeaderBytes, extendedHeaderBytes } = ieee802154Constants;
  const header = addresses === "short" ? shortHeaderBytes : extendedHeaderBytes;
  return maxMpduBytes.value - frameCheckBytes.value - header.value - securityBytes;
}

/** One acknowledged frame. The carrier sense and both turnarounds are spent listening, back-off and pause with the radio off. */
function frameCost(macBytes: number, overheadBytes: number, fragmentBytes: number): PacketCost {
  const { carrierSenseUs, turnaroundUs, meanBackoffUs, acknowledgementMpduBytes, physicalHeaderBytes } =
    ieee802154Constants;
  const mpdu = macBytes + overheadBytes;
  return {
    linkBytes: fragmentBytes + overheadBytes + physicalHeaderBytes.value,
    backBytes: acknowledgementMpduBytes.value + physicalHeaderBytes.value,
    frames: 1,
    airUs: frameAirtimeUs(mpdu),
    backAirUs: frameAirtimeUs(acknowledgementMpduBytes.value),
    listenUs: carrierSenseUs.value + 2 * turnaroundUs.value,
    idleUs: meanBackoffUs.value + interframeUs(mpdu),
  };
}

/**
 * IEEE 802.15.4 at 2.4 GHz with 6LoWPAN, MQTT-SN over UDP. Every frame is acknowledged by the MAC; means hold for an idle
 * channel and no retries.
 *
 * @param options Addresses, security, compression.
 * @throws LinkError code `option`
 */
export function createIeee802154Link(options: Ieee802154Options): LinkModel {
  const c = { ...ieee802154Constants, ...sixlowpanConstants };
  const { addresses = "extended", securityBytes = 0 } = options;
  const compressed = options.compressedHeaderBytes ?? c.compressedHeaderBytes.value;
  checkKnown("addresses", addresses, ["short", "extended"]);
  checkWithin("securityBytes", securityBytes, 0, c.maxSecurityBytes.value);
  checkWithin("compressedHeaderBytes", compressed, c.smallPortHeaderBytes.value, c.uncompressedHeaderBytes.value);
  const macPayload = macPayloadBytes(addresses, securityBytes);
  const overhead = c.maxMpduBytes.value - macPayload;
  const carrier: DatagramCarrier = {
    name: "ieee802154",
    title: `IEEE 802.15.4 with 6LoWPAN, ${addresses} addresses, ${macPayload} B a frame`,
    constants: c,
    maxDatagramBytes: c.maxDatagramBytes.value,
    headerBytes: compressed,
    costs: (_direction, datagramBytes) => {
      const sizes = fragmentSizes(datagramBytes, macPayload, compressed);
      if (sizes.length === 1) return sizes.map((size) => frameCost(size, overhead, 0));
      const { firstFragmentHeaderBytes, nextFragmentHeaderBytes } = c;
      return sizes.map((size, at) =>
        frameCost(size, overhead, at === 0 ? firstFragmentHeaderBytes.value : nextFragmentHeaderBytes.value),
      );
    },
    hasSessions: false,
    accessUs: 0,
    tailUs: 0,
  };
  return createMqttSnLink(carrier, options.mqttSn);
}
