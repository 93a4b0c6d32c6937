import { median } from "../bench-result.ts";
import type { Contestant } from "./contestants.ts";

/** Values a second of each contestant, one figure a round. */
export type Rates = ReadonlyMap<string, readonly number[]>;

/** Seconds of epochs before anything counts, as the compilers improve on code that runs, and least seconds of a sample. */
const warmSeconds = 0.25;
const sampleSeconds = 0.05;

/** Values a second over epochs that fill so many seconds. */
async function rateOver(contestant: Contestant, step: number, least: number): Promise<number> {
  let seconds = 0;
  let epochs = 0;
  for (; seconds < least; epochs++) seconds += await contestant.epoch(step);
  return (epochs * contestant.values) / seconds;
}

/** Every contestant once a round, with the round's number, in turned-round order from one round to the next. */
function* inTurn(
  contestants: readonly Contestant[],
  rounds: number,
): Generator<readonly [contestant: Contestant, round: number]> {
  for (let round = 0; round < rounds; round++)
    for (const contestant of round % 2 === 0 ? contestants : [...contestants].reverse()) yield [contestant, round];
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

/**
 * Descends from 0 with a step that is halved after each epoch.
 *
 * @param seed Of the order of mini-batches and of rounding.
 * @param epochs How many.
 * @returns Undefined where the contestant does not tell its model.
 */
export async function descend(
  contestant: Contestant,
  seed: number,
  alpha: number,
  epochs: number,
): Promise<LossCurve | undefined> {
  await contestant.reset(seed);
  const points: { seconds: number; loss: number }[] = [];
  let seconds = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    seconds += await contestant.epoch(alpha / 2 ** epoch);
    const loss = await contestant.loss();
    if (loss === undefined) return undefined;
    points.push({ seconds, loss });
  }
  return { id: contestant.id, points };
}

/** Descents of each contestant that tells its model, one a round. */
export type Descents = ReadonlyMap<string, readonly LossCurve[]>;

/** Descents of all contestants, {@link inTurn}; in each round with another seed. */
export async function measureDescents(
  contestants: readonly Contestant[],
  rounds: number,
  one: (contestant: Contestant, seed: number) => Promise<LossCurve | undefined>,
): Promise<Descents> {
  const descents = new Map<string, LossCurve[]>();
  const silent = new Set<Contestant>();
  for (const [contestant, round] of inTurn(contestants, rounds)) {
    const curve = silent.has(contestant) ? undefined : await one(contestant, round + 1);
    if (curve === undefined) silent.add(contestant);
    else descents.set(contestant.id, [...(descents.get(contestant.id) ?? []), curve]);
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
