import {
  DataError,
  hashOrder,
  hashSplit,
  type Rows,
  readTable,
  rowMajor,
  type Table,
  timeSplit,
} from "@zipml/gateway/data";
import type { trainOptions } from "../config/train-section.ts";
import { CliError } from "../errors.ts";
import { type OptionValues, required } from "../options.ts";
import { hasOwnLags } from "./plan.ts";
import { type EncodedSeries, fileRows, planLags } from "./series-rows.ts";

type Values = OptionValues<typeof trainOptions>;

/** Rows to train and to test on, features, lagged or not, first and the target last. */
export interface TrainingRows {
  readonly features: readonly string[];
  readonly train: Rows;
  readonly test: Rows;
  /** With lags: what the training rows' codes are made of, and rows of all files that lack their history. */
  readonly lagged?: EncodedSeries & { readonly short: number };
  /** Rows passed over in all files. */
  readonly skipped: number;
  readonly warnings: readonly string[];
}

function checkTarget(file: string, target: string, { names, values }: Rows): void {
  const width = names.length;
  const first = values[width - 1];
  for (let at = width - 1; at < values.length; at += width) if (values[at] !== first) return;
  throw new DataError(
    "constant",
    `target ${JSON.stringify(target)} is constant, ${first}: there is nothing to predict`,
    {
      file,
      column: target,
    },
  );
}

function featuresOf(table: Table, target: string): readonly string[] {
  const features = table.names.filter((name) => name !== target);
  if (features.length === 0)
    throw new DataError("column", `there is no column of numbers beside the target ${JSON.stringify(target)}`, {
      file: table.file,
      column: target,
    });
  return features;
}

function splitOf(file: string, rows: number, groups: Uint32Array, { split, holdout }: Values) {
  try {
    return split === "time" ? timeSplit(groups, holdout) : hashSplit(rows, holdout);
  } catch (error) {
    if (error instanceof DataError) throw new DataError(error.code, error.message, { file, cause: error });
    throw error;
  }
}

/** Features in their order: those named, or all other columns. @throws CliError, DataError */
function chosenFeatures(table: Table, target: string, values: Values): readonly string[] {
  return hasOwnLags(values) ? (values.features ?? []) : featuresOf(table, target);
}

/** Rows with their lags, split after these were made. */
function laggedTraining(table: Table, other: Table | undefined, target: string, values: Values): TrainingRows {
  const plan = planLags(chosenFeatures(table, target, values), target, values.lags);
  const rows = fileRows(table, plan);
  const tested = other === undefined ? undefined : fileRows(other, plan);
  const { train, test } =
    tested === undefined
      ? splitOf(table.file, rows.count, rows.groups, values)
      : { train: hashOrder(rows.count), test: undefined };
  const used = rows.exact(train);
  checkTarget(table.file, target, used);
  return {
    features: used.names.slice(0, -1),
    train: used,
    test: tested === undefined ? rows.exact(test) : tested.exact(),
    lagged: { ...rows.encoded(train), short: rows.short + (tested?.short ?? 0) },
    skipped: table.skipped + (other?.skipped ?? 0),
    warnings: [...table.warnings, ...(other?.warnings ?? [])],
  };
}

function checkFeatures({ features, lags }: Values, target: string): void {
  if (lags === 0 && features?.includes(target))
    throw new CliError(
      "option",
      `--features must not hold the target ${JSON.stringify(target)}, unless --lags makes it one by its lags`,
    );
  const twice = features?.find((name, i, all) => all.indexOf(name) !== i);
  if (twice !== undefined) throw new CliError("option", `--features names ${JSON.stringify(twice)} twice`);
}

/**
 * Reads and splits what `zipml train` trains and tests on.
 *
 * @param values The command's options.
 * @throws DataError for files, columns, rows, a split or a constant target; TrainingError for lags that can't be.
 */
export async function readTrainingRows(values: Values): Promise<TrainingRows> {
  const data = required("data", values.data);
  const target = required("target", values.target);
  checkFeatures(values, target);
  const group = values.group === undefined ? {} : { group: values.group };
  const table = await readTable(data, { columns: values.features ?? "numeric", also: [target], ...group });
  if (values.lags > 0) {
    const columns = [...new Set([...chosenFeatures(table, target, values), target])];
    const other = values.test === undefined ? undefined : await readTable(values.test, { columns, ...group });
    return laggedTraining(table, other, target, values);
  }
  const features = featuresOf(table, target);
  const names = [...features, target];
  if (values.test === undefined) {
    const { train, test } = splitOf(table.file, table.rows, table.groups, values);
    const rows = { names, values: rowMajor(table, names, train) };
    checkTarget(data, target, rows);
    const testRows = { names, values: rowMajor(table, names, test) };
    return { features, train: rows, test: testRows, skipped: table.skipped, warnings: table.warnings };
  }
  const other = await readTable(values.test, { columns: names });
  const rows = { names, values: rowMajor(table, names, hashOrder(table.rows)) };
  checkTarget(data, target, rows);
  return {
    features,
    train: rows,
    test: { names, values: rowMajor(other, names) },
    skipped: table.skipped + other.skipped,
    warnings: [...table.warnings, ...other.warnings],
  };
}
