import { type Constants, stated, unverified } from "./constants.ts";
import { checkBytes, checkKnown } from "./errors.ts";

const core = "Bluetooth Core 4.2 and 5, Vol 6 Part B";

/** Constants of a BLE connection, with their sources. */
export const bleConstants = {
  preambleBytes1M: stated(1, core),
  preambleBytes2M: stated(2, core),
  accessAddressBytes: stated(4, core),
  pduHeaderBytes: stated(2, core),
  checkBytes: stated(3, core),
  integrityBytes: stated(4, `${core}: MIC of an encrypted PDU that is not empty`),
  interframeUs: stated(150, `${core}: T_IFS`),
  shortPduBytes: stated(27, `${core}: without data length extension`),
  longPduBytes: stated(251, `${core}: with data length extension`),
  l2capHeaderBytes: stated(4, "Bluetooth Core Vol 3 Part A"),
  attHeaderBytes: stated(3, "Bluetooth Core Vol 3 Part F: opcode 1, handle 2"),
  attOpcodeBytes: stated(1, "Bluetooth Core Vol 3 Part F: a write response is its opcode alone"),
  leastIntervalUs: stated(7500, core),
  mostIntervalUs: stated(4_000_000, core),
  intervalStepUs: stated(1250, core),
  codedPreambleUs: unverified(80, "Bluetooth Core 5, LE Coded PHY; from general knowledge"),
  codedFirstBlockUs: unverified(
    296,
    "LE Coded PHY: access address 256, coding indicator 16, TERM1 24; from general knowledge",
  ),
  codedTermBits: unverified(3, "LE Coded PHY: TERM2; from general knowledge"),
} as const satisfies Constants;

/** The radio's mode: 1 or 2 Mbit/s, or the long-range ones at 500 (S = 2) and 125 kbit/s (S = 8). */
export const blePhys = ["1M", "2M", "coded-s2", "coded-s8"] as const;

/** A mode by name. */
export type BlePhy = (typeof blePhys)[number];

/** Bytes of a packet beside its PDU: preamble, access address, header, check. The coded modes' preamble counts as one byte. */
export function blePacketOverheadBytes(phy: BlePhy): number {
  const c = bleConstants;
  const preamble = phy === "2M" ? c.preambleBytes2M : c.preambleBytes1M;
  return preamble.value + c.accessAddressBytes.value + c.pduHeaderBytes.value + c.checkBytes.value;
}

/**
 * Time on air of a packet, µs.
 *
 * @param phy The mode.
 * @param pduBytes Payload of the PDU with its integrity code, 0 … 255 bytes.
 * @throws LinkError code `option`, `size` or `payload`
 */
export function blePacketUs(phy: BlePhy, pduBytes: number): number {
  checkKnown("phy", phy, blePhys);
  checkBytes("BLE PDU", pduBytes, 255);
  const c = bleConstants;
  if (phy === "1M" || phy === "2M") return ((blePacketOverheadBytes(phy) + pduBytes) * 8) / (phy === "1M" ? 1 : 2);
  const coding = phy === "coded-s2" ? 2 : 8;
  const bits = (c.pduHeaderBytes.value + pduBytes + c.checkBytes.value) * 8 + c.codedTermBits.value;
  return c.codedPreambleUs.value + c.codedFirstBlockUs.value + bits * coding;
}

/**
 * Time of one data packet with the empty one that acknowledges it and both pauses, µs.
 *
 * @param phy The mode.
 * @param pduBytes Payload of the data packet's PDU with its integrity code, bytes.
 * @throws LinkError code `option`, `size` or `payload`
 */
export function blePairUs(phy: BlePhy, pduBytes: number): number {
  return blePacketUs(phy, pduBytes) + blePacketUs(phy, 0) + 2 * bleConstants.interframeUs.value;
}

/**
 * The most pairs of packets that one connection event holds; a stack may allow fewer.
 *
 * @param intervalUs Connection interval, µs.
 * @param pairUs Time of one pair, µs.
 */
export function pairsPerEvent(intervalUs: number, pairUs: number): number {
  return Math.floor(intervalUs / pairUs);
}
