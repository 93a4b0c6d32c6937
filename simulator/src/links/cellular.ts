import { type Constants, stated, unverified } from "./constants.ts";
import type { DatagramCarrier } from "./datagram-link.ts";
import { checkKnown, checkWithin } from "./errors.ts";
import type { PacketCarrier } from "./ip-link.ts";
import type { PacketCost } from "./transfer-builder.ts";
import { type Direction, ipHeaderBytes, tcpConstants } from "./upper/tcp.ts";

const known = "from general knowledge";

/** Constants of NB-IoT and LTE-M, with their sources. Rough: good for planning, not for a radio budget. */
export const cellularConstants = {
  nb1UplinkBitPerSecond: stated(62_500, "haltian NB1/NB2 table: 1,000 bit in 16 ms"),
  nb2UplinkBitPerSecond: stated(105_667, "haltian NB1/NB2 table: 2,536 bit in 24 ms"),
  nb2TwoHarqUplinkBitPerSecond: stated(158_500, "haltian NB1/NB2 table: 2,536 bit in 16 ms"),
  nbDownlinkBitPerSecond: stated(26_000, "mbedded.ninja cellular table: NB1 peak downlink 26 kbit/s"),
  ltemUplinkBitPerSecond: stated(375_000, "rfwireless-world: LTE Cat-M1, half duplex, scheduling delays considered"),
  ltemDownlinkBitPerSecond: stated(300_000, "rfwireless-world: LTE Cat-M1, half duplex, scheduling delays considered"),
  headerBytes: unverified(5, `PDCP 1, RLC 2, MAC 2 without security; ${known}`),
  mtuBytes: unverified(1358, `usual largest packet without fragmentation in the core network; ${known}`),
  nbAccessUs: stated(1_600_000, "mbedded.ninja cellular table: NB-IoT latency 1.6 to 10 s; the least"),
  ltemAccessUs: stated(10_000, "mbedded.ninja cellular table: LTE-M latency 10 to 15 ms; the least, once connected"),
  resourceUnitMsByTones: stated(
    { single3k75: 32, single15k: 8, three: 4, six: 2, twelve: 1 },
    "3GPP TS 36.101 table A.2.4-1: time of one resource unit",
  ),
  resourceUnits: stated(
    [1, 2, 3, 4, 5, 6, 8, 10],
    "3GPP TS 36.213 section 16.5.1, as in the R&S CMW-KM300 manual table 2-10",
  ),
  repetitions: stated([1, 2, 4, 8, 16, 32, 64, 128], "rfwireless-world: NPUSCH repetitions"),
} as const satisfies Constants;

/** How many subcarriers an NB-IoT uplink takes: one of 3.75 kHz, or 1, 3, 6 or 12 of 15 kHz. */
export type NpuschTones = keyof typeof cellularConstants.resourceUnitMsByTones.value;

/**
 * Time of one NB-IoT uplink transport block, ms: resource units · time of a unit · repetitions.
 *
 * @param tones Subcarriers.
 * @param resourceUnits 1 … 6, 8 or 10.
 * @param repetitions A power of two, 1 … 128.
 * @throws LinkError code `option`
 */
export function npuschMillisecond(tones: NpuschTones, resourceUnits: number, repetitions: number): number {
  const c = cellularConstants;
  checkKnown("resourceUnits", resourceUnits, c.resourceUnits.value);
  checkKnown("repetitions", repetitions, c.repetitions.value);
  return resourceUnits * c.resourceUnitMsByTones.value[tones] * repetitions;
}

/** Options that NB-IoT and LTE-M share, beside what travels over them. */
export interface CellularTiming {
  /** Each block is sent so many times, 1 … 128: coverage enhancement. Default 1. */
  readonly repetitions?: number;
  /** From waking to the first byte, s. Default 1.6 on NB-IoT, 0.01 on LTE-M: the least of the ranges quoted. */
  readonly accessSecond?: number;
  /** Connected after the last byte, awake, s. Default 0: the session energy of the default profile includes it. */
  readonly tailSecond?: number;
}

/** Options of NB-IoT. */
export interface NbiotOptions extends CellularTiming {
  readonly name: "nbiot";
  /** `nb1`, `nb2`, or `nb2` with two HARQ processes. Default `nb1`. */
  readonly category?: "nb1" | "nb2" | "nb2-2harq";
}

/** Options of LTE-M. */
export interface LtemOptions extends CellularTiming {
  readonly name: "ltem";
}

/** Bit rates of a cellular link, bit/s. */
interface Rates {
  readonly up: number;
  readonly down: number;
}

function ratesOf(options: NbiotOptions | LtemOptions): Rates {
  const c = cellularConstants;
  if (options.name === "ltem") return { up: c.ltemUplinkBitPerSecond.value, down: c.ltemDownlinkBitPerSecond.value };
  const category = checkKnown("category", options.category ?? "nb1", ["nb1", "nb2", "nb2-2harq"]);
  const up = {
    nb1: c.nb1UplinkBitPerSecond,
    nb2: c.nb2UplinkBitPerSecond,
    "nb2-2harq": c.nb2TwoHarqUplinkBitPerSecond,
  }[category];
  return { up: up.value, down: c.nbDownlinkBitPerSecond.value };
}

/**
 * NB-IoT or LTE-M as a carrier of IP packets.
 *
 * @param options Category, repetitions, times before and after.
 * @throws LinkError code `option`
 */
export function cellularCarrier(options: NbiotOptions | LtemOptions): PacketCarrier {
  const c = cellularConstants;
  const rates = ratesOf(options);
  const repetitions = checkKnown("repetitions", options.repetitions ?? 1, c.repetitions.value);
  const leastUs = (options.name === "ltem" ? c.ltemAccessUs : c.nbAccessUs).value;
  const accessUs = checkWithin("accessSecond", options.accessSecond ?? leastUs / 1e6, 0, 3600) * 1e6;
  const tailUs = checkWithin("tailSecond", options.tailSecond ?? 0, 0, 3600) * 1e6;
  const cost = (direction: Direction, ipBytes: number): PacketCost => ({
    linkBytes: c.headerBytes.value,
    backBytes: 0,
    frames: 1,
    airUs: (repetitions * 8e6 * (ipBytes + c.headerBytes.value)) / rates[direction],
    backAirUs: 0,
    listenUs: 0,
    idleUs: 0,
  });
  const kind = options.name === "ltem" ? "LTE-M" : `NB-IoT ${options.category ?? "nb1"}`;
  return {
    name: options.name,
    title: repetitions === 1 ? kind : `${kind} with ${repetitions} repetitions`,
    constants: c,
    mtuBytes: c.mtuBytes.value,
    cost,
    hasSessions: true,
    accessUs,
    tailUs,
  };
}

/**
 * A carrier of IP packets as one of UDP datagrams that fit a packet each.
 *
 * @param carrier The carrier of packets.
 * @param ip IP version. Default 4.
 */
export function datagramCarrier(carrier: PacketCarrier, ip: 4 | 6 = 4): DatagramCarrier {
  const headerBytes = ipHeaderBytes(ip) + tcpConstants.udpHeaderBytes.value;
  return {
    ...carrier,
    headerBytes,
    maxDatagramBytes: carrier.mtuBytes - headerBytes,
    costs: (direction, datagramBytes) => [carrier.cost(direction, datagramBytes + headerBytes)],
  };
}
