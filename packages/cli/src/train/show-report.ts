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
  if (report.start !== undefined) row("the model to start from", report.start.test);
  row(report.scheme === "none" ? "this model, float32" : `this model, ${report.bits} bits`, report.test);
  row("least squares, float64", report.leastSquares);
  return table.toString();
}

function refetchLine({ refetch, rows }: TrainReport): string[] {
  if (refetch === undefined) return [];
  const share = (100 * refetch.undecided) / Math.max(refetch.decisions, 1);
  return [
    `refetch   ${share.toPrecision(2)} % of the decisions left open; ${whole(refetch.rows)} of ${whole(rows.train)} rows asked for once, ${whole(refetch.bytes)} bytes`,
  ];
}

/** Bytes of a line of a card's memory. */
const lineBytes = 64;

/** Modelled, and therefore on a line of its own: the seconds of the epochs are those of the emulation. */
function cardLine({ fpga, rows }: TrainReport): string[] {
  if (fpga === undefined) return [];
  const { cycles, modelledSeconds, bytesRead, linesPerRow, stalls } = fpga;
  const group = bytesRead < lineBytes * linesPerRow * rows.train ? "8 rows" : "a row"; // bit planes hold eight
  const waited = Object.entries(stalls)
    .filter(([, count]) => count > 0)
    .map(([cause, count]) => `${cause} ${((100 * count) / cycles).toPrecision(2)} %`);
  return [
    `modelled  an epoch on the card: ${whole(cycles)} cycles, ${digits(modelledSeconds)} s, ${whole(bytesRead)} bytes read, ${linesPerRow} ${linesPerRow === 1 ? "line" : "lines"} for ${group}; stalls ${waited.join(", ") || "none"}`,
  ];
}

const added = (part: number, own: number): string => `${Number(((100 * part) / own).toPrecision(2))} %`;

/** What roundings add, in shares of the variance that SGD has anyway. */
function varianceLine({ variance }: TrainReport): string[] {
  if (variance === undefined) return [];
  const { sgd, samples, model, residual, gradient } = variance;
  const parts = Object.entries({ samples, model, residuals: residual, gradient })
    .filter(([, part]) => part > 0)
    .map(([name, part]) => `${name} ${added(part, sgd)}`);
  const more = parts.length === 0 ? "" : `; more by ${parts.join(", ")}`;
  return [`variance  of a mini-batch gradient of SGD itself ${digits(sgd)}${more}`];
}

function startLine({ start }: TrainReport): string[] {
  if (start === undefined) return [];
  return [`start     a model of ${start.passes} epochs, training loss ${digits(start.loss)} before the first of these`];
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
    ...refetchLine(report),
    ...startLine(report),
    `epochs    ${epochs.length} in ${spent.toFixed(2)} s, training loss ${digits(epochs.at(-1)?.loss ?? null)}`,
    ...cardLine(report),
    ...varianceLine(report),
    figuresTable(report),
    ...(classes === undefined
      ? []
      : [`${target} is ${classes.positive} where this is 0 or more, else ${classes.negative}:`]),
    `${classes === undefined ? target : "decision"} = ${digits(model.intercept)}${weights.join("")}`,
    "",
  ].join("\n");
}
