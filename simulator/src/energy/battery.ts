import { stated, unverified } from "../links/constants.ts";
import { naturalLog } from "../links/elementary.ts";
import { LinkError } from "../links/errors.ts";

/** A year, s: 365.25 days. */
export const yearSecond = 31_557_600;

/** Energies of usual batteries, nominal, J: capacity · voltage · 3600 s/h. */
export const batteryJoule = {
  cr2032: unverified(2430, "225 mAh at 3 V; usual rating, from general knowledge"),
  twoAa: unverified(24_300, "two alkaline cells in series, 2,250 mAh at 3 V; usual rating, from general knowledge"),
  lithiumAa: unverified(33_696, "Li-SOCl2 AA cell, 2,600 mAh at 3.6 V; usual rating, from general knowledge"),
  fiveWattHour: stated(18_000, "5 Wh, the battery of 3GPP TR 45.820's lifetimes"),
} as const;

/** What a battery must last for. */
export interface BatteryUse {
  /** Energy of the battery, J. */
  readonly capacityJoule: number;
  /** Drawn at all times, mW. */
  readonly sleepMilliwatt: number;
  /** Energy of one message with all that goes with it, beyond sleep, J. */
  readonly messageJoule: number;
  /** Time from one message to the next, s; Infinity for none. */
  readonly intervalSecond: number;
  /** Share of its charge that the battery loses by itself in a year, 0 … below 1. Default 0. */
  readonly selfDischargeAYear?: number;
}

/**
 * How long a battery lasts, s. Without self-discharge capacity / (sleep + message / interval); with a share s lost a year, the
 * charge obeys E' = −P − E·r with r = −ln(1 − s) a year, so that it is empty after ln(1 + r·E₀/P) / r.
 *
 * @param use Battery and load.
 * @returns Seconds; Infinity where nothing is drawn.
 * @throws LinkError code `option` for a negative number, an interval of 0, or self-discharge of 1 and more
 */
export function batteryLifeSecond(use: BatteryUse): number {
  const { capacityJoule, sleepMilliwatt, messageJoule, intervalSecond, selfDischargeAYear = 0 } = use;
  refuseUnless("capacityJoule", capacityJoule, capacityJoule >= 0);
  refuseUnless("sleepMilliwatt", sleepMilliwatt, sleepMilliwatt >= 0);
  refuseUnless("messageJoule", messageJoule, messageJoule >= 0);
  refuseUnless("intervalSecond", intervalSecond, intervalSecond > 0);
  refuseUnless("selfDischargeAYear", selfDischargeAYear, selfDischargeAYear >= 0 && selfDischargeAYear < 1);
  const watt = sleepMilliwatt / 1000 + messageJoule / intervalSecond;
  if (watt === 0) return Number.POSITIVE_INFINITY;
  if (selfDischargeAYear === 0) return capacityJoule / watt;
  const rate = -naturalLog(1 - selfDischargeAYear) / yearSecond;
  return naturalLog(1 + (rate * capacityJoule) / watt) / rate;
}

function refuseUnless(option: string, value: number, isAllowed: boolean): void {
  if (!isAllowed)
    throw new LinkError("option", `${option} is out of range: ${value}`, { limit: option, actual: value });
}

/**
 * The energy of one message that a known lifetime leaves after sleep, J.
 *
 * @param use Battery and load, without the message.
 * @param lifeSecond How long the battery lasts.
 */
export function messageJouleOfLife(
  use: Pick<BatteryUse, "capacityJoule" | "sleepMilliwatt" | "intervalSecond">,
  lifeSecond: number,
): number {
  return (use.capacityJoule / lifeSecond - use.sleepMilliwatt / 1000) * use.intervalSecond;
}
