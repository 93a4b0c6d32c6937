import { stated, unverified } from "../links/constants.ts";
import { log10, ratioOfDecibels } from "../links/elementary.ts";
import { pathLossDb, radioConstants, sensitivityDbm } from "../links/lorawan/radio.ts";
import type { LorawanOptions } from "../scenario/link-options.ts";

/** Constants of where signals reach, beside those of the built-up model, which the link has. */
export const propagationConstants = {
  ...radioConstants,
  ouluDbAtKilometre: unverified(128.95, "Petäjäjärvi et al. 2015, measurements in Oulu; from general knowledge"),
  ouluExponent: unverified(2.32, "Petäjäjärvi et al. 2015, measurements in Oulu; from general knowledge"),
  shadowing: stated("log-normal, one draw a device", "FLoRa LoRaLogNormalShadowing"),
} as const;

/**
 * Mean path loss, dB.
 *
 * @param model The scenario's model.
 * @param metres Distance; below 1 m it is taken as 1 m.
 */
export function meanPathLoss(model: LorawanOptions["pathLoss"], metres: number): number {
  if (model === "built-up") return pathLossDb(metres);
  const { ouluDbAtKilometre, ouluExponent } = propagationConstants;
  return ouluDbAtKilometre.value + 10 * ouluExponent.value * log10(Math.max(metres, 1) / 1000);
}

/** Sensitivities by factor, looked up once: every device of a fleet asks for several. */
const sensitivities = Float64Array.of(7, 8, 9, 10, 11, 12).map(sensitivityDbm);

/** How a device on LoRaWAN sends. */
export interface RadioPlace {
  /** 0 for spreading factor 7 … 5 for 12. */
  readonly factor: number;
  /** At the gateway, dBm. */
  readonly receivedDbm: number;
  /** At the gateway, mW. */
  readonly power: number;
  /** Above the gateway's sensitivity at this factor. */
  readonly isAudible: boolean;
}

/**
 * Where a device at some distance stands.
 *
 * @param options Of the link.
 * @param metres Distance from the gateway.
 * @param shadow Standard normal draw of the device.
 */
export function radioPlace(options: LorawanOptions, metres: number, shadow: number): RadioPlace {
  const { transmitPowerDbm, pathLoss, shadowingDb, spreadingFactor, marginDb } = options;
  const receivedDbm = transmitPowerDbm - meanPathLoss(pathLoss, metres) - shadowingDb * shadow;
  let factor = spreadingFactor === "auto" ? 0 : spreadingFactor - 7;
  if (spreadingFactor === "auto")
    while (factor < 5 && receivedDbm < (sensitivities[factor] as number) + marginDb) factor += 1;
  const isAudible = receivedDbm >= (sensitivities[factor] as number);
  return { factor, receivedDbm, power: ratioOfDecibels(receivedDbm), isAudible };
}
