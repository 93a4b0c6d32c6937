import Table from "cli-table3";
import { emulationTable, type Grid, platformWords, shapeNotes, tablesOf } from "./report-tables.ts";
import type { FpgaReport } from "./run-report.ts";

function drawn({ caption, head, rows }: Grid): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return `${caption}\n${table.toString()}`;
}

/**
 * The report for people: tables of what is modelled, and apart from them of what was measured.
 *
 * @returns Lines with line ends.
 */
export function showFpgaReport(report: FpgaReport): string {
  const parts = report.shapes.flatMap((shape) => [...tablesOf(shape).map(drawn), ...shapeNotes(shape)]);
  return [platformWords(report), ...parts, drawn(emulationTable(report.emulation)), ""].join("\n");
}
