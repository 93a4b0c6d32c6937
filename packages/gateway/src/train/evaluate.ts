import { TrainingError } from "./errors.ts";
import { type LinearModel, predictRow } from "./model.ts";
import { checkTargetColumn, checkTask, type Task } from "./samples.ts";

/** How well a model predicts raw rows. */
export interface Evaluation {
  readonly rows: number;
  /** 1/(2K) Σ (prediction − target)², in the target's unit squared. */
  readonly loss: number;
  /** Root mean square error, in the target's unit. */
  readonly rmse: number;
  /** 1 − Σ (prediction − target)² / Σ (target − mean target)²; NaN where the target is constant. */
  readonly r2: number;
}

/**
 * Measures a model on exact rows.
 *
 * @param values Raw rows, row-major rows × columns, in original units.
 * @param columns Columns of a row.
 * @throws {@link TrainingError} `rows` for no rows or a length that is no multiple of the columns, `options` for a task
 * that does not fit the columns or the model.
 */
export function evaluate(model: LinearModel, task: Task, values: Float64Array, columns: number): Evaluation {
  checkTask(task, columns);
  checkTargetColumn(task, columns);
  if (task.features.length !== model.features.length)
    throw new TrainingError("options", `${task.features.length} features for a model of ${model.features.length}`);
  const rows = values.length / columns;
  if (!Number.isInteger(rows) || rows === 0)
    throw new TrainingError("rows", `${values.length} numbers are not one or more rows of ${columns} columns`);
  const row = new Float64Array(task.features.length);
  const origin = values[task.target.column] as number;
  let squares = 0;
  let sum = 0;
  let spread = 0;
  for (let base = 0; base < values.length; base += columns) {
    for (const [i, { column }] of task.features.entries()) row[i] = values[base + column] as number;
    const target = values[base + task.target.column] as number;
    const error = predictRow(model, row) - target;
    squares += error * error;
    sum += target - origin;
    spread += (target - origin) ** 2;
  }
  const total = spread - (sum * sum) / rows;
  const r2 = total > 0 ? 1 - squares / total : Number.NaN;
  return { rows, loss: squares / (2 * rows), rmse: Math.sqrt(squares / rows), r2 };
}
