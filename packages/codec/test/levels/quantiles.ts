/** 1/√(2π)·exp(−x²/2). */
function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/**
 * P(X > x) of a standard normal X, for x >= 0: below 3 one half minus density·(x + x³/3 + x⁵/15 + …), all terms of one
 * sign; above, density over the continued fraction x + 1/(x + 2/(x + 3/…)).
 */
export function upperTail(x: number): number {
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let n = 3; term > 1e-18 * sum; n += 2) {
      term *= (x * x) / n;
      sum += term;
    }
    return 0.5 - density(x) * sum;
  }
  let fraction = x;
  for (let n = 60; n >= 1; n--) fraction = x + n / fraction;
  return density(x) / fraction;
}

/** F⁻¹((i + ½)/size) of the standard normal, ascending: Newton steps on the tail, each point from its neighbour. */
export function normalPoints(size: number): Float64Array {
  const points = new Float64Array(size);
  let x = 0;
  for (let i = size >> 1; i < size; i++) {
    const tail = (size - i - 0.5) / size;
    // On the logarithm of the tail Newton converges from anywhere: it is concave.
    for (let step = Number.POSITIVE_INFINITY; Math.abs(step) > 1e-13 * (1 + x); x += step) {
      const reached = upperTail(x);
      step = (Math.log(reached / tail) * reached) / density(x);
    }
    points[size - 1 - i] = -x;
    points[i] = x;
  }
  return points;
}

/** F⁻¹((i + ½)/size) of the shapes with known ratios; bimodal is 70 % of N(0, 1) and 30 % of N(8, ½²), sorted. */
export const quantiles: Readonly<Record<string, (size: number) => Float64Array>> = {
  normal: normalPoints,
  exponential: (size) => Float64Array.from({ length: size }, (_, i) => -Math.log((size - i - 0.5) / size)),
  lognormal: (size) => normalPoints(size).map(Math.exp),
  bimodal: (size) => {
    const first = Math.round(0.7 * size);
    const both = new Float64Array(size);
    both.set(normalPoints(first));
    both.set(
      normalPoints(size - first).map((x) => 8 + 0.5 * x),
      first,
    );
    return both.sort();
  },
};
