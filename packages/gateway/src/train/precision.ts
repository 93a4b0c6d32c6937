import { TrainingError } from "./errors.ts";
import { type Spectrum, spectrumOf } from "./guard.ts";
import { createMoments } from "./moments.ts";
import { type NormalEquations, normalEquations } from "./normal-equations.ts";
import { checkTargetColumn, checkTask, type Task } from "./samples.ts";
import { solveGuarded } from "./solve.ts";
import { type Scaling, standardise } from "./standardise.ts";

/** How precise a column must be. */
export interface ColumnPrecision {
  readonly name: string;
  /** Index into a row. */
  readonly column: number;
  /** What a unit of variance (in standardised units) costs: the excess is the sum of variance × weight over the rows. */
  readonly weight: number;
  /**
   * Largest average variance of the error of a reading, in the column's unit squared; Infinity for a feature without
   * variance, whose readings say nothing.
   */
  readonly variance: number;
}

/** What {@link planPrecision} finds. */
export interface PrecisionPlan {
  /** Rows K that the model will be learned from. */
  readonly rows: number;
  /** Share by which the expected loss may exceed that of least squares on exact rows. */
  readonly excess: number;
  /** In the task's order of features. */
  readonly features: readonly ColumnPrecision[];
  readonly target: ColumnPrecision;
  /** Smallest eigenvalue of the features' correlation matrix. */
  readonly smallest: number;
  /** 2√(max v/K), the noise of its estimate from the codes, v in standardised units. */
  readonly noise: number;
  /** The noise exceeds the smallest eigenvalue: the guard will act, and the excess may be larger than promised. */
  readonly isIllConditioned: boolean;
}

/** What {@link planPrecision} is asked for. */
export interface PrecisionOptions {
  /** Relative excess of the expected loss, above 0 and at most 1; 0.001 is 0.1 %. */
  readonly excess: number;
  /** Rows K that the model will be learned from. Default as many as are given. */
  readonly rows?: number | undefined;
}

function checkOptions({ excess, rows }: PrecisionOptions): void {
  if (!(excess > 0 && excess <= 1))
    throw new TrainingError("options", `excess must be above 0 and at most 1, not ${excess}`);
  if (rows !== undefined && !(Number.isInteger(rows) && rows >= 2))
    throw new TrainingError("options", `rows must be a whole number of at least 2, not ${rows}`);
}

/** Diagonal of G⁻¹; directions without variance are left out, as the solution of least norm leaves them. */
function inverseDiagonal({ values, vectors }: Spectrum, size: number): Float64Array {
  const diagonal = new Float64Array(size);
  const least = 1e-12 * Math.max(values.at(-1) ?? 0, 1);
  for (const [r, value] of values.entries()) {
    if (value <= least) continue;
    for (let i = 0; i < size; i++)
      diagonal[i] = (diagonal[i] as number) + (vectors[r * size + i] as number) ** 2 / value;
  }
  return diagonal;
}

/** Share of the target's variance that least squares leaves, without bias. */
function residualShare({ matrix, cross, size }: NormalEquations, weights: Float64Array, rows: number): number {
  let share = 1;
  for (let i = 0; i < size; i++) {
    let product = 0;
    for (let j = 0; j < size; j++) product += (matrix[i * size + j] as number) * (weights[j] as number);
    share += (weights[i] as number) * (product - 2 * (cross[i] as number));
  }
  return (Math.max(share, 0) * rows) / (rows - size - 1);
}

function surveyValues(values: Float64Array, columns: number, task: Task) {
  checkTask(task, columns);
  checkTargetColumn(task, columns);
  const rows = values.length / columns;
  const size = task.features.length;
  if (!Number.isInteger(rows) || rows < size + 2)
    throw new TrainingError(
      "rows",
      `${rows} rows of ${columns} columns: a plan for ${size} features needs a whole number of at least ${size + 2}`,
    );
  const moments = createMoments(columns, {
    columns: [...task.features.map(({ column }) => column), task.target.column],
  });
  moments.add({ kind: "values", rows, values });
  const summary = moments.summary();
  return { rows, summary, scaling: standardise(summary, task).scaling };
}

function weightsOfColumns(equations: NormalEquations, scaling: Scaling, rows: number) {
  const { size, matrix } = equations;
  const { weights } = solveGuarded(equations, scaling, 0);
  const share = residualShare(equations, weights, rows);
  if (!(share > 1e-12))
    throw new TrainingError(
      "target",
      "the features predict the target exactly: no excess over a loss of 0 can be planned",
    );
  const spectrum = spectrumOf(matrix, scaling);
  const inverse = inverseDiagonal(spectrum, size);
  const active = scaling.deviations.filter((deviation) => deviation > 0).length;
  const parameters = active + 1; // the intercept is estimated from the same noisy rows
  const features = inverse.map((value, i) => value + (parameters * (weights[i] as number) ** 2) / share);
  return { features, target: parameters / share, active, smallest: spectrum.values[0] ?? 0 };
}

/**
 * How precise each column must be, so that least squares learned from K encoded rows has an expected loss at most a share
 * above that of least squares learned from the same rows exactly.
 *
 * An error of variance vᵢ in column i, independent and of mean 0, with its diagonal corrected, adds to the expected loss
 * the share (1/K)·Σ vᵢcᵢ with cᵢ = (G⁻¹)ᵢᵢ + p·xᵢ²/σ², G the correlation matrix, x the weights, p their number with the
 * intercept and σ² the variance of the residual, all in standardised units; the target's is p/σ². Every column gets an
 * equal part of the excess. First order in v: it holds where the noise is well below the smallest eigenvalue of G.
 *
 * @param values Exact rows, a sample of what will come; row-major rows × columns.
 * @param columns Columns of a row.
 * @param task Features and target.
 * @throws TrainingError `options`; `rows` for fewer rows than features and two; `target` for a constant target or one that
 * the features predict exactly.
 */
export function planPrecision(
  values: Float64Array,
  columns: number,
  task: Task,
  options: PrecisionOptions,
): PrecisionPlan {
  checkOptions(options);
  const { rows, summary, scaling } = surveyValues(values, columns, task);
  const { excess, rows: planned = rows } = options;
  const costs = weightsOfColumns(normalEquations(summary, scaling), scaling, rows);
  const part = (excess * planned) / (costs.active + 1);
  let largest = 0;
  const features = task.features.map(({ name, column }, i): ColumnPrecision => {
    const weight = costs.features[i] as number;
    const deviation = scaling.deviations[i] as number;
    if (deviation === 0) return { name, column, weight: 0, variance: Number.POSITIVE_INFINITY };
    largest = Math.max(largest, part / weight);
    return { name, column, weight, variance: (part / weight) * deviation ** 2 };
  });
  const { name, column } = task.target;
  const variance = (part / costs.target) * scaling.targetDeviation ** 2;
  const noise = 2 * Math.sqrt(largest / planned);
  return {
    rows: planned,
    excess,
    features,
    target: { name, column, weight: costs.target, variance },
    smallest: costs.smallest,
    noise,
    isIllConditioned: noise > costs.smallest,
  };
}
