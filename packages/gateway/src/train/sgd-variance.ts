import { TrainingError } from "./errors.ts";
import { signOf } from "./labels.ts";
import { marginLossOf } from "./losses.ts";
import { type LinearModel, predictRow } from "./model.ts";
import { checkTargetColumn, checkTask, type Task } from "./samples.ts";

/**
 * Variance of a mini-batch gradient on exact rows: what SGD has without any quantization, for rows drawn independently, the
 * sum over the weights in standardised units squared. What a {@link VarianceReport} of the same rows' codes has more, `sgd`
 * and `samples` together, is the samples'.
 *
 * @param values Raw rows, row-major rows × columns, in original units.
 * @param columns Columns of a row.
 * @param batch Rows of a mini-batch.
 * @throws {@link TrainingError} `rows` for no rows, `options` for a task that does not fit, `target` for a row that is of
 * neither class.
 */
export function sgdVariance(
  model: LinearModel,
  task: Task,
  values: Float64Array,
  columns: number,
  batch: number,
): number {
  checkTask(task, columns);
  checkTargetColumn(task, columns);
  const rows = values.length / columns;
  if (!Number.isInteger(rows) || rows === 0)
    throw new TrainingError("rows", `${values.length} numbers are not one or more rows of ${columns} columns`);
  const { classes, features, target } = model;
  const margin = classes === undefined ? undefined : marginLossOf(classes.loss);
  const row = new Float64Array(features.length);
  const mean = new Float64Array(features.length + 1);
  let squares = 0;
  for (let r = 0; r < rows; r++) {
    for (const [i, { column }] of task.features.entries()) row[i] = values[r * columns + column] as number;
    const prediction = predictRow(model, row);
    const value = values[r * columns + task.target.column] as number;
    const label = classes === undefined ? value : signOf(classes, value);
    if (classes !== undefined && label === 0)
      throw new TrainingError("target", `row ${r}: ${value} is of neither class`);
    const residual =
      margin === undefined ? (prediction - label) / target.deviation : label * margin.slope(label * prediction);
    let power = margin === undefined ? 0 : 1; // the intercept's
    for (const [i, feature] of features.entries()) {
      const z = feature.deviation > 0 ? ((row[i] as number) - feature.mean) / feature.deviation : 0;
      power += z * z;
      mean[i] = (mean[i] as number) + (z * residual) / rows;
    }
    if (margin !== undefined) mean[features.length] = (mean[features.length] as number) + residual / rows;
    squares += power * residual * residual;
  }
  return (squares / rows - mean.reduce((sum, value) => sum + value * value, 0)) / batch;
}
