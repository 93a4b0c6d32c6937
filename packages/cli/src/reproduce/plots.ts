import type { Figure, LineSeries } from "@zipml/report";
import type { Descent } from "./descent.ts";

/** A descent as a line over epochs, from 0 on. What is not finite, as after a divergence, is left out. */
export function lossLine(name: string, { losses, diverged }: Descent): LineSeries {
  const kept = losses.map((loss, epoch) => ({ epoch, loss })).filter(({ loss }) => Number.isFinite(loss) && loss > 0);
  return {
    kind: "line",
    name: diverged === undefined ? name : `${name} (diverged in epoch ${diverged})`,
    x: kept.map(({ epoch }) => epoch),
    y: kept.map(({ loss }) => loss),
  };
}

/**
 * From a little below the least loss to above every curve's end: the first epochs' steep way down is cut off at the frame,
 * so that curves that come close to each other can be told apart.
 */
export function lossRange(series: readonly LineSeries[]): readonly [number, number] {
  const all = series.flatMap(({ y }) => Array.from(y));
  const ends = series.map(({ y }) => y[y.length - 1] as number);
  const [least, start] = [Math.min(...all), Math.max(...all)];
  return [0.98 * least, Math.max(Math.min(start, Math.max(1.3 * least, 1.1 * Math.max(...ends))), 1.01 * least)];
}

/** Loss against epochs, as most of the paper's figures have it. */
export function lossFigure(title: string, subtitle: string, series: readonly LineSeries[]): Figure {
  const lines = series.filter(({ y }) => y.length > 1); // one that diverged at once has only its start
  const gone = series.filter(({ y }) => y.length <= 1).map(({ name }) => name);
  return {
    title,
    subtitle: gone.length > 0 ? `${subtitle}; not shown: ${gone.join(", ")}` : subtitle,
    x: { label: "epoch" },
    y: { label: "training loss, 1 − R² on exact rows", scale: "log", range: lossRange(lines) },
    series: lines,
  };
}

/** Three significant digits. */
export function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "none";
}

/** A ratio's distance above 1 as a percentage. */
export function percentAbove(ratio: number): string {
  return Number.isFinite(ratio) ? `${(100 * (ratio - 1)).toFixed(2)} %` : "no model";
}
