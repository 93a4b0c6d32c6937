import { createStream, type Quantizer } from "@zipml/codec";
import { solveClosedForm } from "./closed-form.ts";
import type { Engine, EngineNeeds } from "./engine.ts";
import { TrainingError } from "./errors.ts";
import type { EstimatorName } from "./estimators.ts";
import type { RefetchFigures } from "./exact-rows.ts";
import { createLabelFinder } from "./labels.ts";
import type { LinearModel } from "./model.ts";
import { objectiveOf, usualEstimator } from "./objective.ts";
import { resolveTrainOptions, type TrainOptions } from "./options.ts";
import { referenceEngine } from "./reference-engine.ts";
import { descend, largestGuarded } from "./sgd.ts";
import { standardise } from "./standardise.ts";
import { surveySource } from "./survey.ts";
import { type Training, trainedModel } from "./training.ts";
import type { VarianceReport } from "./variance-report.ts";
import { checkStart, knownDeviation, warmStart } from "./warm-start.ts";

/** What `train` returns. */
export interface TrainResult {
  readonly model: LinearModel;
  /** Loss after each epoch, as `onEpoch` has it; one entry for the closed form. */
  readonly epochs: readonly { readonly epoch: number; readonly loss: number }[];
  /** What a user should be told; empty when all is well. */
  readonly warnings: readonly string[];
  /**
   * Loss of the model to start from on these rows, before the first step, as `epochs` has it: where it rises from one
   * training to the next, what the rows show has moved away from what was learned.
   */
  readonly before?: number;
  /** What each rounding adds to the variance of a mini-batch gradient, where the options ask for it. */
  readonly variance?: VarianceReport;
  /** The first step α of SGD, in standardised units. */
  readonly step?: number;
  /** Name of the engine that ran; only SGD has one. */
  readonly engine?: string;
  /** What the estimator `refetch` asked for. */
  readonly refetch?: RefetchFigures;
}

/**
 * Trains a linear model from codes or raw rows, in standardised units: by least squares, or by another loss and with a
 * regularizer where the options say so. For classes the target has two values, of which the larger is class +1.
 *
 * The first pass over the source checks it and sums its moments. SGD then makes `epochs` passes; the same seed gives the
 * same model to the bit. Up to 512 features SGD solves the guarded system (see `solveGuarded`): what the guard adds is
 * added to every gradient. For more features the correlation matrix is not formed: there is no guard and no warning of
 * it, only the check for divergence.
 *
 * @example
 * ```ts
 * const { model, warnings } = await train({ source, task, estimator: "symmetric", seed: 1 });
 * const { intercept, weights } = weightsOf(model); // in the columns' units
 * ```
 *
 * @throws {@link TrainingError} `options`, `estimator`, `engine`, `rows`, `target`, `diverged` or `aborted`. Whatever the
 * source, an engine or `onEpoch` throws passes through.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const resolved = resolveTrainOptions(options);
  const { source, task, signal, start } = options;
  if (start !== undefined) checkStart(start, task, resolved);
  const { estimator: wanted, engine = referenceEngine(), fallback } = options;
  if (resolved.solver === "sgd" && wanted !== undefined && fallback === undefined && !engine.supports(wanted))
    throw new TrainingError("engine", estimatorRefusal(engine, wanted));
  const products = resolved.solver === "closed-form" || task.features.length <= largestGuarded;
  const { loss, degree = 1 } = resolved;
  const finder = loss === "squares" ? undefined : createLabelFinder(task, start?.classes);
  const survey = await surveySource({
    source,
    task,
    estimator: wanted ?? (resolved.degree === undefined ? undefined : "polynomial"),
    forCodes: usualEstimator(resolved),
    draws: degree + 1,
    visit: finder?.add,
    products,
    signal,
  });
  const { scaling, warnings } = standardise(survey.summary, task, start && knownDeviation(start));
  const labels = finder?.labels();
  const classes = loss === "squares" || labels === undefined ? undefined : { loss, ...labels };
  const training: Training = {
    source,
    task,
    scaling,
    summary: survey.summary,
    estimator: survey.estimator,
    objective: objectiveOf(resolved, labels, scaling, survey.estimator),
    classes,
    options: resolved,
    start: start && warmStart(start, scaling, classes),
    signal,
    onEpoch: options.onEpoch,
    streamOf: (purpose) => createStream(`train/${purpose}/${resolved.seed}`),
  };
  const chosen = resolved.solver === "sgd" ? chooseEngine(training, survey.quantizers, engine, fallback) : undefined;
  const outcome = chosen === undefined ? await solveClosedForm(training) : await descend(training, chosen.engine);
  return {
    model: trainedModel(training, outcome.weights, resolved.epochs),
    epochs: outcome.epochs,
    warnings: [...(chosen?.warnings ?? []), ...warnings, ...outcome.warnings, ...(chosen?.engine.notes ?? [])],
    ...(outcome.step === undefined ? {} : { step: outcome.step }),
    ...(outcome.variance === undefined ? {} : { variance: outcome.variance }),
    ...(outcome.before === undefined ? {} : { before: outcome.before }),
    ...(chosen === undefined ? {} : { engine: chosen.engine.name }),
    ...(training.objective?.refetch === undefined ? {} : { refetch: { ...training.objective.refetch.tally } }),
  };
}

function estimatorRefusal(engine: Engine, estimator: EstimatorName): string {
  return `engine ${engine.name} does not run the estimator "${estimator}"`;
}

/** The engine, or the fallback with a warning that says why. */
function chooseEngine(
  { estimator, task, options, objective }: Training,
  quantizers: readonly Quantizer[],
  engine: Engine,
  fallback: Engine | undefined,
): { engine: Engine; warnings: string[] } {
  const rowSpreads = estimator === "symmetric" && options.diagonal === "row";
  const needs: EngineNeeds = { ...options, estimator, task, quantizers, rowSpreads, objective };
  const refusal = (one: Engine): string | undefined => {
    if (objective !== undefined && one.runsObjectives !== true)
      return `engine ${one.name} runs the losses of squares without regularizer, and no other`;
    if (!one.supports(estimator)) return estimatorRefusal(one, estimator);
    const reason = one.refusal?.(needs);
    return reason === undefined ? undefined : `engine ${one.name} can't run this: ${reason}`;
  };
  const first = refusal(engine);
  if (first === undefined) return { engine, warnings: [] };
  const second = fallback === undefined ? first : refusal(fallback);
  if (fallback === undefined || second !== undefined) throw new TrainingError("engine", second ?? first);
  return { engine: fallback, warnings: [`${first}; ${fallback.name} runs it`] };
}
