import { type Constants, stated } from "../constants.ts";
import { checkBytes, checkWithin } from "../errors.ts";

/** Constants of 6LoWPAN, with their sources. */
export const sixlowpanConstants = {
  firstFragmentHeaderBytes: stated(4, "RFC 4944 section 5.3"),
  nextFragmentHeaderBytes: stated(5, "RFC 4944 section 5.3"),
  fragmentUnitBytes: stated(8, "RFC 4944 section 5.3: offsets count in 8 bytes of the uncompressed datagram"),
  compressedHeaderBytes: stated(9, "RFC 6282: IPHC 2, next header 1, ports 4, checksum 2, link-local addresses elided"),
  smallPortHeaderBytes: stated(6, "RFC 6282: the same with both ports 0xF0B0 to 0xF0BF in one byte"),
  uncompressedHeaderBytes: stated(48, "RFC 8200 and RFC 768: IPv6 40, UDP 8"),
  maxDatagramBytes: stated(1232, "RFC 8200: packets of 1,280 bytes pass everywhere; less IPv6 and UDP headers"),
} as const satisfies Constants;

function floorToUnit(bytes: number): number {
  const unit = sixlowpanConstants.fragmentUnitBytes.value;
  return Math.floor(bytes / unit) * unit;
}

/**
 * How a UDP datagram with compressed headers is cut (RFC 4944 section 5.3, as Contiki-NG's sicslowpan.c): the MAC payload of
 * each frame, bytes. All but the last fragment carry a multiple of 8 bytes of the uncompressed datagram, whose headers are 48.
 *
 * @param datagramBytes Content of the datagram, 0 … 1,232.
 * @param macPayloadBytes Most bytes of MAC payload in a frame, at least 32.
 * @param compressedBytes IPv6 and UDP header as they travel, 6 … 48. Default 9.
 * @throws LinkError code `size`; code `payload` above 1,232 bytes; code `option` for a frame or header out of range
 */
export function fragmentSizes(
  datagramBytes: number,
  macPayloadBytes: number,
  compressedBytes: number = sixlowpanConstants.compressedHeaderBytes.value,
): readonly number[] {
  const c = sixlowpanConstants;
  checkBytes("6LoWPAN datagram", datagramBytes, c.maxDatagramBytes.value);
  checkWithin("compressedBytes", compressedBytes, c.smallPortHeaderBytes.value, c.uncompressedHeaderBytes.value);
  checkWithin("macPayloadBytes", macPayloadBytes, compressedBytes + c.firstFragmentHeaderBytes.value + 8, 127);
  if (datagramBytes + compressedBytes <= macPayloadBytes) return [datagramBytes + compressedBytes];
  const firstHeader = c.firstFragmentHeaderBytes.value;
  const nextHeader = c.nextFragmentHeaderBytes.value;
  const first = floorToUnit(macPayloadBytes - compressedBytes - firstHeader);
  const next = floorToUnit(macPayloadBytes - nextHeader);
  const sizes = [firstHeader + compressedBytes + first];
  let rest = datagramBytes - first;
  for (; rest > macPayloadBytes - nextHeader; rest -= next) sizes.push(nextHeader + next);
  sizes.push(nextHeader + rest);
  return sizes;
}

/**
 * The chance that a datagram in fragments arrives: one lost fragment loses all.
 *
 * @param fragments How many.
 * @param loss Chance that one is lost after all retries, 0 … 1.
 */
export function datagramDelivery(fragments: number, loss: number): number {
  let chance = 1;
  for (let at = 0; at < fragments; at++) chance *= 1 - loss;
  return chance;
}
