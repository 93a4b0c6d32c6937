import { type ChebyshevSeries, evaluateChebyshev } from "./chebyshev.ts";

/** Bernoulli numbers B₂, B₄ … B₁₆: a uniform error of width Δ has the cumulants κ₂ₘ = B₂ₘ·Δ²ᵐ/(2m). */
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510] as const;

/** A series and what corrects its product with a dithered reading, for one model. */
export interface DitherSeries {
  /** f̃(ẑ), of which the expectation over the dither is the polynomial at the exact margin. */
  value(margin: number): number;
  /** Adds f̃′, f̃‴ … at a margin to `sums`, as many as {@link DitherSeries.orders}. */
  addOdd(margin: number, sums: Float64Array): void;
  /** How many odd derivatives do not vanish. */
  readonly orders: number;
  /** Σₘ κ₂ₘ,ᵢ·xᵢ²ᵐ⁻¹/(2m−1)!·sums[m−1], to be subtracted from coordinate i of Σ b·f̃(ẑ)·mᵢ. */
  correction(i: number, sums: Float64Array): number;
}

/** Coefficients of the derivative by z of a series in z/radius. */
function derivative(coefficients: Float64Array, radius: number): Float64Array {
  const degree = coefficients.length - 1;
  const out = new Float64Array(Math.max(degree, 1));
  for (let i = degree; i >= 1; i--) {
    const above = i + 1 < out.length ? (out[i + 1] as number) : 0;
    out[i - 1] = above + 2 * i * (coefficients[i] as number);
  }
  out[0] = (out[0] as number) / 2;
  return out.map((value) => value / radius);
}

/**
 * Dithered readings m = a + e, each e uniform over its step and independent of all else, give a margin ẑ = z + Σ±xᵢeᵢ. The
 * expectation of f(ẑ) is M(D)·f at z, with D the derivative and ln M the sum of the cumulants' terms; hence f̃ = M(D)⁻¹·P
 * gives P(z) without bias, and E[f̃(ẑ)·eᵢ] is the odd terms of eᵢ's own cumulants: one symbol serves every degree. All by
 * derivatives of the Chebyshev series, as monomials would lose their digits.
 *
 * @param series P, of degree 14 at most.
 * @param x The features' weights.
 * @param steps Δ of each feature, in standardised units.
 */
export function ditherSeries(
  { coefficients, radius }: ChebyshevSeries,
  x: Float64Array,
  steps: Float64Array,
): DitherSeries {
  const degree = coefficients.length - 1;
  const half = Math.floor(degree / 2);
  const derivatives = [coefficients];
  for (let order = 1; order <= degree; order++)
    derivatives.push(derivative(derivatives[order - 1] as Float64Array, radius));
  const inverse = inverseOperator(half, x, steps);
  // f̃ and its derivatives, as sums of even derivatives further on.
  const corrected = derivatives.map((_, order) => {
    const sum = new Float64Array(coefficients.length);
    for (let m = 0; order + 2 * m <= degree; m++)
      for (const [i, value] of (derivatives[order + 2 * m] as Float64Array).entries())
        sum[i] = (sum[i] as number) + (inverse[m] as number) * value;
    return sum.subarray(0, degree - order + 1);
  });
  const at = (order: number, margin: number): number =>
    evaluateChebyshev(corrected[order] as Float64Array, () => margin / radius);
  const orders = Math.ceil(degree / 2);
  return {
    value: (margin) => at(0, margin),
    addOdd: (margin, sums) => {
      for (let m = 0; m < orders; m++) sums[m] = (sums[m] as number) + at(2 * m + 1, margin);
    },
    orders,
    correction: (i, sums) => {
      const [weight, step] = [x[i] as number, steps[i] as number];
      let sum = 0;
      let power = weight * step * step; // xᵢ²ᵐ⁻¹·Δᵢ²ᵐ/(2m−1)!
      for (let m = 1; m <= orders; m++) {
        sum += ((bernoulli[m - 1] as number) / (2 * m)) * power * (sums[m - 1] as number);
        power *= (weight * step) ** 2 / (2 * m * (2 * m + 1));
      }
      return sum;
    },
  };
}

/** Coefficients of D⁰, D², D⁴ … of M(D)⁻¹ = exp(−Σ κ₂ₘD²ᵐ/(2m)!), κ₂ₘ of the whole margin. */
function inverseOperator(half: number, x: Float64Array, steps: Float64Array): Float64Array {
  const exponents = new Float64Array(half + 1);
  let factorial = 1;
  for (let m = 1; m <= half; m++) {
    factorial *= (2 * m - 1) * 2 * m;
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += ((x[i] as number) * (steps[i] as number)) ** (2 * m);
    exponents[m] = (-(bernoulli[m - 1] as number) * sum) / (2 * m) / factorial;
  }
  const out = new Float64Array(half + 1);
  out[0] = 1;
  for (let n = 1; n <= half; n++) {
    let sum = 0;
    for (let m = 1; m <= n; m++) sum += m * (exponents[m] as number) * (out[n - m] as number);
    out[n] = sum / n;
  }
  return out;
}
