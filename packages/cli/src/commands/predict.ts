import { readTable, rowMajor, type Table } from "@zipml/gateway/data";
import { evaluate, type LinearModel, predictRow } from "@zipml/gateway/train";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { csvLine } from "../files/csv-line.ts";
import { loadModel } from "../files/model-file.ts";
import { writeFileWhole } from "../files/write-file.ts";
import type { Io } from "../io.ts";
import { addFlags, fileOption, type OptionTable, required, resolveOptions } from "../options.ts";
import { digits } from "../train/show-report.ts";

const predictOptions = {
  model: fileOption("model that zipml train --save wrote"),
  data: fileOption("CSV file with the model's features, gzipped or not"),
  out: fileOption("write the predictions here, as CSV"),
} as const satisfies OptionTable;

const help = `
--model and --data are needed. Prints CSV: the row's number in the file, the prediction and, where the file has it, the
target; then on standard error how far off they are. Rows that lack a feature are passed over and counted. With --json
one object: rows, skipped, target, test (loss, rmse, r2; null without the target) and, without --out, predictions.

Example:
  zipml train --data plant.csv --target power --save model.json
  zipml predict --model model.json --data today.csv --out predicted.csv`;

interface Prediction {
  readonly rows: number;
  readonly skipped: number;
  readonly target: string;
  readonly test: {
    readonly rows: number;
    readonly loss: number;
    readonly rmse: number;
    readonly r2: number | null;
  } | null;
}

/** Error figures over the rows that have a target, null where none has. */
function testOf(model: LinearModel, table: Table): Prediction["test"] {
  const targets = table.columns.get(model.target.name);
  if (targets === undefined) return null;
  const known = Uint32Array.from(targets.keys()).filter((row) => !Number.isNaN(targets[row]));
  if (known.length === 0) return null;
  const names = [...model.features.map(({ name }) => name), model.target.name];
  const task = {
    features: model.features.map(({ name, unit }, column) => ({ name, unit, column })),
    target: { ...model.target, column: names.length - 1 },
  };
  const { rows, loss, rmse, r2 } = evaluate(model, task, rowMajor(table, names, known), names.length);
  return { rows, loss, rmse, r2: Number.isFinite(r2) ? r2 : null };
}

function predictAll(model: LinearModel, table: Table): Float64Array {
  const width = model.features.length;
  const values = rowMajor(
    table,
    model.features.map(({ name }) => name),
  );
  return Float64Array.from({ length: table.rows }, (_, row) =>
    predictRow(model, values.subarray(row * width, (row + 1) * width)),
  );
}

function* csvOf(model: LinearModel, table: Table, predictions: Float64Array): Generator<string> {
  const targets = table.columns.get(model.target.name);
  yield csvLine(["row", "prediction", ...(targets === undefined ? [] : [model.target.name])]);
  for (const [row, prediction] of predictions.entries()) {
    const target = targets?.[row];
    const cell = target === undefined ? [] : [Number.isNaN(target) ? "" : target];
    yield csvLine([table.places[row] ?? 0, prediction, ...cell]);
  }
}

function inWords({ rows, skipped, target, test }: Prediction): string {
  const error =
    test === null
      ? `no ${target} in the file to compare with`
      : `RMSE ${digits(test.rmse)}, R² ${test.r2 === null ? "none" : test.r2.toFixed(4)} over ${test.rows} rows with ${target}`;
  return `${rows} rows predicted, ${skipped} skipped; ${error}\n`;
}

async function act(command: Command, io: Io): Promise<void> {
  const { values } = resolveOptions(command, predictOptions);
  const model = await loadModel(required("model", values.model));
  const table = await readTable(required("data", values.data), {
    columns: model.features.map(({ name }) => name),
    optional: [model.target.name],
  });
  for (const warning of table.warnings) await io.err.write(`zipml predict: warning: ${warning}\n`);
  const predictions = predictAll(model, table);
  const test = testOf(model, table);
  const report: Prediction = { rows: table.rows, skipped: table.skipped, target: model.target.name, test };
  const lines = csvOf(model, table, predictions);
  if (values.out !== undefined) await writeFileWhole(values.out, lines);
  if (command.opts<{ json?: true }>().json) {
    const all = values.out === undefined ? { predictions: [...predictions] } : {};
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
