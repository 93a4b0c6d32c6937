import { TrainingError } from "./errors.ts";
import type { Labels } from "./labels.ts";
import { modelOf } from "./linear-model.ts";
import type { LinearModel } from "./model.ts";
import { createMoments } from "./moments.ts";
import { normalEquations } from "./normal-equations.ts";
import { checkTargetColumn, checkTask, type Task } from "./samples.ts";
import { solveGuarded } from "./solve.ts";
import { standardise } from "./standardise.ts";

/**
 * Ordinary least squares with an intercept, in float64 closed form on raw rows: what full precision gives. Columns are
 * standardised first, so that units do not cost digits.
 *
 * @param values Raw rows, row-major rows × columns, in original units.
 * @param columns Columns of a row.
 * @param labels Where the target names classes: least squares on the labels −1 and +1, a least-squares SVM.
 * @returns A model with estimator `full` and solver `closed-form`; the solution of least norm where columns are collinear.
 * @throws {@link TrainingError} `rows` for fewer than two rows, a length that is no multiple of the columns or a value
 * that is not finite; `target` for a constant target; `options` for a task that does not fit.
 */
export function leastSquares(values: Float64Array, columns: number, task: Task, labels?: Labels): LinearModel {
  checkTask(task, columns);
  checkTargetColumn(task, columns);
  const rows = values.length / columns;
  if (!Number.isInteger(rows))
    throw new TrainingError("rows", `${values.length} numbers are not rows of ${columns} columns`);
  const moments = createMoments(columns, {
    columns: [...task.features.map(({ column }) => column), task.target.column],
  });
  moments.add({ kind: "values", rows, values });
  const summary = moments.summary();
  const { scaling } = standardise(summary, task);
  const { weights } = solveGuarded(normalEquations(summary, scaling), scaling, 0);
  const classes =
    labels === undefined
      ? undefined
      : { negative: labels.negative, positive: labels.positive, loss: "ls-svm" as const };
  return modelOf(task, scaling, weights, { estimator: "full", solver: "closed-form", classes });
}
