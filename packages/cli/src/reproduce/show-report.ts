import Table from "cli-table3";
import type { ReproductionReport } from "./report.ts";
import { tally } from "./report-page.ts";

/** A reproduction for people: a line a claim. */
export function showReproduction({ experiments }: ReproductionReport): string {
  const table = new Table({
    head: ["experiment", "verdict", "measured"],
    style: { head: [], border: [] },
    colWidths: [14, 15, 90],
    wordWrap: true,
  });
  for (const { id, claims, isTimed } of experiments)
    for (const { verdict, measured } of claims) table.push([id, verdict, `${measured}${isTimed ? " (timed)" : ""}`]);
  return `${table.toString()}\n${tally(experiments.flatMap(({ claims }) => claims))}\n`;
}
