import { TrainingError } from "./errors.ts";
import type { MomentSummary } from "./moment-summary.ts";
import type { Task } from "./samples.ts";

/** What turns columns into standardised units and back. Vectors are in the task's order of features. */
export interface Scaling {
  readonly rows: number;
  readonly means: Float64Array;
  /** Standard deviations; 0 for a column that has no variance and gets weight 0. */
  readonly deviations: Float64Array;
  /** Average d of each column in standardised units, d̄/deviation²; 0 without variance. */
  readonly spreads: Float64Array;
  readonly targetMean: number;
  readonly targetDeviation: number;
}

/**
 * Means and deviations from the moments of the features and, last, the target. Where a column carries two draws or more
 * its variance is corrected by d; raw columns and single draws are taken as they are.
 *
 * @param summary Moments of the task's features in order, then the target.
 * @param known The target's deviation as a model to go on from knows it, for rows that show none; with it the weight of a
 * column without variance stays as it was.
 * @returns The scaling, and a warning for each column without variance.
 * @throws {@link TrainingError} `rows` for fewer than two rows, `target` for a target without variance.
 */
export function standardise(
  summary: MomentSummary,
  task: Task,
  known?: number,
): { scaling: Scaling; warnings: string[] } {
  const size = task.features.length;
  if (summary.rows < 2) throw new TrainingError("rows", `training needs at least two rows, not ${summary.rows}`);
  const warnings: string[] = [];
  const deviations = new Float64Array(size);
  const spreads = new Float64Array(size);
  for (const [i, { name }] of task.features.entries()) {
    const deviation = deviationOf(summary, i);
    deviations[i] = deviation;
    if (deviation > 0) spreads[i] = (summary.spreads[i] as number) / deviation ** 2;
    else
      warnings.push(
        `feature ${name} has no variance beyond its quantization: its weight ${known === undefined ? "is 0" : "stays as it was"}`,
      );
  }
  const targetDeviation = deviationOf(summary, size) || (known ?? 0);
  if (targetDeviation === 0)
    throw new TrainingError("target", `target ${task.target.name} is constant over ${summary.rows} rows`);
  const targetMean = summary.means[size] as number;
  const means = summary.means.slice(0, size);
  return { scaling: { rows: summary.rows, means, deviations, spreads, targetMean, targetDeviation }, warnings };
}

/** Standard deviation of column i; 0 where there is none beyond rounding. */
export function deviationOf(summary: MomentSummary, i: number): number {
  const variance = summary.variances[i] as number;
  // Parts with equal means differ by rounding: less than that is no variance.
  return variance > 1e-24 * (summary.means[i] as number) ** 2 ? Math.sqrt(variance) : 0;
}
