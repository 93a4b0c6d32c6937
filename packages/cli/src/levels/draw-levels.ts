import { uniformLevels } from "@zipml/codec/levels";
import { digits } from "../train/show-report.ts";
import type { ColumnLevels } from "./find-levels.ts";

/**
 * Draws a column's density with its levels on it, and equal intervals below for comparison.
 *
 * @param column Levels and readings.
 * @param count Levels that were asked for, and that the equal intervals have.
 * @returns An SVG document.
 */
export async function drawLevels({ report, values }: ColumnLevels, count: number): Promise<string> {
  // The drawing library is large: only who wants a picture loads it.
  const { densityWithLevels, plot } = await import("@zipml/report");
  const { column, method, levels, ratio, bitsSaved } = report;
  const uniform = uniformLevels(levels[0] ?? 0, levels.at(-1) ?? 0, count);
  const isUniform = method === "uniform";
  const saved =
    isUniform || ratio === null || bitsSaved === null
      ? ""
      : `; a draw has ${digits(Number(ratio.toPrecision(4)))} times less variance than on uniform ones (${bitsSaved.toFixed(2)} bits)`;
  const own = { name: method, points: levels };
  return plot(
    densityWithLevels({
      column,
      values,
      levels: isUniform ? [own] : [own, { name: "uniform", points: uniform }],
      subtitle: `${levels.length} levels, method ${method}${saved}`,
    }),
  );
}
