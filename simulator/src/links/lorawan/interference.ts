import { stated } from "../constants.ts";
import { log10, ratioOfDecibels } from "../elementary.ts";
import { checkKnown } from "../errors.ts";
import { symbolUs } from "./airtime.ts";
import { eu868Constants } from "./eu868.ts";

/** A transmission as a gateway hears it. */
export interface Signal {
  readonly frequencyHz: number;
  /** 7 … 12. */
  readonly spreadingFactor: number;
  readonly powerDbm: number;
  readonly startUs: number;
  readonly endUs: number;
}

/** Least ratio of wanted to interfering energy, dB: row the wanted spreading factor 7 … 12, column the interfering one. */
export const captureThresholdsDb = stated(
  [
    [6, -16, -18, -19, -19, -20],
    [-24, 6, -20, -22, -22, -22],
    [-27, -27, 6, -23, -25, -25],
    [-30, -30, -30, 6, -26, -28],
    [-33, -33, -33, -33, 6, -29],
    [-36, -36, -36, -36, -36, 6],
  ],
  "Goursaud and Gorce 2015, as in ns-3 lorawan LoraInterferenceHelper",
);

/** Symbols of the preamble that a receiver needs to lock: one whose first 3 of 8 alone are hit survives (LoRaSim). */
export const lockingSymbols = stated(5, "LoRaSim timing rule: the last 5 preamble symbols must be clear");

const slackDb = 1e-9;
const factors = [7, 8, 9, 10, 11, 12] as const;

/** How long two signals share the air, µs. */
function overlapUs(a: Signal, b: Signal): number {
  return Math.max(0, Math.min(a.endUs, b.endUs) - Math.max(a.startUs, b.startUs));
}

/**
 * Whether energy is enough to be received above interference of one spreading factor.
 *
 * At exactly the threshold the same spreading factor loses and another one survives: this is how ns-3's cases fall, on both
 * sides of a boundary that has no physical meaning.
 *
 * @param wantedFactor 7 … 12.
 * @param otherFactor 7 … 12.
 * @param ratioDb Wanted over interfering energy, dB.
 * @throws LinkError code `option` for another spreading factor
 */
export function withstands(wantedFactor: number, otherFactor: number, ratioDb: number): boolean {
  checkKnown("spreadingFactor", wantedFactor, factors);
  checkKnown("spreadingFactor", otherFactor, factors);
  const threshold = captureThresholdsDb.value[wantedFactor - 7]?.[otherFactor - 7] ?? Number.POSITIVE_INFINITY;
  return wantedFactor === otherFactor ? ratioDb > threshold + slackDb : ratioDb >= threshold - slackDb;
}

/**
 * Whether a signal survives others: its energy against the energy that each spreading factor spends on its channel while it
 * lasts. Each spreading factor is judged alone; signals of one add up.
 *
 * @param wanted The signal.
 * @param others Signals that may overlap it; the wanted one itself is skipped.
 * @returns The spreading factor that destroys it, or undefined if it survives.
 * @throws LinkError code `option` for a spreading factor outside 7 … 12
 */
export function destroyedBy(wanted: Signal, others: readonly Signal[]): number | undefined {
  const energies = [0, 0, 0, 0, 0, 0];
  for (const other of others) {
    if (other === wanted || other.frequencyHz !== wanted.frequencyHz) continue;
    checkKnown("spreadingFactor", other.spreadingFactor, factors);
    const place = other.spreadingFactor - 7;
    // Relative to the wanted power: dBm itself never leaves the range of a ratio.
    const ratio = ratioOfDecibels(other.powerDbm - wanted.powerDbm);
    energies[place] = (energies[place] ?? 0) + ratio * overlapUs(wanted, other);
  }
  const own = wanted.endUs - wanted.startUs;
  return factors.find((factor) => {
    const energy = energies[factor - 7] ?? 0;
    return energy > 0 && !withstands(wanted.spreadingFactor, factor, 10 * log10(own / energy));
  });
}

/**
 * Whether another signal is over before the wanted one's receiver must lock: LoRaSim's timing rule, under which a packet
 * survives that is hit in the first 3 of its 8 preamble symbols only. {@link destroyedBy} does not use it: it asks for energy.
 *
 * @param wanted The signal.
 * @param other Another, of whatever power.
 * @param bandwidthHz Of the wanted signal. Default 125,000.
 * @throws LinkError code `option` for a spreading factor or bandwidth that is not modelled
 */
export function endsBeforeLocking(wanted: Signal, other: Signal, bandwidthHz = 125_000): boolean {
  const spareSymbols = eu868Constants.preambleSymbols.value - lockingSymbols.value;
  return other.endUs <= wanted.startUs + spareSymbols * symbolUs(wanted.spreadingFactor, bandwidthHz);
}
