/**
 * Draws the pictures of docs/simulator.md from the sweeps that the page names:
 * `node --conditions=zipml-source --import tsx simulator/scripts/draw-pictures.ts SWEEPS`, a folder with one of each.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { plot } from "@zipml/report";
import type { FleetResult, StoredPoint } from "../src/index.ts";
import { barFigure, costs, lossFigure, type Shown } from "../src/report/figures.ts";
import { pointsOf, type ReportPoint } from "../src/report/points.ts";

const [sweeps = "."] = process.argv.slice(2);
const docs = join(import.meta.dirname, "..", "..", "docs");

function pointsIn(name: string): ReportPoint[] {
  const points = JSON.parse(readFileSync(join(sweeps, name, "results.json"), "utf8")) as StoredPoint[];
  return pointsOf(points.flatMap(({ result }) => (result === undefined ? [] : [result as FleetResult])));
}

async function draw(name: string, shown: Shown | undefined): Promise<void> {
  if (shown === undefined) throw new Error(`${name}: there is nothing to draw`);
  writeFileSync(join(docs, `simulator-${name}.svg`), await plot(shown.figure));
}

const years = (points: readonly ReportPoint[]): Shown | undefined =>
  barFigure(points, "Battery life", "years, mean device", ({ result }) => result.batteryYears?.mean);
const [bytes] = costs;

await draw("cold-chain", years(pointsIn("cold-chain")));
await draw("air-quality", bytes && lossFigure(pointsIn("air-quality"), bytes));
await draw("predictive-maintenance", years(pointsIn("predictive-maintenance")));
