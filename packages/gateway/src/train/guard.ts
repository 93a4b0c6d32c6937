import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Scaling } from "./standardise.ts";

/** Eigenvalues in ascending order and eigenvectors of the columns that have variance. */
export interface Spectrum {
  readonly values: Float64Array;
  /** One row of `size` numbers an eigenvalue; 0 at columns without variance. */
  readonly vectors: Float64Array;
}

/** What is added to the matrix so that it is definite: Σ strength · v·vᵀ. */
export interface GuardTerm {
  /** r × n, orthonormal rows v. */
  readonly directions: Float64Array;
  /** r amounts by which the eigenvalues are raised. */
  readonly strengths: Float64Array;
}

/**
 * The least eigenvalue that the codes can tell from 0: ½√(max d̄ᵢ/K), with d̄ in standardised units. 0 without d. Where
 * the quantization outweighs the data, d̄ > 1, the error of a corrected square grows with d̄ and no longer with its root:
 * there it is ½·max d̄ᵢ/√K.
 */
export function guardFloor({ spreads, rows }: Scaling): number {
  const spread = spreads.reduce((most, other) => Math.max(most, other), 0);
  return Math.max(Math.sqrt(spread), spread) / Math.sqrt(rows) / 2;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix.
 *
 * @param matrix n × n.
 * @param scaling Tells which columns have variance; the others are left out.
 */
export function spectrumOf(matrix: Float64Array, scaling: Scaling): Spectrum {
  const size = scaling.deviations.length;
  const active = Array.from({ length: size }, (_, i) => i).filter((i) => (scaling.deviations[i] as number) > 0);
  if (active.length === 0) return { values: new Float64Array(0), vectors: new Float64Array(0) };
  const part = new Matrix(active.map((i) => active.map((j) => matrix[i * size + j] as number)));
  const decomposition = new EigenvalueDecomposition(part, { assumeSymmetric: true });
  const order = decomposition.realEigenvalues.map((value, at) => ({ value, at })).sort((a, b) => a.value - b.value);
  const vectors = new Float64Array(order.length * size);
  for (const [row, { at }] of order.entries())
    for (const [a, i] of active.entries()) vectors[row * size + i] = decomposition.eigenvectorMatrix.get(a, at);
  return { values: Float64Array.from(order, ({ value }) => value), vectors };
}

/**
 * The term that raises eigenvalues below the floor to it, or undefined where none is.
 *
 * @param size n.
 */
export function guardTerm({ values, vectors }: Spectrum, floor: number, size: number): GuardTerm | undefined {
  const strengths = values.filter((value) => value < floor).map((value) => floor - value);
  if (strengths.length === 0) return undefined;
  return { directions: vectors.slice(0, strengths.length * size), strengths };
}

/** Adds Σ strength · v(v·x) to the gradient: descent then solves the guarded system. */
export function addGuard({ directions, strengths }: GuardTerm, x: Float64Array, gradient: Float64Array): void {
  const size = x.length;
  for (const [r, strength] of strengths.entries()) {
    let projection = 0;
    for (let i = 0; i < size; i++) projection += (directions[r * size + i] as number) * (x[i] as number);
    projection *= strength;
    for (let i = 0; i < size; i++)
      gradient[i] = (gradient[i] as number) + projection * (directions[r * size + i] as number);
  }
}

/** What a user is told: that the guard acts, and that it is close. */
export function guardWarnings({ values }: Spectrum, floor: number): string[] {
  const warnings: string[] = [];
  const smallest = values[0];
  if (floor === 0 || smallest === undefined) return warnings;
  const raised = values.filter((value) => value < floor).length;
  if (raised > 0)
    warnings.push(
      `guard: ${raised} of ${values.length} eigenvalues of the corrected correlation matrix, the smallest ${smallest.toPrecision(3)}, were raised to ${floor.toPrecision(3)}; more bits or more rows make this needless`,
    );
  if (4 * floor > smallest)
    warnings.push(
      `quantization noise: twice its standard error ${(4 * floor).toPrecision(3)} exceeds the smallest eigenvalue ${smallest.toPrecision(3)} of the corrected correlation matrix; weights along it are uncertain`,
    );
  return warnings;
}
