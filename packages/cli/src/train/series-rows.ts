import { DataError, laggedRows, lagValues, type Rows, rowsReached, seriesOf, type Table } from "@zipml/gateway/data";
import { type LagLayout, layOutLags } from "@zipml/gateway/train";

/** What a file's lagged rows are made of. */
export interface LagPlan {
  /** Columns of the file: features, the target last, once. */
  readonly names: readonly string[];
  readonly layout: LagLayout;
}

/** Rows that codes are made of, and what becomes of them. */
export interface EncodedSeries {
  readonly layout: LagLayout;
  /** The readings that training rows reach over, in the order of time; the target last. */
  readonly base: Rows;
  /** The training rows among them, in the order in which they are used. */
  readonly wanted: Uint32Array;
}

/**
 * The columns and lags of a training.
 *
 * @param features Features; the target may be one of them.
 * @param target The target.
 * @param lags Readings back, 1 or more.
 * @throws TrainingError `options` for names that can't be.
 */
export function planLags(features: readonly string[], target: string, lags: number): LagPlan {
  const names = [...features.filter((name) => name !== target), target];
  const columnOf = (name: string) => ({ name, unit: "", column: names.indexOf(name) });
  return { names, layout: layOutLags({ features: features.map(columnOf), target: columnOf(target) }, lags) };
}

/** The lagged rows of a file. */
export interface FileRows {
  /** Rows of the file that have their history. */
  readonly count: number;
  /** Rows that lack it. */
  readonly short: number;
  /** For each lagged row, in the order of the file, the number of its group. */
  readonly groups: Uint32Array;
  /** Exact values of some lagged rows, by their numbers in the order of the file; default all. */
  exact(rows?: Uint32Array): Rows;
  /** The readings that some lagged rows reach over. */
  encoded(rows: Uint32Array): EncodedSeries;
}

/**
 * Lagged rows of a file, series by series.
 *
 * @throws DataError `rows` where no row has its history.
 */
export function fileRows(table: Table, { names, layout }: LagPlan): FileRows {
  const series = seriesOf(table, names);
  const lagged = laggedRows(series, layout.lags);
  if (lagged.length === 0)
    throw new DataError("rows", `none of the ${table.rows} rows has ${layout.lags} rows right before it`, {
      file: table.file,
    });
  const of = (rows: Uint32Array): Uint32Array => rows.map((row) => lagged[row] as number);
  return {
    count: lagged.length,
    short: table.rows - lagged.length,
    groups: lagged.map((row) => table.groups[series.order[row] as number] as number),
    exact: (rows) => lagValues(series, layout, rows === undefined ? lagged : of(rows)),
    encoded: (rows) => {
      const { rows: base, wanted } = rowsReached(series, layout.lags, of(rows));
      return { layout, base, wanted };
    },
  };
}
