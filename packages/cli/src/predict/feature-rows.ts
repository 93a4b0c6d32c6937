import { lagOf } from "@zipml/codec";
import { DataError, readCsv, readTable, rowMajor, seriesOf, type Table } from "@zipml/gateway/data";
import type { LinearModel } from "@zipml/gateway/train";

/** The rows of a file that a model can predict for. */
export interface FeatureRows {
  /** Row-major rows × features, in the model's order. */
  readonly values: Float64Array;
  /** For each row its 1-based place among all rows of the file. */
  readonly places: readonly number[];
  /** For each row the target, NaN where the file lacks it; undefined where it has no such column. */
  readonly targets: Float64Array | undefined;
  /** Rows of the file that lack a feature, or the history that one looks at. */
  readonly skipped: number;
  readonly warnings: readonly string[];
}

/** Where a feature's values are found. */
interface Place {
  readonly channel: string;
  /** Rows back. */
  readonly steps: number;
}

async function headerOf(file: string): Promise<readonly string[]> {
  for await (const { cells } of readCsv(file)) return cells.map((cell) => cell.trim());
  return [];
}

function targetsOf(table: Table, rows: Iterable<number>, target: string): Float64Array | undefined {
  const all = table.columns.get(target);
  return all && Float64Array.from(rows, (row) => all[row] as number);
}

/** Every feature is a column. */
async function plainRows(model: LinearModel, file: string): Promise<FeatureRows> {
  const names = model.features.map(({ name }) => name);
  const { name: target } = model.target;
  const table = await readTable(file, { columns: names, optional: [target] });
  return {
    values: rowMajor(table, names),
    places: [...table.places],
    targets: targetsOf(table, table.places.keys(), target),
    skipped: table.skipped,
    warnings: table.warnings,
  };
}

/** Some features look back: a row counts where all that they look at is there. */
async function laggedRows(
  model: LinearModel,
  features: readonly Place[],
  file: string,
  group: string | undefined,
): Promise<FeatureRows> {
  const names = [...new Set(features.map(({ channel }) => channel))];
  const { name: target } = model.target;
  const table = await readTable(file, {
    columns: [],
    optional: [...names, target],
    ...(group === undefined ? {} : { group }),
  });
  const { values, runs, order } = seriesOf(table, names);
  const offsets = features.map(({ channel, steps }) => names.indexOf(channel) - steps * names.length);
  const most = Math.max(...features.map(({ steps }) => steps));
  const found: number[] = []; // rows of the series
  let start = 0;
  for (const length of runs) {
    for (let row = start + most; row < start + length; row++)
      if (!offsets.some((offset) => Number.isNaN(values[row * names.length + offset]))) found.push(row);
    start += length;
  }
  if (found.length === 0)
    throw new DataError("rows", `none of the ${table.rows} rows has all that the model looks at, ${most} rows back`, {
      file,
    });
  found.sort((a, b) => (order[a] as number) - (order[b] as number));
  const readings = new Float64Array(found.length * offsets.length);
  let at = 0;
  for (const row of found) for (const offset of offsets) readings[at++] = values[row * names.length + offset] as number;
  const rows = found.map((row) => order[row] as number);
  return {
    values: readings,
    places: rows.map((row) => table.places[row] ?? 0),
    targets: targetsOf(table, rows, target),
    skipped: table.skipped + table.rows - rows.length,
    warnings: table.warnings,
  };
}

/**
 * Reads what a model predicts from. A feature that the file has no column for, and that is named as a lag,
 * `temperature@-2`, is the reading of two rows before in the file, or in the row's group.
 *
 * @param model The model.
 * @param file Path of the CSV file.
 * @param group Column whose text tells groups of rows apart.
 * @throws DataError for file, columns or rows.
 */
export async function readFeatureRows(
  model: LinearModel,
  file: string,
  group: string | undefined,
): Promise<FeatureRows> {
  const header = await headerOf(file);
  const features = model.features.map(({ name }): Place => {
    const lag = header.includes(name) ? undefined : lagOf(name);
    const { channel, steps } = lag ?? { channel: name, steps: 0 };
    if (header.length > 0 && !header.includes(channel))
      throw new DataError("column", `there is no column ${JSON.stringify(channel)}`, {
        file,
        column: channel,
        columns: header,
      });
    return { channel, steps };
  });
  if (features.some(({ steps }) => steps > 0)) return laggedRows(model, features, file, group);
  const rows = await plainRows(model, file);
  if (group === undefined) return rows;
  return { ...rows, warnings: [...rows.warnings, "--group has no effect: the model does not look back in this file"] };
}
