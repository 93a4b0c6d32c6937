import type { Quantizer } from "@zipml/codec";
import { TrainingError } from "./errors.ts";

/** Means and corrected second moments, in the columns' units. */
export interface MomentSummary {
  readonly rows: number;
  /** Covered columns n, with the raw target where there is one. */
  readonly columns: number;
  /** Mean of each column. */
  readonly means: Float64Array;
  /** Variance of each column, dividing by the rows, less the column's average d. It may be negative. */
  readonly variances: Float64Array;
  /** Average d of each column; 0 for raw columns, at k = 1, and where no correction was wanted. */
  readonly spreads: Float64Array;
  /** n × n corrected covariance, or undefined without products. Its diagonal is `variances`. */
  readonly covariance: Float64Array | undefined;
}

/** Moments of all rows under one grid, summed while these came. */
export interface KeptMoments {
  readonly quantizer: Quantizer;
  /** Over all columns of a row, in their order. */
  readonly summary: MomentSummary;
}

/**
 * The moments of some columns, in an order of their own.
 *
 * @param columns Indices into those of the summary.
 */
export function pickColumns(summary: MomentSummary, columns: readonly number[]): MomentSummary {
  const pick = (from: Float64Array): Float64Array => Float64Array.from(columns, (c) => from[c] as number);
  const { rows, columns: size, covariance } = summary;
  return {
    rows,
    columns: columns.length,
    means: pick(summary.means),
    variances: pick(summary.variances),
    spreads: pick(summary.spreads),
    covariance:
      covariance && Float64Array.from(columns.flatMap((a) => columns.map((b) => covariance[a * size + b] as number))),
  };
}

/**
 * Joins the summaries of several grids over the same columns, or of codes and raw rows, into one.
 *
 * @param parts At least one summary; all with the same columns in the same order.
 * @throws {@link TrainingError} `rows` without parts or where the columns differ.
 */
export function combineMoments(parts: readonly MomentSummary[]): MomentSummary {
  const [first] = parts;
  if (first === undefined) throw new TrainingError("rows", "there are no rows");
  const size = first.columns;
  const full = parts.every((part) => part.covariance !== undefined);
  const means = new Float64Array(size);
  const spreads = new Float64Array(size);
  let rows = 0;
  for (const part of parts) {
    if (part.columns !== size) throw new TrainingError("rows", `${part.columns} columns beside ${size}`);
    rows += part.rows;
  }
  for (const part of parts)
    for (let i = 0; i < size; i++) {
      means[i] = (means[i] as number) + ((part.means[i] as number) * part.rows) / rows;
      spreads[i] = (spreads[i] as number) + ((part.spreads[i] as number) * part.rows) / rows;
    }
  // Within a part plus between the parts' means.
  const variances = new Float64Array(size);
  const covariance = full ? new Float64Array(size * size) : undefined;
  for (const part of parts) {
    const share = part.rows / rows;
    const off = part.means.map((mean, i) => mean - (means[i] as number));
    for (let i = 0; i < size; i++) {
      const di = off[i] as number;
      variances[i] = (variances[i] as number) + share * ((part.variances[i] as number) + di * di);
      if (covariance === undefined || part.covariance === undefined) continue;
      for (let j = 0; j < size; j++)
        covariance[i * size + j] =
          (covariance[i * size + j] as number) +
          share * ((part.covariance[i * size + j] as number) + di * (off[j] as number));
    }
  }
  return { rows, columns: size, means, variances, spreads, covariance };
}
