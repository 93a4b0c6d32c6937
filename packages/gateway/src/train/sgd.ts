import type { Engine, EpochContext, ModelTrail } from "./engine.ts";
import { checkAborted, TrainingError } from "./errors.ts";
import { type GuardTerm, guardFloor, guardTerm, guardWarnings, spectrumOf } from "./guard.ts";
import { lossOf, normalEquations } from "./normal-equations.ts";
import { measureEnergy, measureLargest, measureLoss } from "./passes.ts";
import { createRowReader } from "./row-reader.ts";
import { stepAt } from "./schedules.ts";
import { automaticStep, type StepFacts } from "./step.ts";
import { createStreams } from "./streams.ts";
import { type Outcome, readable, report, type Training } from "./training.ts";

/** Most features for which the correlation matrix is formed. */
export const largestGuarded = 512;

/** Passes of power iteration where it is not; the estimate is low by some per cent, which `headroom` covers. */
const powerPasses = 8;
const headroom = 1.1;

/** Standardised loss of the model 0, which predicts the mean. */
const startLoss = 0.5;

/** What SGD knows of the data before its first epoch. */
interface Landscape {
  readonly largest: number;
  readonly guard: GuardTerm | undefined;
  readonly warnings: readonly string[];
  /** Standardised loss, corrected by d, without the guard. */
  loss(weights: Float64Array): Promise<number>;
}

async function explore(training: Training): Promise<Landscape> {
  const { scaling, estimator, summary } = training;
  const measured = readable(training, estimator === "double" ? "symmetric" : estimator);
  if (summary.covariance === undefined) {
    const largest = await measureLargest(measured, powerPasses, training.streamOf("power"));
    return {
      largest: largest * headroom,
      guard: undefined,
      warnings: [],
      loss: (weights) => measureLoss(measured, weights),
    };
  }
  const equations = normalEquations(summary, scaling);
  const spectrum = spectrumOf(equations.matrix, scaling);
  const floor = guardFloor(scaling);
  return {
    largest: Math.max(spectrum.values.at(-1) ?? 0, floor),
    guard: floor > 0 ? guardTerm(spectrum, floor, equations.size) : undefined,
    warnings: guardWarnings(spectrum, floor),
    loss: async (weights) => lossOf(equations, weights),
  };
}

/** Half the guard's share of the quadratic: what it adds to the loss that descent lowers. */
function guardLoss(guard: GuardTerm | undefined, weights: Float64Array): number {
  if (guard === undefined) return 0;
  let sum = 0;
  for (const [r, strength] of guard.strengths.entries()) {
    let projection = 0;
    for (let i = 0; i < weights.length; i++)
      projection += (guard.directions[r * weights.length + i] as number) * (weights[i] as number);
    sum += strength * projection * projection;
  }
  return sum / 2;
}

/**
 * Refuses a loss that grew past the start's, or is not finite. While training runs twice the start is let pass, as the
 * first, large steps may shake the model about a good one; the result may exceed the start by one per cent of noise, so
 * that a target which the features say nothing about still trains. A square can't be negative: an estimate as far below 0
 * means that the correction outgrew the data.
 */
function checkLoss(loss: number, last: boolean, epoch: number): void {
  const limit = startLoss * (last ? 1.01 : 2);
  if (Number.isFinite(loss) && Math.abs(loss) <= limit) return;
  throw new TrainingError("diverged", `the loss went from ${startLoss} to ${loss} (standardised): no model`, epoch);
}

/**
 * Mini-batch descent (the paper's equation 2 without regulariser).
 *
 * @throws {@link TrainingError} `diverged` or `aborted`.
 */
export async function descend(training: Training, engine: Engine): Promise<Outcome> {
  const { source, task, scaling, estimator, options, signal } = training;
  const landscape = await explore(training);
  const batch = Math.min(options.batch, scaling.rows);
  const facts: StepFacts = {
    ...options,
    batch,
    largest: landscape.largest,
    energy: await measureEnergy(readable(training, estimator)),
    features: task.features.length,
  };
  const alpha = options.step === "auto" ? automaticStep(facts) : options.step;
  const weights = new Float64Array(task.features.length);
  const rowSpreads = estimator === "symmetric" && options.diagonal === "row";
  const fixed: Omit<EpochContext, "epoch" | "step" | "streams" | "trail"> = {
    source,
    task,
    estimator,
    scaling,
    reader: createRowReader({ estimator, task, scaling, rowSpreads }),
    batch,
    spreads: estimator === "symmetric" && !rowSpreads ? scaling.spreads : undefined,
    guard: landscape.guard,
    modelBits: options.modelBits,
    residualBits: options.residualBits,
    gradientBits: options.gradientBits,
    weights,
    signal,
  };
  const tail: ModelTrail = { sum: new Float64Array(weights.length), count: 0 };
  const epochs: { epoch: number; loss: number }[] = [];
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    checkAborted(signal, epoch);
    const step = stepAt(options.schedule, alpha, epoch);
    const trail = epoch > options.epochs - options.average ? tail : undefined;
    await engine.epoch({ ...fixed, epoch, step, streams: createStreams(options.seed, epoch), trail });
    if (epoch === options.epochs && tail.count > 0) weights.set(tail.sum.map((sum) => sum / tail.count));
    const loss = await landscape.loss(weights);
    checkLoss(loss + guardLoss(landscape.guard, weights), epoch === options.epochs, epoch);
    const scaled = loss * scaling.targetDeviation ** 2;
    epochs.push({ epoch, loss: scaled });
    await report(training, epoch, scaled, weights);
  }
  return { weights, epochs, warnings: landscape.warnings, step: alpha };
}
