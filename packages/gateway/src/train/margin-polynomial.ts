import { type ChebyshevSeries, fitChebyshev } from "./chebyshev.ts";
import type { MarginLoss } from "./losses.ts";

/** Largest degree: one draw a step and one for the outer factor, of the 15 that a code carries at most. */
export const mostDegree = 14;

/** Degree where none is asked for: 8 draws, which 8 bits hold on 31 intervals. */
export const usualDegree = 7;

/** How far the polynomial may be from the slope. */
const tolerance = 0.005;
/** Bounds of the interval. Beyond 8 the logistic slope is flat, and naive rounding makes no bias there. */
const narrowest = 1;
const widest = 8;

/** The slope of a margin loss as a polynomial, and how often rows lay outside its interval. */
export interface MarginPolynomial extends ChebyshevSeries {
  /** Gradients formed in this training, counted by the engine. */
  readonly tally: { inside: number; outside: number };
}

/**
 * The polynomial of a degree, on the widest interval of z, ±1 to ±8, on which it stays within 0.005 of the slope (at
 * degree 7 about ±4.7). Outside an interval a polynomial explodes: a row whose margin, by the mean of its draws, lies there
 * gets the slope itself and is counted.
 *
 * @param degree 1 to {@link mostDegree}.
 */
export function marginPolynomial({ slope }: MarginLoss, degree: number): MarginPolynomial {
  let [low, high] = [narrowest, widest];
  for (let halvings = 0; halvings < 20; halvings++) {
    const middle = (low + high) / 2;
    if (fitChebyshev(slope, degree, middle).error <= tolerance) low = middle;
    else high = middle;
  }
  const full = fitChebyshev(slope, degree, widest);
  const series = full.error <= tolerance ? full : fitChebyshev(slope, degree, low);
  return { ...series, tally: { inside: 0, outside: 0 } };
}

/** What a user is told of rows outside the interval, and of a poor fit. */
export function polynomialWarnings({ tally, radius, coefficients, error }: MarginPolynomial): string[] {
  const warnings: string[] = [];
  const degree = coefficients.length - 1;
  const share = tally.outside / Math.max(tally.inside + tally.outside, 1);
  if (share > 0)
    warnings.push(
      `polynomial of degree ${degree}: ${(100 * share).toPrecision(2)} % of the gradients had a margin beyond ±${radius.toPrecision(3)} and were formed as naive ones, which is biased; a higher degree reaches further`,
    );
  if (error > 2 * tolerance)
    warnings.push(
      `polynomial of degree ${degree}: up to ${error.toPrecision(2)} from the slope of the loss; a higher degree comes closer`,
    );
  return warnings;
}
