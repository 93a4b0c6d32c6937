import { type Constants, stated, unverified } from "../constants.ts";
import { checkKnown, checkWithin, LinkError } from "../errors.ts";

const parameters = "LoRaWAN Regional Parameters 1.0.3 rev A, EU863-870";
const loraMacNode = "Lora-net/LoRaMac-node RegionEU868.h";

/** Constants of LoRaWAN in the European band, with their sources. */
export const eu868Constants = {
  preambleSymbols: stated(8, parameters),
  macOverheadBytes: stated(13, "LoRaWAN 1.0.3: MHDR 1, FHDR 7, FPort 1, MIC 4"),
  emptyPhyBytes: stated(12, "LoRaWAN 1.0.3: MHDR 1, FHDR 7, MIC 4, neither FPort nor payload"),
  joinRequestPhyBytes: stated(23, "LoRaWAN 1.0.3: MHDR 1, AppEUI 8, DevEUI 8, nonce 2, MIC 4"),
  joinAcceptPhyBytes: unverified(33, "LoRaWAN 1.0.3 section 6.2.5 with a channel list; from general knowledge"),
  joinReceiveDelayUs: stated(5_000_000, "LoRaWAN Regional Parameters 1.0.3 rev A: JOIN_ACCEPT_DELAY1"),
  receive1DelayUs: stated(1_000_000, parameters),
  receive2DelayUs: stated(2_000_000, parameters),
  receive2FrequencyHz: stated(869_525_000, parameters),
  receive2DataRate: stated(0, `${parameters}; The Things Network sets 3`),
  receiveWindowSymbols: stated(8, "ns-3 lorawan: the window stays open for 8 symbols without a preamble"),
  maxEirpDbm: stated(16, parameters),
  maxPhyBytes: stated(255, "SX1276 data sheet: one-byte payload length"),
  maxHeaderOptionBytes: stated(15, "LoRaWAN 1.0.3: FOptsLen has four bits"),
  spreadingFactorOfDataRate: stated([12, 11, 10, 9, 8, 7, 7], `${parameters}; data rate 7 is FSK and not modelled`),
  bandwidthHzOfDataRate: stated([125_000, 125_000, 125_000, 125_000, 125_000, 125_000, 250_000], parameters),
  repeaterPayloadBytesOfDataRate: stated([51, 51, 51, 115, 222, 222, 222, 222], loraMacNode),
  directPayloadBytesOfDataRate: stated([51, 51, 51, 115, 242, 242, 242, 242], loraMacNode),
  dutyCycleWindowUs: stated(3_600_000_000, "ETSI EN 300 220: duty cycle over one hour"),
} as const satisfies Constants;

/** A part of the band with a duty cycle of its own: from `fromHz` up to but not `toHz`. */
export interface SubBand {
  readonly fromHz: number;
  readonly toHz: number;
  /** Share of time on air, 0 … 1. */
  readonly dutyCycle: number;
}

/** The parts of the band that have a duty cycle (ETSI EN 300 220 as in {@link eu868Constants}), by frequency. */
export const subBands: readonly SubBand[] = Object.freeze([
  { fromHz: 863_000_000, toHz: 865_000_000, dutyCycle: 0.001 },
  { fromHz: 865_000_000, toHz: 868_000_000, dutyCycle: 0.01 },
  { fromHz: 868_000_000, toHz: 868_600_000, dutyCycle: 0.01 },
  { fromHz: 868_700_000, toHz: 869_200_000, dutyCycle: 0.001 },
  { fromHz: 869_400_000, toHz: 869_650_000, dutyCycle: 0.1 },
  { fromHz: 869_700_000, toHz: 870_000_000, dutyCycle: 0.01 },
]);

/** The three channels that every device knows; they share one part of the band, so one budget. Hz. */
export const mandatoryChannelsHz: readonly number[] = Object.freeze([868_100_000, 868_300_000, 868_500_000]);

/** The eight channels of a usual network: the mandatory three, and five in the part below with a budget of their own. Hz. */
export const usualChannelsHz: readonly number[] = Object.freeze([
  ...mandatoryChannelsHz,
  867_100_000,
  867_300_000,
  867_500_000,
  867_700_000,
  867_900_000,
]);

/**
 * The part of the band that a frequency lies in.
 *
 * @param frequencyHz The channel.
 * @throws LinkError code `option` where LoRaWAN may not send
 */
export function subBandOf(frequencyHz: number): SubBand {
  const found = subBands.find(({ fromHz, toHz }) => frequencyHz >= fromHz && frequencyHz < toHz);
  if (found !== undefined) return found;
  const parts = subBands.map(({ fromHz, toHz }) => `${fromHz / 1e6}-${toHz / 1e6}`).join(", ");
  throw new LinkError("option", `EU868 has no channel at ${frequencyHz} Hz: the parts of the band are ${parts} MHz`, {
    limit: "frequencyHz",
    actual: frequencyHz,
  });
}

/** A data rate: modulation, and what fits. */
export interface DataRate {
  /** 0 … 6. */
  readonly dataRate: number;
  /** 7 … 12. */
  readonly spreadingFactor: number;
  readonly bandwidthHz: number;
  /** Largest application payload without header options, bytes. */
  readonly maxPayloadBytes: number;
}

/**
 * A data rate of EU868. Data rate 7, FSK, is not modelled.
 *
 * @param dataRate 0 (SF12) … 5 (SF7), 6 (SF7 at 250 kHz).
 * @param repeater Whether frames must fit behind a repeater (222 rather than 242 bytes at the upper rates). Default true.
 * @throws LinkError code `option` for another
 */
export function dataRateOf(dataRate: number, repeater = true): DataRate {
  const c = eu868Constants;
  const spreadingFactor = c.spreadingFactorOfDataRate.value[dataRate];
  const bandwidthHz = c.bandwidthHzOfDataRate.value[dataRate];
  const sizes = repeater ? c.repeaterPayloadBytesOfDataRate : c.directPayloadBytesOfDataRate;
  const maxPayloadBytes = sizes.value[dataRate];
  if (spreadingFactor === undefined || bandwidthHz === undefined || maxPayloadBytes === undefined) {
    checkKnown("dataRate", dataRate, [0, 1, 2, 3, 4, 5, 6]);
    throw new LinkError("option", `no data rate ${dataRate}`, { limit: "dataRate", actual: dataRate });
  }
  return { dataRate, spreadingFactor, bandwidthHz, maxPayloadBytes };
}

/**
 * The data rate of a spreading factor at 125 kHz.
 *
 * @param spreadingFactor 7 … 12.
 * @throws LinkError code `option` for another
 */
export function dataRateOfSpreadingFactor(spreadingFactor: number): number {
  if (!Number.isInteger(spreadingFactor)) checkKnown("spreadingFactor", spreadingFactor, [7, 8, 9, 10, 11, 12]);
  return 12 - checkWithin("spreadingFactor", spreadingFactor, 7, 12);
}
