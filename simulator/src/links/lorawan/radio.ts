import { type Constants, stated } from "../constants.ts";
import { log10 } from "../elementary.ts";
import { checkKnown } from "../errors.ts";

const loraSim = "LoRaSim loraDir.py (its code takes the natural logarithm; base 10 is meant and used here)";

/** Constants of propagation and reception at 868 MHz, by spreading factor 7 … 12 where a table, with sources. */
export const radioConstants = {
  pathLossDbAtReference: stated(127.41, loraSim),
  pathLossExponent: stated(2.08, loraSim),
  pathLossReferenceMetre: stated(40, loraSim),
  sensitivityDbm: stated([-124, -127, -130, -133, -135, -137], "ns-3 lorawan, energy detection of an end device"),
  measuredSensitivityDbm: stated([-126.5, -127.25, -131.25, -132.75, -134.5, -133.25], "LoRaSim, measured at 125 kHz"),
} as const satisfies Constants;

/**
 * Path loss, dB: 127.41 + 10 · 2.08 · log10(d / 40 m).
 *
 * @param distanceMetre Above 0; below 1 m it is taken as 1 m, where the formula has lost its sense.
 */
export function pathLossDb(distanceMetre: number): number {
  const { pathLossDbAtReference, pathLossExponent, pathLossReferenceMetre } = radioConstants;
  const ratio = Math.max(distanceMetre, 1) / pathLossReferenceMetre.value;
  return pathLossDbAtReference.value + 10 * pathLossExponent.value * log10(ratio);
}

/**
 * The weakest signal that a gateway receives, dBm.
 *
 * @param spreadingFactor 7 … 12.
 * @throws LinkError code `option` for another
 */
export function sensitivityDbm(spreadingFactor: number): number {
  checkKnown("spreadingFactor", spreadingFactor, [7, 8, 9, 10, 11, 12]);
  return radioConstants.sensitivityDbm.value[spreadingFactor - 7] ?? Number.NaN;
}

/**
 * The fastest spreading factor that a signal is strong enough for.
 *
 * @param receivedDbm Power at the gateway, dBm.
 * @param marginDb How far above the sensitivity it must be. Default 0.
 * @returns 7 … 12, or undefined where even 12 is out of reach.
 */
export function fastestSpreadingFactor(receivedDbm: number, marginDb = 0): number | undefined {
  return [7, 8, 9, 10, 11, 12].find((spreadingFactor) => receivedDbm >= sensitivityDbm(spreadingFactor) + marginDb);
}
