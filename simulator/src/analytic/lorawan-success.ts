import { type RadioPlace, radioPlace } from "../engine/propagation.ts";
import { ratioOfDecibels } from "../links/elementary.ts";
import { captureThresholdsDb } from "../links/lorawan/interference.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** Devices of a cell that stand alike. */
export interface Standing extends RadioPlace {
  /** Share of the cell's devices. */
  readonly share: number;
}

/** Rings of a disc, and levels of shadowing of equal chance. */
const rings = 64;
const shadows = 9;

/** Quantile of the standard normal distribution (P. J. Acklam's rational approximation, relative error below 1.2e-9). */
function normalQuantile(p: number): number {
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  const horner = (coefficients: readonly number[], x: number): number =>
    coefficients.reduce((sum, c) => sum * x + c, 0);
  const q = p - 0.5;
  const r = q * q;
  return (q * horner(a, r)) / horner(b, r);
}

/** Distance at which a share of a disc lies within. */
const ringAt = (metres: number, share: number): number => metres * Math.sqrt(share);

/** Shares of a disc within which the spreading factor changes, found by halving. */
function factorEdges(scenario: Scenario): readonly number[] {
  const { metres } = scenario.fleet.placement;
  const { lorawan } = scenario.links;
  const factorAt = (share: number): number => radioPlace(lorawan, ringAt(metres, share), 0).factor;
  const edges = [0];
  const last = factorAt(1);
  for (let factor = factorAt(0); factor < last; factor++) {
    let low = edges.at(-1) ?? 0;
    let high = 1;
    for (let step = 0; step < 40; step++) {
      const middle = (low + high) / 2;
      if (factorAt(middle) <= factor) low = middle;
      else high = middle;
    }
    edges.push(low);
  }
  return [...edges, 1];
}

/** Rings of a disc: each of one spreading factor, all of about the same area. */
function ringsOf(scenario: Scenario): readonly { readonly metres: number; readonly share: number }[] {
  const { metres, kind } = scenario.fleet.placement;
  if (kind === "ring") return [{ metres, share: 1 }];
  const edges = factorEdges(scenario);
  return edges.slice(1).flatMap((to, i) => {
    const from = edges[i] ?? 0;
    const count = Math.max(1, Math.round((to - from) * rings));
    const share = (to - from) / count;
    return Array.from({ length: count }, (_, ring) => ({ metres: ringAt(metres, from + (ring + 0.5) * share), share }));
  });
}

/**
 * Where the devices of a cell stand, as some points: rings of a disc, levels of shadowing.
 *
 * @param scenario Placement and LoRaWAN's options count.
 */
export function standings(scenario: Scenario): readonly Standing[] {
  const { lorawan } = scenario.links;
  const draws =
    lorawan.shadowingDb > 0 ? Array.from({ length: shadows }, (_, i) => normalQuantile((i + 0.5) / shadows)) : [0];
  return ringsOf(scenario).flatMap(({ metres, share }) =>
    draws.map((shadow) => ({ ...radioPlace(lorawan, metres, shadow), share: share / draws.length })),
  );
}

/** What is sent from one standing. */
export interface Traffic {
  /** Transmissions a second of all devices that stand so, of one cell and channel. */
  readonly rate: number;
  /** Time on air, s. */
  readonly airtime: number;
}

/** Least ratio of energies, by wanted and interfering factor; 0 where one does not disturb the other. */
function thresholdsOf(scenario: Scenario): readonly Float64Array[] {
  const { captureDb, crossInterference } = scenario.links.lorawan;
  return captureThresholdsDb.value.map((row, wanted) =>
    Float64Array.from(row, (decibels, other) =>
      wanted === other ? ratioOfDecibels(captureDb) : crossInterference ? ratioOfDecibels(decibels) : 0,
    ),
  );
}

/**
 * Chance that a transmission meets no other that destroys it, by standing. Another one of length T′ that begins at random
 * destroys one of length T if they overlap by at least x = T · (power / other power) / threshold, which holds for
 * T + T′ − 2x of its beginnings, where x ≤ min(T, T′); with x → 0 that is exp(−2G) of ALOHA. That several, each too weak
 * alone, destroy it together is left out.
 *
 * @param scenario The thresholds count.
 * @param places Where devices stand.
 * @param traffic What they send, by standing.
 */
export function survival(scenario: Scenario, places: readonly Standing[], traffic: readonly Traffic[]): Float64Array {
  const thresholds = thresholdsOf(scenario);
  const powers = Float64Array.from(places, ({ power }) => power);
  const rates = Float64Array.from(traffic, ({ rate }) => rate);
  const airtimes = Float64Array.from(traffic, ({ airtime }) => airtime);
  const factors = Uint8Array.from(places, ({ factor }) => factor);
  return Float64Array.from(places, ({ power, factor }, wanted) => {
    const row = thresholds[factor] as Float64Array;
    const own = airtimes[wanted] as number;
    let expected = 0;
    for (let other = 0; other < powers.length; other++) {
      const threshold = row[factors[other] as number] as number;
      const its = airtimes[other] as number;
      const overlap = (own * power) / ((powers[other] as number) * threshold);
      if (overlap <= own && overlap <= its) expected += (rates[other] as number) * (own + its - 2 * overlap);
    }
    return Math.exp(-expected);
  });
}
