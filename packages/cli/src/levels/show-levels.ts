import Table from "cli-table3";
import { digits } from "../train/show-report.ts";
import type { LevelsReport } from "./find-levels.ts";

/** Longest list of levels that is printed for a person; `--json` prints all. */
const mostShown = 64;

/**
 * Levels for people: a table with a line a column, and the levels themselves where there is one column.
 *
 * @param reports At least one.
 * @returns Lines with line ends.
 */
export function showLevels(reports: readonly LevelsReport[]): string {
  const table = new Table({
    head: ["column", "levels", "variance", "uniform", "ratio", "bits saved", "seconds"],
    colAligns: ["left", "right", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const { column, levels, variance, uniformVariance, ratio, bitsSaved, seconds } of reports)
    table.push([
      column,
      levels.length,
      digits(variance),
      digits(uniformVariance),
      ratio === null ? "all" : ratio.toFixed(3),
      bitsSaved === null ? "all" : bitsSaved.toFixed(2),
      seconds.toFixed(3),
    ]);
  const [only, ...more] = reports;
  const isListed = only !== undefined && more.length === 0 && only.levels.length <= mostShown;
  const list = isListed ? [`levels    ${only.levels.map((level) => digits(level)).join("  ")}`] : [];
  return [`method    ${only?.method ?? ""}`, table.toString(), ...list, ""].join("\n");
}
