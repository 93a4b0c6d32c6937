/** A polynomial Σ cᵢTᵢ(z/radius) that stands for a function on [−radius, radius]. */
export interface ChebyshevSeries {
  /** c₀ … c_d. */
  readonly coefficients: Float64Array;
  readonly radius: number;
  /** Largest distance from the function on the interval, by a grid of 2,001 points. */
  readonly error: number;
}

/** Points on which the largest distance is looked for. */
const grid = 2000;

/**
 * Interpolates a function at the zeros of T_{d+1}, stretched to [−radius, radius].
 *
 * @param degree d, at least 0.
 */
export function fitChebyshev(f: (z: number) => number, degree: number, radius: number): ChebyshevSeries {
  const nodes = degree + 1;
  const angles = Array.from({ length: nodes }, (_, j) => (Math.PI * (j + 0.5)) / nodes);
  const values = angles.map((angle) => f(radius * Math.cos(angle)));
  const coefficients = Float64Array.from({ length: nodes }, (_, i) => {
    const sum = angles.reduce((total, angle, j) => total + (values[j] as number) * Math.cos(i * angle), 0);
    return (sum * (i === 0 ? 1 : 2)) / nodes;
  });
  let error = 0;
  for (let p = 0; p <= grid; p++) {
    const t = (2 * p) / grid - 1;
    error = Math.max(error, Math.abs(evaluateChebyshev(coefficients, () => t) - f(radius * t)));
  }
  return { coefficients, radius, error };
}

/**
 * Σ cᵢTᵢ by the three-term recurrence T_{i+1} = 2t·Tᵢ − T_{i−1} with a t of its own a step. With independent t of the
 * same mean the sum's expectation is the series at that mean: the t of a step meets no T that it took part in. Monomials
 * would be as unbiased and far noisier.
 *
 * @param next The t of step 1 … d.
 */
export function evaluateChebyshev(coefficients: Float64Array, next: (step: number) => number): number {
  let sum = coefficients[0] as number;
  let before = 0;
  let last = 1;
  for (let i = 1; i < coefficients.length; i++) {
    const t = next(i);
    const term = i === 1 ? t : 2 * t * last - before;
    before = last;
    last = term;
    sum += (coefficients[i] as number) * term;
  }
  return sum;
}
