import { describe, expect, it } from "vitest";
import { addGuard, guardFloor, guardTerm, guardWarnings, spectrumOf } from "../../src/train/guard.ts";
import { solveGuarded } from "../../src/train/solve.ts";

const scalingOf = (deviations: number[], spread = 0, rows = 100) => ({
  rows,
  means: new Float64Array(deviations.length),
  deviations: Float64Array.from(deviations),
  spreads: new Float64Array(deviations.length).fill(spread),
  targetMean: 0,
  targetDeviation: 1,
});

// Eigenvalues 2.1, 1 and −0.1, and a column without variance.
const matrix = Float64Array.from([1, 1.1, 0, 0, 1.1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
const scaling = scalingOf([1, 1, 0, 1], 0.04);
const root = Math.SQRT1_2;

describe("the guard", () => {
  it("takes its floor from the largest average d", () => {
    expect(guardFloor(scaling)).toBeCloseTo(0.5 * Math.sqrt(0.04 / 100), 15);
    expect(guardFloor(scalingOf([1, 1]))).toBe(0);
    // Where quantization outweighs the data, the error of a corrected square grows with d itself.
    expect(guardFloor(scalingOf([1, 1], 20))).toBeCloseTo((0.5 * 20) / Math.sqrt(100), 15);
  });

  it("leaves columns without variance out of the spectrum", () => {
    const { values, vectors } = spectrumOf(matrix, scaling);
    expect([...values]).toEqual([-0.1, 1, 2.1].map((value) => expect.closeTo(value, 12)));
    expect(Math.abs(vectors[0] as number)).toBeCloseTo(root, 12);
    expect(vectors[2]).toBe(0);
  });

  it("raises what is below the floor, in the solution as in the gradient", () => {
    const floor = 0.05;
    const spectrum = spectrumOf(matrix, scaling);
    const term = guardTerm(spectrum, floor, 4);
    expect([...(term?.strengths ?? [])]).toEqual([expect.closeTo(0.15, 12)]);
    const gradient = new Float64Array(4);
    if (term) addGuard(term, Float64Array.from([1, -1, 5, 7]), gradient);
    expect([...gradient]).toEqual([0.15, -0.15, 0, 0].map((value) => expect.closeTo(value, 12)));
    // Along (1, −1)/√2 the eigenvalue is now 0.05: c = (1, −1, ·, 2) gives 20, −20, and 2 for the last.
    const cross = Float64Array.from([1, -1, 0, 2]);
    const { weights, warnings } = solveGuarded({ size: 4, matrix, cross, power: 1 }, scaling, floor);
    expect([...weights]).toEqual([20, -20, 0, 2].map((value) => expect.closeTo(value, 9)));
    expect(warnings).toHaveLength(2);
    expect(guardTerm(spectrum, -1, 4)).toBeUndefined();
  });

  it("tells apart acting, coming near, and neither", () => {
    const { values, vectors } = spectrumOf(Float64Array.from([1, 0.5, 0.5, 1]), scalingOf([1, 1]));
    expect(guardWarnings({ values, vectors }, 0.6).join()).toMatch(/guard: 1 of 2.*quantization noise/);
    expect(guardWarnings({ values, vectors }, 0.2)).toEqual([expect.stringMatching(/^quantization noise/)]);
    expect(guardWarnings({ values, vectors }, 0.1)).toEqual([]);
    expect(guardWarnings({ values, vectors }, 0)).toEqual([]);
  });

  it("leaves a definite matrix to the plain solution, and drops directions without variance", () => {
    const definite = {
      size: 2,
      matrix: Float64Array.from([1, 0.5, 0.5, 1]),
      cross: Float64Array.from([1, 2]),
      power: 1,
    };
    expect(solveGuarded(definite, scalingOf([1, 1]), 0).warnings).toEqual([]);
    expect([...solveGuarded(definite, scalingOf([1, 1]), 0).weights]).toEqual([
      expect.closeTo(0, 12),
      expect.closeTo(2, 12),
    ]);
    const flat = { size: 2, matrix: Float64Array.from([1, 1, 1, 1]), cross: Float64Array.from([1, 1]), power: 1 };
    const solved = solveGuarded(flat, scalingOf([1, 1]), 0);
    expect([...solved.weights]).toEqual([expect.closeTo(0.5, 12), expect.closeTo(0.5, 12)]);
    expect(solved.warnings.join()).toMatch(/collinear/);
    expect([...solveGuarded(flat, scalingOf([0, 0]), 0).weights]).toEqual([0, 0]);
  });
});
