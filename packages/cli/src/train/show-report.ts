import Table from "cli-table3";
import type { Figures, TrainReport } from "./result.ts";

/** A number as people read it: six significant digits. */
export function digits(value: number | null): string {
  return value === null ? "none" : String(Number(value.toPrecision(6)));
}

const whole = (value: number): string => value.toLocaleString("en-US");

const fixed = (value: number | null): string => (value === null ? "none" : value.toFixed(4));

function figuresTable(report: TrainReport): string {
  const heads = report.classes === undefined ? ["RMSE", "R²", "loss"] : ["accuracy", "balanced", "AUC", "loss"];
  const table = new Table({ head: ["on the test rows", ...heads], style: { head: [], border: [] } });
  const row = (name: string, { rmse, r2, loss, accuracy, balancedAccuracy = null, auc = null }: Figures) =>
    table.push(
      accuracy === undefined
        ? [name, digits(rmse), fixed(r2), digits(loss)]
        : [name, fixed(accuracy), fixed(balancedAccuracy), fixed(auc), digits(loss)],
    );
  row(report.scheme === "none" ? "this model, float32" : `this model, ${report.bits} bits`, report.test);
  row("least squares, float64", report.leastSquares);
  return table.toString();
}

function drawsOf({ scheme, samples }: TrainReport): string {
  if (scheme === "dither") return "dithered";
  return samples === 1 ? "1 draw" : `${samples} draws`;
}

/**
 * A training report for people.
 *
 * @param report The report.
 * @param target Name of the target.
 * @returns Lines with line ends.
 */
export function showReport(report: TrainReport, target: string): string {
  const { rows, lags, bytes, epochs, model, classes } = report;
  const short = lags === undefined ? "" : `, ${whole(lags.short)} without the ${lags.readings} before`;
  const spent = epochs.reduce((sum, { seconds }) => sum + seconds, 0);
  const encoding =
    report.scheme === "none" ? "raw float32 rows" : `${report.bits} bits, ${drawsOf(report)}, ${report.levels} levels`;
  const loss = classes === undefined ? "" : `loss ${classes.loss}, `;
  const weights = Object.entries(model.weights).map(
    ([name, weight]) => ` ${weight < 0 ? "−" : "+"} ${digits(Math.abs(weight))} · ${name}`,
  );
  return [
    `rows      ${whole(rows.train)} to train, ${whole(rows.test)} to test, ${whole(rows.skipped)} skipped${short}`,
    `encoding  ${encoding}; ${loss}estimator ${report.estimator}, engine ${report.engine}`,
    `bytes     ${whole(bytes.codes)} instead of ${whole(bytes.float32)} as float32, ${bytes.ratio.toFixed(2)} times less; ${whole(report.clipped)} values clipped`,
    `epochs    ${epochs.length} in ${spent.toFixed(2)} s, training loss ${digits(epochs.at(-1)?.loss ?? null)}`,
    figuresTable(report),
    ...(classes === undefined
      ? []
      : [`${target} is ${classes.positive} where this is 0 or more, else ${classes.negative}:`]),
    `${classes === undefined ? target : "decision"} = ${digits(model.intercept)}${weights.join("")}`,
    "",
  ].join("\n");
}
