import { describe, expect, it } from "vitest";
import { evaluateChebyshev, fitChebyshev } from "../../src/train/chebyshev.ts";
import { type MarginLoss, marginLossOf } from "../../src/train/losses.ts";
import { marginPolynomial, mostDegree, polynomialWarnings } from "../../src/train/margin-polynomial.ts";

const logistic = marginLossOf("logistic") as MarginLoss;

describe("a Chebyshev series", () => {
  it("is the polynomial itself where the function is one", () => {
    const cubic = (z: number): number => 2 - z + 3 * z ** 2 - 0.5 * z ** 3;
    const { coefficients, error } = fitChebyshev(cubic, 3, 2);
    expect(error).toBeLessThan(1e-12);
    for (const z of [-2, -0.7, 0, 1.3, 2])
      expect(evaluateChebyshev(coefficients, () => z / 2)).toBeCloseTo(cubic(z), 12);
  });

  it.each([
    [2, 3, 4.2e-3],
    [2, 7, 3.0e-5],
    [4, 5, 8.4e-3],
    [4, 7, 2.0e-3],
    [8, 7, 3.0e-2],
    [8, 9, 1.3e-2],
  ])("is as far from the logistic slope over ±%i at degree %i as is known: %f", (radius, degree, known) => {
    expect(fitChebyshev(logistic.slope, degree, radius).error / known).toBeCloseTo(1, 1);
  });

  it("takes a value of its own a step", () => {
    // c3 T3 = c3 (2 t3 (2 t2 t1 - 1) - t1)
    const ts = [Number.NaN, 0.3, -0.8, 0.5];
    const value = evaluateChebyshev(Float64Array.of(0, 0, 0, 1), (step) => ts[step] as number);
    expect(value).toBeCloseTo(2 * 0.5 * (2 * -0.8 * 0.3 - 1) - 0.3, 15);
  });
});

describe("the polynomial of a degree", () => {
  it("reaches as far as it stays close to the slope, and further with every two degrees", () => {
    let before = 0;
    for (const degree of [3, 5, 7, 9, 11, 13]) {
      const { radius, error, coefficients } = marginPolynomial(logistic, degree);
      expect(coefficients).toHaveLength(degree + 1);
      expect(error).toBeLessThanOrEqual(0.005);
      expect(radius).toBeGreaterThan(before);
      before = radius;
    }
    expect(marginPolynomial(logistic, mostDegree).radius).toBeLessThanOrEqual(8);
  });

  it("tells of rows outside, and of a poor fit", () => {
    const good = marginPolynomial(logistic, 7);
    expect(polynomialWarnings(good)).toEqual([]);
    good.tally.inside = 99;
    good.tally.outside = 1;
    expect(polynomialWarnings(good).join()).toMatch(/1\.0 % of the gradients/);
    expect(polynomialWarnings({ ...good, error: 0.2 })).toHaveLength(2);
  });
});
