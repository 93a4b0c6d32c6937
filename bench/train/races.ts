import { median } from "../bench-result.ts";
import type { Contestant } from "./contestants.ts";

/** Values a second of each contestant, one figure a round. */
export type Rates = ReadonlyMap<string, readonly number[]>;

/** Seconds of epochs before anything counts, as the compilers improve on code that runs. */
const warmSeconds = 0.5;
/** Least seconds of a sample: what a slow engine's epoch takes, so that the machine disturbs all samples alike. */
const sampleSeconds = 0.2;

/** Values a second over epochs that fill so many seconds. */
async function rateOver(contestant: Contestant, step: number, least: number): Promise<number> {
  let seconds = 0;
  let epochs = 0;
  for (; seconds < least; epochs++) seconds += await contestant.epoch(step);
  return (epochs * contestant.values) / seconds;
}

/** Everyone once a round, with the round's number, in turned-round order from one round to the next. */
function* inTurn<One>(all: readonly One[], rounds: number): Generator<readonly [one: One, round: number]> {
  for (let round = 0; round < rounds; round++)
    for (const one of round % 2 === 0 ? all : [...all].reverse()) yield [one, round];
}

/** Rates of all contestants, {@link inTurn}. */
export async function measureRates(
  contestants: readonly Contestant[],
  rounds: number,
  step: number,
  progress: (line: string) => void,
): Promise<Rates> {
  const rates = new Map<string, number[]>(contestants.map(({ id }) => [id, []]));
  for (const contestant of contestants) await rateOver(contestant, step, warmSeconds);
  for (const [contestant, round] of inTurn(contestants, rounds)) {
    progress(`round ${round + 1} of ${rounds}: ${contestant.id}`);
    rates.get(contestant.id)?.push(await rateOver(contestant, step, sampleSeconds));
  }
  return rates;
}

/** The median over the rounds of one rate over another of the same round. */
export function medianRatio(rates: Rates, id: string, baseline: string): number {
  const below = rates.get(baseline) ?? [];
  return median((rates.get(id) ?? []).map((rate, round) => rate / (below[round] as number)));
}

/** Loss against time: seconds in epochs so far, loss over the optimum's. */
export interface LossCurve {
  readonly id: string;
  readonly points: readonly { readonly seconds: number; readonly loss: number }[];
}

/** What {@link descend} takes. */
export interface Slope {
  /** First step of a contestant; it is halved after each epoch. */
  alphaOf(contestant: Contestant): number;
  readonly epochs: number;
}

/**
 * Descends from 0 with all of a group in step, an epoch of each after another: what else the machine does meanwhile slows
 * all of them. Contestants that share a program's model can't be in one group.
 *
 * @param seed Of the order of mini-batches and of rounding.
 * @returns Curves of those that tell their model.
 */
async function descend(group: readonly Contestant[], seed: number, { alphaOf, epochs }: Slope): Promise<LossCurve[]> {
  const points = new Map<Contestant, { seconds: number; loss: number }[]>(group.map((contestant) => [contestant, []]));
  for (const contestant of group) await contestant.reset(seed);
  for (const [contestant, epoch] of inTurn(group, epochs)) {
    const own = points.get(contestant);
    if (own === undefined) continue;
    const seconds = await contestant.epoch(alphaOf(contestant) / 2 ** epoch);
    const loss = await contestant.loss();
    if (loss === undefined) points.delete(contestant);
    else own.push({ seconds: (own.at(-1)?.seconds ?? 0) + seconds, loss });
  }
  return Array.from(points, ([{ id }, own]) => ({ id, points: own }));
}

/** Descents of each contestant that tells its model, one a round. */
export type Descents = ReadonlyMap<string, readonly LossCurve[]>;

/** Descents of all groups, {@link inTurn}; in each round with another seed. */
export async function measureDescents(
  groups: readonly (readonly Contestant[])[],
  rounds: number,
  slope: Slope,
  progress: (line: string) => void,
): Promise<Descents> {
  const descents = new Map<string, LossCurve[]>();
  const silent = new Set<readonly Contestant[]>();
  for (const [group, round] of inTurn(groups, rounds)) {
    if (silent.has(group)) continue;
    progress(`round ${round + 1} of ${rounds}: ${group.map(({ id }) => id).join(", ")} descend`);
    const curves = await descend(group, round + 1, slope);
    if (curves.length === 0) silent.add(group);
    for (const curve of curves) descents.set(curve.id, [...(descents.get(curve.id) ?? []), curve]);
  }
  return descents;
}

/** The curve of the middle one of the times that descents took; of an even number the quicker of two. */
export function middleCurve(curves: readonly LossCurve[]): LossCurve | undefined {
  const took = ({ points }: LossCurve): number => points.at(-1)?.seconds ?? 0;
  return [...curves].sort((a, b) => took(a) - took(b))[(curves.length - 1) >> 1];
}

/** Seconds until the loss is within a share of the optimum's, between epochs by straight line; undefined if never. */
export function secondsTo({ points }: LossCurve, share: number): number | undefined {
  const at = points.findIndex(({ loss }) => loss <= 1 + share);
  const [here, before] = [points[at], points[at - 1]];
  if (here === undefined || before === undefined) return here?.seconds;
  const part = (before.loss - 1 - share) / (before.loss - here.loss);
  return before.seconds + part * (here.seconds - before.seconds);
}
