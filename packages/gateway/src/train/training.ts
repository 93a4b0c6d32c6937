import type { Stream } from "@zipml/codec";
import type { EstimatorName } from "./estimators.ts";
import { modelOf } from "./linear-model.ts";
import type { MomentSummary } from "./moments.ts";
import type { ResolvedOptions, TrainOptions } from "./options.ts";
import type { ReadableSource } from "./passes.ts";
import { createRowReader } from "./row-reader.ts";
import type { SampleSource, Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";

/** What both solvers start from, after the first pass. */
export interface Training {
  readonly source: SampleSource;
  readonly task: Task;
  readonly scaling: Scaling;
  readonly summary: MomentSummary;
  readonly estimator: EstimatorName;
  readonly options: ResolvedOptions;
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
    scaling,
    signal,
    reader: createRowReader({ estimator, task, scaling, rowSpreads: false }),
    coins: training.streamOf("survey"),
    twoSided: estimator === "double",
  };
}

/** Tells the caller about an epoch, the loss in the target's unit squared. */
export async function report(training: Training, epoch: number, loss: number, weights: Float64Array): Promise<void> {
  const { task, scaling, estimator, options } = training;
  const model = modelOf(task, scaling, weights, { estimator, solver: options.solver });
  await training.onEpoch?.({ epoch, loss, model });
}
