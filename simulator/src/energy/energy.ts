import type { StateTimes, Transfer } from "../links/link.ts";
import type { PowerProfile } from "./profiles.ts";

/** Energy of one transfer by what it was spent on, whole nJ: sums are exact to 2⁵³ nJ = 9 MJ; beyond that add as BigInt. */
export interface EnergySplit {
  readonly transmitNj: number;
  readonly receiveNj: number;
  readonly idleNj: number;
  readonly sessionNj: number;
}

/**
 * Energy of a time in a state, whole nJ: one milliwatt for one microsecond is one nanojoule.
 *
 * @param milliwatt The power.
 * @param us The time.
 */
export function stateNj(milliwatt: number, us: number): number {
  return Math.round(milliwatt * us);
}

/**
 * The energy of a message, join or keep-alive, split by cause.
 *
 * @param profile What the device draws.
 * @param transfer Its times and sessions.
 */
export function energyNj(profile: PowerProfile, transfer: Pick<Transfer, "states" | "sessions">): EnergySplit {
  const { transmitUs, receiveUs, idleUs } = transfer.states;
  return {
    transmitNj: stateNj(profile.transmitMilliwatt, transmitUs),
    receiveNj: stateNj(profile.receiveMilliwatt, receiveUs),
    idleNj: stateNj(profile.idleMilliwatt, idleUs),
    sessionNj: transfer.sessions * profile.sessionNj,
  };
}

/**
 * The parts of a split together, whole nJ.
 *
 * @param split The parts.
 */
export function totalNj({ transmitNj, receiveNj, idleNj, sessionNj }: EnergySplit): number {
  return transmitNj + receiveNj + idleNj + sessionNj;
}

/**
 * The energy of sleeping through the rest of a time, whole nJ.
 *
 * @param profile What the device draws.
 * @param spanUs The time in all.
 * @param awake Time in other states within it.
 */
export function sleepNj(profile: PowerProfile, spanUs: number, awake: StateTimes): number {
  const awakeUs = awake.transmitUs + awake.receiveUs + awake.idleUs;
  return stateNj(profile.sleepMilliwatt, Math.max(0, spanUs - awakeUs));
}
