import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { guardWarnings, spectrumOf } from "./guard.ts";
import type { NormalEquations } from "./normal-equations.ts";
import type { Scaling } from "./standardise.ts";

/** Eigenvalues below this share of the largest are rounding: nothing is known along them. */
const rounding = 1e-12;

/**
 * Solves S·x = c with the guard: eigenvalues below the floor are raised to it. Directions without any variance (exactly
 * collinear columns, floor 0) are left out, which gives the solution of least norm.
 *
 * @param floor See `guardFloor`; 0 for no guard.
 * @returns Standardised weights, 0 for columns without variance, and warnings.
 */
export function solveGuarded(
  equations: NormalEquations,
  scaling: Scaling,
  floor: number,
): { weights: Float64Array; warnings: string[] } {
  const direct = solveDefinite(equations, scaling, floor);
  if (direct !== undefined) return { weights: direct, warnings: [] };
  const { size, cross } = equations;
  const spectrum = spectrumOf(equations.matrix, scaling);
  const warnings = guardWarnings(spectrum, floor);
  const { values, vectors } = spectrum;
  const least = rounding * Math.max(values.at(-1) ?? 0, 1);
  const weights = new Float64Array(size);
  let dropped = 0;
  for (const [r, value] of values.entries()) {
    const raised = Math.max(value, floor);
    if (raised <= least) {
      dropped += 1;
      continue;
    }
    let projection = 0;
    for (let i = 0; i < size; i++) projection += (vectors[r * size + i] as number) * (cross[i] as number);
    for (let i = 0; i < size; i++)
      weights[i] = (weights[i] as number) + (projection / raised) * (vectors[r * size + i] as number);
  }
  if (dropped > 0) warnings.push(`${dropped} of ${values.length} directions are collinear: weights of least norm`);
  return { weights, warnings };
}

/** By Cholesky where every eigenvalue is well above the floor, else undefined. Much cheaper than the spectrum. */
function solveDefinite({ size, matrix, cross }: NormalEquations, scaling: Scaling, floor: number) {
  const active = Array.from({ length: size }, (_, i) => i).filter((i) => (scaling.deviations[i] as number) > 0);
  const decompose = (less: number): CholeskyDecomposition =>
    new CholeskyDecomposition(
      new Matrix(active.map((i) => active.map((j) => (matrix[i * size + j] as number) - (i === j ? less : 0)))),
    );
  const weights = new Float64Array(size);
  if (active.length === 0) return weights;
  // Definite less four floors: no eigenvalue is low enough for the guard or its warning.
  if (floor > 0 && !decompose(4 * floor).isPositiveDefinite()) return undefined;
  const factor = decompose(0);
  const pivots = factor.lowerTriangularMatrix.diagonal();
  if (!factor.isPositiveDefinite() || pivots.some((pivot) => pivot * pivot < rounding * active.length))
    return undefined;
  const solution = factor.solve(Matrix.columnVector(active.map((i) => cross[i] as number)));
  for (const [a, i] of active.entries()) weights[i] = solution.get(a, 0);
  return weights;
}
