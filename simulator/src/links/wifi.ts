import { type Constants, stated, unverified } from "./constants.ts";
import { checkBytes, checkKnown } from "./errors.ts";
import type { PacketCarrier } from "./ip-link.ts";
import type { PacketCost } from "./transfer-builder.ts";

const jun = "Jun, Peddabachagari, Sichitiu: Theoretical Maximum Throughput of IEEE 802.11 and its Applications (2003)";
const known11n = "IEEE 802.11n, 20 MHz, mixed format, 800 ns guard interval; from general knowledge";

/** Constants of Wi-Fi, with their sources. */
export const wifiConstants = {
  macOverheadBytes: stated(34, `${jun}: MAC header 30, frame check 4`),
  qosOverheadBytes: unverified(2, known11n),
  llcSnapBytes: stated(8, jun),
  acknowledgementBytes: stated(14, jun),
  dsssDifsUs: stated(50, jun),
  dsssSifsUs: stated(10, jun),
  dsssMeanBackoffUs: stated(310, `${jun}: 15.5 slots of 20 us`),
  dsssPreambleUs: stated(192, `${jun}: long preamble and header`),
  ofdmDifsUs: stated(34, jun),
  ofdmSifsUs: stated(16, jun),
  ofdmMeanBackoffUs: stated(67.5, `${jun}: 7.5 slots of 9 us`),
  ofdmPreambleUs: stated(20, jun),
  ofdmSymbolUs: stated(4, jun),
  ofdmServiceAndTailBits: stated(22, jun),
  htPreambleUs: unverified(36, `${known11n}: legacy 20, HT-SIG 8, HT-STF 4, HT-LTF 4`),
  dsssRatesMbps: stated([1, 2, 5.5, 11], jun),
  ofdmBitsPerSymbolByMbps: stated(
    { 6: 24, 9: 36, 12: 48, 18: 72, 24: 96, 36: 144, 48: 192, 54: 216 } as Readonly<Record<number, number>>,
    `${jun}; IEEE 802.11a table 78`,
  ),
  htBitsPerSymbolByMbps: unverified(
    { 6.5: 26, 13: 52, 19.5: 78, 26: 104, 39: 156, 52: 208, 58.5: 234, 65: 260 } as Readonly<Record<number, number>>,
    known11n,
  ),
} as const satisfies Constants;

/** The standards that are modelled. */
export const wifiStandards = ["11b", "11a", "11g", "11n"] as const;

/** A standard by name. */
export type WifiStandard = (typeof wifiStandards)[number];

/** Which Wi-Fi, and how fast. */
export interface WifiMode {
  readonly standard: WifiStandard;
  /** 11b: 1, 2, 5.5, 11. 11a, 11g without 11b neighbours: 6 … 54. 11n: 6.5 … 65 (one stream, 20 MHz). */
  readonly rateMbps: number;
}

/** Parts of one exchange of a data frame and its acknowledgement, µs. */
export interface WifiExchange {
  /** Idle channel and mean back-off before the frame. */
  readonly accessUs: number;
  readonly dataUs: number;
  readonly sifsUs: number;
  readonly acknowledgementUs: number;
}

function ofdmFrameUs(bytes: number, bitsPerSymbol: number, preambleUs: number): number {
  const { ofdmServiceAndTailBits, ofdmSymbolUs } = wifiConstants;
  return preambleUs + ofdmSymbolUs.value * Math.ceil((ofdmServiceAndTailBits.value + 8 * bytes) / bitsPerSymbol);
}

/** Acknowledgements go at the fastest of 6, 12 and 24 Mbit/s that is not above the data rate. */
function acknowledgementBits(rateMbps: number): number {
  return rateMbps >= 24 ? 96 : rateMbps >= 12 ? 48 : 24;
}

/**
 * The time of one frame without loss and with one sender: idle channel, mean back-off, frame, pause, acknowledgement.
 *
 * @param mode Standard and rate.
 * @param msduBytes What the frame carries: LLC/SNAP header and IP packet, 0 … 2,304 bytes.
 * @throws LinkError code `option` for a rate that the standard does not have; code `size` or `payload`
 */
export function wifiExchange({ standard, rateMbps }: WifiMode, msduBytes: number): WifiExchange {
  const c = wifiConstants;
  checkKnown("standard", standard, wifiStandards);
  const bytes = c.macOverheadBytes.value + checkBytes("Wi-Fi MSDU", msduBytes, 2304);
  if (standard === "11b") {
    checkKnown("rateMbps of 11b", rateMbps, c.dsssRatesMbps.value);
    return {
      accessUs: c.dsssDifsUs.value + c.dsssMeanBackoffUs.value,
      dataUs: c.dsssPreambleUs.value + (8 * bytes) / rateMbps,
      sifsUs: c.dsssSifsUs.value,
      acknowledgementUs: c.dsssPreambleUs.value + 8 * c.acknowledgementBytes.value,
    };
  }
  const isHt = standard === "11n";
  const table = isHt ? c.htBitsPerSymbolByMbps.value : c.ofdmBitsPerSymbolByMbps.value;
  const bits = table[checkKnown(`rateMbps of ${standard}`, rateMbps, Object.keys(table).map(Number))] ?? 24;
  const preamble = (isHt ? c.htPreambleUs : c.ofdmPreambleUs).value;
  const acknowledgement = ofdmFrameUs(
    c.acknowledgementBytes.value,
    acknowledgementBits(rateMbps),
    c.ofdmPreambleUs.value,
  );
  return {
    accessUs: c.ofdmDifsUs.value + c.ofdmMeanBackoffUs.value,
    dataUs: ofdmFrameUs(bytes + (isHt ? c.qosOverheadBytes.value : 0), bits, preamble),
    sifsUs: c.ofdmSifsUs.value,
    acknowledgementUs: acknowledgement,
  };
}

/**
 * The whole time of {@link wifiExchange}, µs.
 *
 * @param exchange Its parts.
 */
export function wifiExchangeUs({ accessUs, dataUs, sifsUs, acknowledgementUs }: WifiExchange): number {
  return accessUs + dataUs + sifsUs + acknowledgementUs;
}

/** Options of a Wi-Fi link, beside what travels over it. */
export interface WifiOptions extends Partial<WifiMode> {
  readonly name: "wifi";
}

/**
 * Wi-Fi as a carrier of IP packets. Association and power-save listening are not charged: a station that wakes to send pays them
 * by its own profile.
 *
 * @param options Standard and rate; by default 11n at 65 Mbit/s, 11b at 11, 11a and 11g at 54.
 * @throws LinkError code `option`
 */
export function wifiCarrier({ standard = "11n", rateMbps }: WifiOptions): PacketCarrier {
  const usual = { "11b": 11, "11a": 54, "11g": 54, "11n": 65 };
  checkKnown("standard", standard, wifiStandards);
  const mode = { standard, rateMbps: rateMbps ?? usual[standard] };
  wifiExchange(mode, 0); // refuses a rate here rather than at the first message
  const c = wifiConstants;
  const qos = standard === "11n" ? c.qosOverheadBytes.value : 0;
  const cost = (ipBytes: number): PacketCost => {
    const { accessUs, dataUs, sifsUs, acknowledgementUs } = wifiExchange(mode, ipBytes + c.llcSnapBytes.value);
    return {
      linkBytes: c.llcSnapBytes.value + c.macOverheadBytes.value + qos,
      backBytes: c.acknowledgementBytes.value,
      frames: 1,
      airUs: dataUs,
      backAirUs: acknowledgementUs,
      listenUs: accessUs + sifsUs,
      idleUs: 0,
    };
  };
  return {
    name: "wifi",
    title: `Wi-Fi ${standard} at ${mode.rateMbps} Mbit/s`,
    constants: c,
    mtuBytes: 1500,
    cost: (_direction, ipBytes) => cost(ipBytes),
    hasSessions: false,
    accessUs: 0,
    tailUs: 0,
  };
}
