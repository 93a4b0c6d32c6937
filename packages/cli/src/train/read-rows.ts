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

type Values = OptionValues<typeof trainOptions>;

/** Rows to train and to test on, features first and the target last. */
export interface TrainingRows {
  readonly features: readonly string[];
  readonly train: Rows;
  readonly test: Rows;
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

function splitOf(table: Table, { split, holdout }: Values) {
  try {
    return split === "time" ? timeSplit(table.groups, holdout) : hashSplit(table.rows, holdout);
  } catch (error) {
    if (error instanceof DataError) throw new DataError(error.code, error.message, { file: table.file, cause: error });
    throw error;
  }
}

/**
 * Reads and splits what `zipml train` trains and tests on.
 *
 * @param values The command's options.
 * @throws DataError for files, columns, rows, a split or a constant target.
 */
export async function readTrainingRows(values: Values): Promise<TrainingRows> {
  const data = required("data", values.data);
  const target = required("target", values.target);
  if (values.features?.includes(target))
    throw new CliError("option", `--features must not hold the target ${JSON.stringify(target)}`);
  const twice = values.features?.find((name, i, all) => all.indexOf(name) !== i);
  if (twice !== undefined) throw new CliError("option", `--features names ${JSON.stringify(twice)} twice`);
  const table = await readTable(data, {
    columns: values.features ?? "numeric",
    also: [target],
    ...(values.group === undefined ? {} : { group: values.group }),
  });
  const features = featuresOf(table, target);
  const names = [...features, target];
  if (values.test === undefined) {
    const { train, test } = splitOf(table, values);
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
