import type { Stream } from "@zipml/codec";
import type { EstimatorName } from "./estimators.ts";
import type { ModelClasses } from "./labels.ts";
import { modelOf, outputScale } from "./linear-model.ts";
import type { LinearModel } from "./model.ts";
import type { MomentSummary } from "./moment-summary.ts";
import type { Objective } from "./objective.ts";
import type { ResolvedOptions, TrainOptions } from "./options.ts";
import type { ReadableSource } from "./passes.ts";
import { createRowReader } from "./row-reader.ts";
import type { SampleSource, Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";
import type { VarianceReport } from "./variance-report.ts";
import { type WarmStart, withKeptSlopes } from "./warm-start.ts";

/** What both solvers start from, after the first pass. */
export interface Training {
  readonly source: SampleSource;
  readonly task: Task;
  readonly scaling: Scaling;
  readonly summary: MomentSummary;
  readonly estimator: EstimatorName;
  /** Undefined for the plain loss of squares. */
  readonly objective: Objective | undefined;
  /** Where the target names classes. */
  readonly classes: ModelClasses | undefined;
  readonly options: ResolvedOptions;
  /** Where descent begins, where it goes on from a model. */
  readonly start: WarmStart | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onEpoch: TrainOptions["onEpoch"];
  /** A random stream of its own for a purpose outside the epochs. */
  readonly streamOf: (purpose: string) => Stream;
}

/** What a solver comes to; weights are standardised. */
export interface Outcome {
  readonly weights: Float64Array;
  readonly epochs: readonly { readonly epoch: number; readonly loss: number }[];
  readonly warnings: readonly string[];
  readonly step?: number;
  readonly variance?: VarianceReport | undefined;
  /** Loss of the model to start from, before the first step, as it is reported. */
  readonly before?: number;
}

/**
 * The source read as an estimator reads it.
 *
 * @param estimator `double` for its draws; whatever only measures reads means.
 */
export function readable(training: Training, estimator: EstimatorName): ReadableSource {
  const { source, task, scaling, signal } = training;
  return {
    source,
    task,
    scaling,
    signal,
    reader: createRowReader({ estimator, task, scaling, rowSpreads: false }),
    coins: training.streamOf("survey"),
    twoSided: estimator === "double",
  };
}

/** What brings a standardised loss to the one that is reported: the target's unit squared, for labels that of ±1. */
export function lossUnit({ scaling, classes }: Training): number {
  return outputScale(scaling, classes).deviation ** 2;
}

/** Tells the caller about an epoch, the loss as it is reported. */
export async function report(training: Training, epoch: number, loss: number, weights: Float64Array): Promise<void> {
  await training.onEpoch?.({ epoch, loss, model: trainedModel(training, weights, epoch) });
}

/** @param epochs Epochs of this training. */
export function trainedModel(training: Training, weights: Float64Array, epochs: number): LinearModel {
  const { task, scaling, estimator, options, classes, start } = training;
  const { solver } = options;
  const passes = solver === "sgd" ? { epochs: (start?.passes ?? 0) + epochs } : {};
  const model = modelOf(task, scaling, weights, { estimator, solver, classes, ...passes });
  return start === undefined ? model : withKeptSlopes(model, start.model);
}
