import { evaluate, type LinearModel, labelOf, predictRow } from "@zipml/gateway/train";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { csvLine } from "../files/csv-line.ts";
import { loadModel } from "../files/model-file.ts";
import { writeFileWhole } from "../files/write-file.ts";
import type { Io } from "../io.ts";
import { addFlags, fileOption, type OptionTable, required, resolveOptions, textOption } from "../options.ts";
import { type FeatureRows, readFeatureRows } from "../predict/feature-rows.ts";
import { type Figures, shownFigures } from "../train/result.ts";
import { digits } from "../train/show-report.ts";

const predictOptions = {
  model: fileOption("model that zipml train --save wrote"),
  data: fileOption("CSV file with the model's features, gzipped or not"),
  group: textOption("COLUMN", "groups of rows, such as a device's: lags of a model do not reach into another"),
  out: fileOption("write the predictions here, as CSV"),
} as const satisfies OptionTable;

const help = `
--model and --data are needed. Prints CSV: the row's number in the file, the prediction and, where the file has it, the
target; then on standard error how far off they are. Rows that lack a feature are passed over and counted. With --json
one object: rows, skipped, target, test (loss, rmse, r2; null without the target) and, without --out, predictions.
For a model of classes a prediction is a label; its decision value stands beside it, class +1 from 0 on (with the loss
logistic the logarithm of the odds), test has accuracy, balancedAccuracy and auc too, and the JSON decisions.
Of a model trained with --lags, temperature@-2 is the temperature of two rows before in the file, or in the row's group
with --group, unless the file has a column of that very name; rows without that history are passed over too.

Example:
  zipml train --data plant.csv --target power --save model.json
  zipml predict --model model.json --data today.csv --out predicted.csv`;

interface Prediction {
  readonly rows: number;
  readonly skipped: number;
  readonly target: string;
  readonly test: (Figures & { readonly rows: number }) | null;
}

/** Error figures over the rows that have a target, null where none has. */
function testOf(model: LinearModel, { values, targets }: FeatureRows): Prediction["test"] {
  if (targets === undefined) return null;
  const known = [...targets.keys()].filter((row) => !Number.isNaN(targets[row]));
  if (known.length === 0) return null;
  const width = model.features.length;
  const rows = new Float64Array(known.length * (width + 1));
  for (const [at, row] of known.entries()) {
    rows.set(values.subarray(row * width, (row + 1) * width), at * (width + 1));
    rows[at * (width + 1) + width] = targets[row] as number;
  }
  const task = {
    features: model.features.map(({ name, unit }, column) => ({ name, unit, column })),
    target: { ...model.target, column: width },
  };
  const evaluation = evaluate(model, task, rows, width + 1);
  return { rows: evaluation.rows, ...shownFigures(evaluation) };
}

function predictAll(model: LinearModel, { values, places }: FeatureRows): Float64Array {
  const width = model.features.length;
  return Float64Array.from(places, (_, row) => predictRow(model, values.subarray(row * width, (row + 1) * width)));
}

function* csvOf(model: LinearModel, { places, targets }: FeatureRows, predictions: Float64Array): Generator<string> {
  const isClass = model.classes !== undefined;
  const heads = [...(isClass ? ["decision"] : []), ...(targets === undefined ? [] : [model.target.name])];
  yield csvLine(["row", "prediction", ...heads]);
  for (const [row, prediction] of predictions.entries()) {
    const target = targets?.[row];
    const cell = target === undefined ? [] : [Number.isNaN(target) ? "" : target];
    const answer = isClass ? [labelOf(model, prediction), prediction] : [prediction];
    yield csvLine([places[row] ?? 0, ...answer, ...cell]);
  }
}

function figuresInWords({ rmse, r2, accuracy, balancedAccuracy = null, auc = null }: Figures): string {
  if (accuracy === undefined) return `RMSE ${digits(rmse)}, R² ${r2 === null ? "none" : r2.toFixed(4)}`;
  return `accuracy ${digits(accuracy)}, balanced ${digits(balancedAccuracy)}, AUC ${digits(auc)}`;
}

function inWords({ rows, skipped, target, test }: Prediction): string {
  const error =
    test === null
      ? `no ${target} in the file to compare with`
      : `${figuresInWords(test)} over ${test.rows} rows with ${target}`;
  return `${rows} rows predicted, ${skipped} skipped; ${error}\n`;
}

function predictionsOf(model: LinearModel, predictions: Float64Array) {
  const decisions = [...predictions];
  if (model.classes === undefined) return { predictions: decisions };
  return { predictions: decisions.map((decision) => labelOf(model, decision)), decisions };
}

async function act(command: Command, io: Io): Promise<void> {
  const { values } = resolveOptions(command, predictOptions);
  const model = await loadModel(required("model", values.model));
  const rows = await readFeatureRows(model, required("data", values.data), values.group);
  for (const warning of rows.warnings) await io.err.write(`zipml predict: warning: ${warning}\n`);
  const predictions = predictAll(model, rows);
  const test = testOf(model, rows);
  const { skipped } = rows;
  const report: Prediction = { rows: predictions.length, skipped, target: model.target.name, test };
  const lines = csvOf(model, rows, predictions);
  if (values.out !== undefined) await writeFileWhole(values.out, lines);
  if (command.opts<{ json?: true }>().json) {
    const all = values.out === undefined ? predictionsOf(model, predictions) : {};
    await io.out.write(`${JSON.stringify({ ...report, ...all })}\n`);
    return;
  }
  if (values.out === undefined) for (const line of lines) await io.out.write(line);
  await io.err.write(inWords(report));
}

/** `zipml predict`: a saved model over a CSV file. */
export const predictCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, predictOptions);
    command
      .option("--json", "print one JSON object")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
