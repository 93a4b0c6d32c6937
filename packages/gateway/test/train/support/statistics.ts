/** Running mean, variance and the variance's own spread of one number. */
export interface Tally {
  count: number;
  sum: number;
  squares: number;
  cubes: number;
  fourths: number;
}

export function createTally(): Tally {
  return { count: 0, sum: 0, squares: 0, cubes: 0, fourths: 0 };
}

/** @param about A number near the mean, so that the powers lose no digits. */
export function note(tally: Tally, value: number): void {
  const square = value * value;
  tally.count += 1;
  tally.sum += value;
  tally.squares += square;
  tally.cubes += square * value;
  tally.fourths += square * square;
}

export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly meanError: number;
  readonly variance: number;
  /** Standard error of the variance. */
  readonly varianceError: number;
}

export function estimate({ count, sum, squares, cubes, fourths }: Tally): Estimate {
  const mean = sum / count;
  const variance = squares / count - mean ** 2;
  const fourth = fourths / count - (4 * mean * cubes) / count + (6 * mean ** 2 * squares) / count - 3 * mean ** 4;
  return {
    mean,
    meanError: Math.sqrt(variance / count),
    variance,
    varianceError: Math.sqrt(Math.max(fourth - variance ** 2, 0) / count),
  };
}

/** Largest distance from the expected means, in standard errors; a coordinate without spread must agree exactly. */
export function worstError(tallies: readonly Tally[], expected: ArrayLike<number>): number {
  let worst = 0;
  for (const [i, tally] of tallies.entries()) {
    const { mean, meanError } = estimate(tally);
    const off = Math.abs(mean - (expected[i] as number));
    worst = Math.max(worst, off < 1e-12 ? 0 : off / meanError);
  }
  return worst;
}

/** What all statistical tests here allow, in standard errors. */
export const allowed = 5;
