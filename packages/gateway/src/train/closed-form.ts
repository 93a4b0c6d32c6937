import { guardFloor } from "./guard.ts";
import { lossOf, type NormalEquations, normalEquations } from "./normal-equations.ts";
import { drawnEquations } from "./passes.ts";
import { solveGuarded } from "./solve.ts";
import { lossUnit, type Outcome, readable, report, type Training } from "./training.ts";

/** S + l2·I: the minimum of the loss with ½·l2·Σx² has a closed form too. */
function ridge(system: NormalEquations, l2: number): NormalEquations {
  const matrix = Float64Array.from(system.matrix);
  for (let at = 0; at < matrix.length; at += system.size + 1) matrix[at] = (matrix[at] as number) + l2;
  return { ...system, matrix };
}

/**
 * The closed form over the same codes: (Σ m mᵀ − diag(Σ d))⁻¹ Σ m b with the guard. For `naive` there is no d and hence no
 * correction and no guard, for `full` the rows are raw; for `double` the matrix is Σ q₁q₂ᵀ, symmetrised, with q₁ and q₂
 * drawn by coins in one more pass.
 */
export async function solveClosedForm(training: Training): Promise<Outcome> {
  const { scaling, estimator } = training;
  const equations = normalEquations(training.summary, scaling);
  const system =
    estimator === "double" ? { ...equations, ...(await drawnEquations(readable(training, "double"))) } : equations;
  const { l2 = 0 } = training.objective?.regularizer ?? {};
  const { weights, warnings } = solveGuarded(l2 > 0 ? ridge(system, l2) : system, scaling, guardFloor(scaling));
  const loss = lossOf(equations, weights) * lossUnit(training);
  await report(training, 1, loss, weights);
  return { weights, warnings, epochs: [{ epoch: 1, loss }] };
}
