import type { Quantizer } from "@zipml/codec";
import { checkAborted, TrainingError } from "./errors.ts";
import { checkEstimator, type EstimatorName } from "./estimators.ts";
import { combineMoments, type KeptMoments, type MomentSummary, pickColumns } from "./moment-summary.ts";
import { createMoments, type Moments } from "./moments.ts";
import { checkTargetColumn, checkTask, type SampleBlock, type SampleSource, type Task } from "./samples.ts";

/** What the first pass over a source finds. */
export interface Survey {
  readonly estimator: EstimatorName;
  /** Moments of the task's features in order, then the target. */
  readonly summary: MomentSummary;
  /** Of all blocks of codes, decoded or not. */
  readonly quantizers: readonly Quantizer[];
}

/** Options of {@link surveySource}. */
export interface SurveyOptions {
  readonly source: SampleSource;
  readonly task: Task;
  /** Default: `symmetric` for codes, decoded or not, `full` for raw rows. */
  readonly estimator: EstimatorName | undefined;
  /** Default for codes in place of `symmetric`. */
  readonly forCodes?: EstimatorName | undefined;
  /** Fewest draws of a feature for the estimator `polynomial`. */
  readonly draws?: number | undefined;
  /** Shown every block once it has been checked. */
  readonly visit?: ((block: SampleBlock) => void) | undefined;
  /** Products of all pairs of columns, or squares only. */
  readonly products: boolean;
  readonly signal: AbortSignal | undefined;
}

/** The survey from moments that were kept, or undefined where they don't serve and the rows must be read. */
function surveyKept({ source, task, products, visit, ...options }: SurveyOptions): Survey | undefined {
  const { kept } = source;
  if (kept === undefined || kept.length === 0 || visit !== undefined) return undefined;
  if (products && kept.some(({ summary }) => summary.covariance === undefined)) return undefined;
  checkTargetColumn(task, source.columns);
  const estimator = options.estimator ?? options.forCodes ?? "symmetric";
  const columns = [...task.features, task.target].map(({ column }) => column);
  const parts = kept.map(({ quantizer, summary }: KeptMoments) => {
    const none: SampleBlock = { kind: "codes", rows: 0, quantizer, codes: new Uint16Array(0) };
    checkEstimator(estimator, none, task, options.draws);
    const part = pickColumns(summary, columns);
    return products ? part : { ...part, covariance: undefined };
  });
  const summary = combineMoments(parts);
  checkRows(source, summary.rows);
  return { estimator, summary, quantizers: kept.map(({ quantizer }) => quantizer) };
}

function checkRows(source: SampleSource, rows: number): void {
  if (rows !== source.rows) throw new TrainingError("rows", `the source promises ${source.rows} rows and has ${rows}`);
}

/**
 * Reads the source once: checks every block against task and estimator and sums its moments, an accumulator for each grid.
 * A source that has kept what is wanted is not read.
 *
 * @throws `TrainingError` `options`, `estimator`, `rows` or `aborted`.
 */
export async function surveySource(wanted: SurveyOptions): Promise<Survey> {
  const { source, task, products, signal, ...options } = wanted;
  checkTask(task, source.columns);
  const kept = surveyKept(wanted);
  if (kept !== undefined) return kept;
  const grids = new Map<Quantizer | "raw", { encoded?: Moments; withTargets?: Moments }>();
  const features = task.features.map(({ column }) => column);
  let estimator = options.estimator;
  const momentsOf = (block: SampleBlock): Moments => {
    const key = block.kind === "values" ? "raw" : block.quantizer;
    const known = grids.get(key) ?? {};
    grids.set(key, known);
    // `naive` does without d; a target enters the gradient linearly and needs none.
    const uncorrected = estimator === "naive" ? [...features, task.target.column] : [task.target.column];
    if (block.kind !== "values" && block.targets !== undefined) {
      const kind = { columns: features, targets: true, products, ...(estimator === "naive" ? { uncorrected } : {}) };
      known.withTargets ??= createMoments(block.quantizer, kind);
      return known.withTargets;
    }
    checkTargetColumn(task, source.columns);
    const kind = block.kind === "values" ? source.columns : block.quantizer;
    known.encoded ??= createMoments(kind, { columns: [...features, task.target.column], products, uncorrected });
    return known.encoded;
  };
  let rows = 0;
  for await (const block of source.blocks()) {
    checkAborted(signal);
    estimator ??= block.kind === "values" ? "full" : (options.forCodes ?? "symmetric");
    const moments = momentsOf(block);
    moments.add(block);
    checkEstimator(estimator, block, task, options.draws);
    options.visit?.(block);
    rows += block.rows;
  }
  checkRows(source, rows);
  const parts: MomentSummary[] = [];
  for (const { encoded, withTargets } of grids.values())
    for (const moments of [encoded, withTargets])
      if (moments !== undefined && moments.rows > 0) parts.push(moments.summary());
  const quantizers = Array.from(grids.keys()).filter((key) => key !== "raw");
  return { estimator: estimator ?? "symmetric", summary: combineMoments(parts), quantizers };
}
