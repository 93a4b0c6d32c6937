import type { Judge } from "./lag-model.ts";
import type { Message, Series } from "./series.ts";

/** Kinds of ways, as the picture tells them apart. */
export const families = [
  "text and metrics",
  "typed arrays",
  "lossless",
  "compressed",
  "nearest",
  "dead-band",
  "ours",
] as const;
export type Family = (typeof families)[number];

/** Excess test risk of the model learned: 0.001 is 0.1 %. */
export interface Risk {
  /** Mean over the seeds. */
  readonly mean: number;
  /** Standard error of that mean; 0 where nothing is left to chance. */
  readonly error: number;
  /** Of a peer without chance in it: at exactly the step named, and not at steps around it. */
  readonly atSetting?: number;
}

/** One way to ship a series, with its settings settled. */
export interface Candidate {
  /** What a table names: `brotli`, `dither arithmetic`. */
  readonly way: string;
  readonly family: Family;
  /** What was set: `4 bit`, `float16`. */
  readonly setting: string;
  /** Step over the planned step, where there is one. */
  readonly scale?: number;
  readonly risk: Risk;
  /** Bytes of a message's payload; 0 for one that is not sent. */
  bytes(message: Message): number;
  /** Of messages that have a topic of their own by a standard. */
  readonly topic?: string;
}

/** A series with what its ways need to know. */
export interface Subject {
  readonly series: Series;
  readonly judge: Judge;
  readonly low: number;
  readonly high: number;
  /** Steps over the planned one that lossy ways are tried at. */
  readonly scales: readonly number[];
  readonly seeds: number;
}

/** Nothing is lost. */
export const exactRisk: Risk = Object.freeze({ mean: 0, error: 0 });

/** Mean and standard error of excess risks. */
export function riskOf(excesses: readonly number[]): Risk {
  const count = excesses.length;
  const mean = excesses.reduce((sum, value) => sum + value, 0) / count;
  if (!Number.isFinite(mean)) return { mean: Number.POSITIVE_INFINITY, error: Number.POSITIVE_INFINITY };
  const squares = excesses.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: count > 1 ? Math.sqrt(squares / (count - 1) / count) : 0 };
}

/** The excess test risk allowed, and the standard error up to which it counts as known. */
export const goal = { excess: 0.001, error: 0.0005 } as const;

/** Seeds after which a setting far from the goal is left: what it misses it by needs no precision. */
const fewSeeds = 5;

/** Risk over the seeds 0 … seeds − 1, or fewer where the first ones show that it is far from the goal. */
export function seededRisk(seeds: number, excessOf: (seed: number) => number): Risk {
  const excesses: number[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    if (seed === fewSeeds) {
      const { mean, error } = riskOf(excesses);
      const isFar = mean - 4 * error > goal.excess || error * Math.sqrt(fewSeeds / seeds) > 3 * goal.error;
      if (isFar || !Number.isFinite(mean)) break;
    }
    excesses.push(excessOf(seed));
  }
  return riskOf(excesses);
}

/** Excess risk of the model learned plainly from decoded readings. */
export function plainExcess({ judge, series }: Subject, decode: (values: Float64Array) => Float64Array): number {
  return judge.excess(judge.sumsOf(series.segments.map(decode)));
}

/**
 * Risk of a way without chance in it: at a goal of 0.1 % a step passes or fails by luck, so that its mean is taken over
 * steps within an eighth of an octave, the one named first.
 */
export function spreadRisk({ seeds }: Subject, step: number, excessAt: (step: number) => number): Risk {
  const atSetting = excessAt(step);
  // Odd strides visit both sides early.
  const around = (seed: number): number => step * 2 ** ((((seed * 7) % seeds) / seeds - 0.5) / 4);
  return { ...seededRisk(seeds, (seed) => (seed === 0 ? atSetting : excessAt(around(seed)))), atSetting };
}
