/** A finite law: every outcome with its probability. */
export type Law = readonly (readonly [probability: number, outcome: number])[];

/** Mean, variance and fourth central moment of a law, exact but for rounding. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly fourth: number;
}

/** Moments by enumeration. */
export function moments(law: Law): Moments {
  const expect = (f: (x: number) => number): number => law.reduce((sum, [p, x]) => sum + p * f(x), 0);
  const mean = expect((x) => x);
  return { mean, variance: expect((x) => (x - mean) ** 2), fourth: expect((x) => (x - mean) ** 4) };
}

/** The law of how many of k independent draws go up. */
export function binomial(k: number, p: number): number[] {
  let law = [1];
  for (let draw = 0; draw < k; draw++)
    law = Array.from({ length: law.length + 1 }, (_, u) => (law[u] ?? 0) * (1 - p) + (law[u - 1] ?? 0) * p);
  return law;
}

/** Adds up a sample's mean and variance around a centre that is known beforehand. */
export interface Tally {
  add(x: number): void;
  readonly n: number;
  readonly mean: number;
  /** Mean of the squared distance from the centre. */
  readonly variance: number;
}

/** A tally around a centre, here always the exact mean. */
export function createTally(centre: number): Tally {
  let n = 0;
  let sum = 0;
  let squares = 0;
  return {
    add: (x) => {
      n += 1;
      sum += x - centre;
      squares += (x - centre) ** 2;
    },
    get n() {
      return n;
    },
    get mean() {
      return centre + sum / n;
    },
    get variance() {
      return squares / n;
    },
  };
}

/** How many standard errors a sample's mean lies from the exact one; rounding alone counts for nothing. */
export function meanScore(tally: Tally, exact: Moments): number {
  return score(tally.mean - exact.mean, Math.sqrt(exact.variance / tally.n), Math.abs(exact.mean));
}

/** The same for the variance, whose own variance is (μ₄ − σ⁴)/n. */
export function varianceScore(tally: Tally, exact: Moments): number {
  const error = Math.sqrt(Math.max(0, exact.fourth - exact.variance ** 2) / tally.n);
  return score(tally.variance - exact.variance, error, exact.variance);
}

function score(difference: number, standardError: number, size: number): number {
  const rounding = 1e-9 * (size + 1);
  if (Math.abs(difference) <= rounding) return 0;
  return Math.abs(difference) / Math.max(standardError, rounding);
}
