import { createStream } from "@zipml/codec";
import { solveClosedForm } from "./closed-form.ts";
import { TrainingError } from "./errors.ts";
import { modelOf } from "./linear-model.ts";
import type { LinearModel } from "./model.ts";
import { resolveTrainOptions, type TrainOptions } from "./options.ts";
import { referenceEngine } from "./reference-engine.ts";
import { descend, largestGuarded } from "./sgd.ts";
import { standardise } from "./standardise.ts";
import { surveySource } from "./survey.ts";
import type { Training } from "./training.ts";

/** What `train` returns. */
export interface TrainResult {
  readonly model: LinearModel;
  /** Loss after each epoch, as `onEpoch` has it; one entry for the closed form. */
  readonly epochs: readonly { readonly epoch: number; readonly loss: number }[];
  /** What a user should be told; empty when all is well. */
  readonly warnings: readonly string[];
  /** The first step α of SGD, in standardised units. */
  readonly step?: number;
}

/**
 * Trains a linear model by least squares from codes or raw rows, in standardised units.
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
  const { source, task, signal } = options;
  const engine = options.engine ?? referenceEngine();
  const refuse = (name: string): TrainingError =>
    new TrainingError("engine", `engine ${engine.name} does not run the estimator "${name}"`);
  if (resolved.solver === "sgd" && options.estimator !== undefined && !engine.supports(options.estimator))
    throw refuse(options.estimator);
  const products = resolved.solver === "closed-form" || task.features.length <= largestGuarded;
  const survey = await surveySource({ source, task, estimator: options.estimator, products, signal });
  if (resolved.solver === "sgd" && !engine.supports(survey.estimator)) throw refuse(survey.estimator);
  const { scaling, warnings } = standardise(survey.summary, task);
  const training: Training = {
    source,
    task,
    scaling,
    summary: survey.summary,
    estimator: survey.estimator,
    options: resolved,
    signal,
    onEpoch: options.onEpoch,
    streamOf: (purpose) => createStream(`train/${purpose}/${resolved.seed}`),
  };
  const outcome = resolved.solver === "closed-form" ? await solveClosedForm(training) : await descend(training, engine);
  const made = { estimator: survey.estimator, solver: resolved.solver };
  return {
    model: modelOf(task, scaling, outcome.weights, made),
    epochs: outcome.epochs,
    warnings: [...warnings, ...outcome.warnings],
    ...(outcome.step === undefined ? {} : { step: outcome.step }),
  };
}
