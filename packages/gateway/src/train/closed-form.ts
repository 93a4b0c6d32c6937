import { guardFloor } from "./guard.ts";
import { lossOf, normalEquations } from "./normal-equations.ts";
import { drawnEquations } from "./passes.ts";
import { solveGuarded } from "./solve.ts";
import { type Outcome, readable, report, type Training } from "./training.ts";

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
  const { weights, warnings } = solveGuarded(system, scaling, guardFloor(scaling));
  const loss = lossOf(equations, weights) * scaling.targetDeviation ** 2;
  await report(training, 1, loss, weights);
  return { weights, warnings, epochs: [{ epoch: 1, loss }] };
}
