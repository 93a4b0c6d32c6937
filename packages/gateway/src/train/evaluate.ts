import { type ClassFigures, classFigures } from "./class-figures.ts";
import { TrainingError } from "./errors.ts";
import { type ModelClasses, signOf } from "./labels.ts";
import { marginLossOf } from "./losses.ts";
import { type LinearModel, predictRow } from "./model.ts";
import { checkTargetColumn, checkTask, type Task } from "./samples.ts";

/** How well a model predicts raw rows. */
export interface Evaluation extends Partial<ClassFigures> {
  readonly rows: number;
  /** 1/(2K) Σ (prediction − target)², in the target's unit squared; of logistic and hinge the mean loss. */
  readonly loss: number;
  /** Root mean square error, in the target's unit. */
  readonly rmse: number;
  /** 1 − Σ (prediction − target)² / Σ (target − mean target)²; NaN where the target is constant. */
  readonly r2: number;
}

/** The target of a row as a model predicts it: of classes −1 or +1. */
function targetOf(classes: ModelClasses | undefined, target: number, row: number): number {
  if (classes === undefined) return target;
  const sign = signOf(classes, target);
  if (sign === 0)
    throw new TrainingError(
      "target",
      `row ${row}: the target ${target} is neither of the classes ${classes.negative} and ${classes.positive}`,
    );
  return sign;
}

/**
 * Measures a model on exact rows. Of a model of classes predictions are decision values and targets −1 or +1, and there are
 * figures of classes too.
 *
 * @param values Raw rows, row-major rows × columns, in original units.
 * @param columns Columns of a row.
 * @throws {@link TrainingError} `rows` for no rows or a length that is no multiple of the columns, `options` for a task
 * that does not fit the columns or the model, `target` for one that is neither of the model's classes.
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
  const { classes } = model;
  const margin = classes === undefined ? undefined : marginLossOf(classes.loss);
  const decisions = new Float64Array(classes === undefined ? 0 : rows);
  const labels = new Float64Array(decisions.length);
  const origin = targetOf(classes, values[task.target.column] as number, 0);
  let margins = 0;
  let squares = 0;
  let sum = 0;
  let spread = 0;
  for (let base = 0; base < values.length; base += columns) {
    for (const [i, { column }] of task.features.entries()) row[i] = values[base + column] as number;
    const target = targetOf(classes, values[base + task.target.column] as number, base / columns);
    const prediction = predictRow(model, row);
    const error = prediction - target;
    if (classes !== undefined) {
      decisions[base / columns] = prediction;
      labels[base / columns] = target;
    }
    if (margin !== undefined) margins += margin.value(target * prediction);
    squares += error * error;
    sum += target - origin;
    spread += (target - origin) ** 2;
  }
  const total = spread - (sum * sum) / rows;
  const r2 = total > 0 ? 1 - squares / total : Number.NaN;
  const loss = margin === undefined ? squares / (2 * rows) : margins / rows;
  const figures = { rows, loss, rmse: Math.sqrt(squares / rows), r2 };
  return classes === undefined ? figures : { ...figures, ...classFigures(decisions, labels) };
}
