import { LevelError, type LevelMethod, type LevelRequest, type LevelSolution, solveLevels } from "@zipml/codec/levels";
import { DataError, readTable } from "@zipml/gateway/data";
import type { LevelsPlan } from "./options.ts";

/** What `zipml levels --json` prints for a column, in this order. */
export interface LevelsReport {
  readonly column: string;
  readonly method: LevelMethod;
  /** Ascending, in the column's unit. Fewer than asked for where there are fewer distinct values. */
  readonly levels: readonly number[];
  /** Variance of one draw, averaged over the readings, in the unit squared. */
  readonly variance: number;
  /** The same for equal intervals between the same ends. */
  readonly uniformVariance: number;
  /** The second over the first; 1 where both are 0, null where only the first is. */
  readonly ratio: number | null;
  /** ½·log₂ of the ratio: what equal intervals would need more, a value, to be as exact; null where the ratio is. */
  readonly bitsSaved: number | null;
  /** Time that finding the levels took. */
  readonly seconds: number;
  readonly readings: number;
  /** Readings outside the end levels: each counts as the end, which is biased. */
  readonly clipped: number;
}

/** A column's report with its readings. */
export interface ColumnLevels {
  readonly report: LevelsReport;
  readonly values: Float64Array;
}

/** The levels of all columns asked for. */
export interface LevelsOutcome {
  readonly columns: readonly ColumnLevels[];
  readonly warnings: readonly string[];
}

function reportOf(column: string, solution: LevelSolution, seconds: number): LevelsReport {
  const { method, levels, variance, uniformVariance, readings, clipped } = solution;
  const ratio = variance > 0 ? uniformVariance / variance : uniformVariance > 0 ? null : 1;
  const bitsSaved = ratio === null ? null : Math.log2(ratio) / 2;
  return {
    column,
    method,
    levels: [...levels],
    variance,
    uniformVariance,
    ratio,
    bitsSaved,
    seconds,
    readings,
    clipped,
  };
}

function warningsOf({ column, readings, clipped, levels }: LevelsReport, count: number): string[] {
  const name = JSON.stringify(column);
  return [
    ...(clipped > 0 ? [`${clipped} of ${readings} readings of ${name} lie outside the range and are clipped`] : []),
    ...(levels.length < count
      ? [`${name} has ${levels.length} of ${count} levels: there are no more distinct values`]
      : []),
  ];
}

/** @throws DataError `rows` that names file and column. */
function solveColumn(file: string, column: string, values: Float64Array, request: LevelRequest): LevelSolution {
  try {
    return solveLevels(values, request);
  } catch (cause) {
    if (!(cause instanceof LevelError)) throw cause;
    throw new DataError("rows", `column ${JSON.stringify(column)}: ${cause.message}`, { file, column, cause });
  }
}

/**
 * Reads the columns and finds their levels: the whole of `zipml levels` but its output.
 *
 * @param plan Checked options.
 * @param watch Told before each column.
 * @throws DataError for the file and its columns, also for readings too large.
 */
export async function findLevels(plan: LevelsPlan, watch: (column: string) => Promise<void>): Promise<LevelsOutcome> {
  const { data, column, count, method, range } = plan;
  const table = await readTable(data, { columns: column === undefined ? "numeric" : [column] });
  const columns: ColumnLevels[] = [];
  for (const name of table.names) {
    await watch(name);
    const values = table.columns.get(name) ?? new Float64Array();
    const start = performance.now();
    const solution = solveColumn(data, name, values, { count, method, ...(range !== undefined && { range }) });
    columns.push({ report: reportOf(name, solution, (performance.now() - start) / 1000), values });
  }
  const skipped = table.skipped > 0 ? [`rows passed over, without a number in every column: ${table.skipped}`] : [];
  const warnings = columns.flatMap(({ report }) => warningsOf(report, count));
  return { columns, warnings: [...table.warnings, ...skipped, ...warnings] };
}
