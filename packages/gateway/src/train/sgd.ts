import type { Engine, ModelTrail } from "./engine.ts";
import { checkAborted, TrainingError } from "./errors.ts";
import { type GuardTerm, guardFloor, guardTerm, guardWarnings, spectrumOf } from "./guard.ts";
import { lossOf, normalEquations } from "./normal-equations.ts";
import { measureEnergy, measureLargest, measureLoss } from "./passes.ts";
import { createRowReader } from "./row-reader.ts";
import { stepAt } from "./schedules.ts";
import { automaticStep } from "./step.ts";
import { createStreams } from "./streams.ts";
import { type Outcome, readable, report, type Training } from "./training.ts";

/** Most features for which the correlation matrix is formed. */
export const largestGuarded = 512;

/** Passes of power iteration where it is not; the estimate is low by some per cent, which `headroom` covers. */
const powerPasses = 8;
const headroom = 1.1;

/** How often a step from the data is halved before divergence is reported. */
const mostHalvings = 10;

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
 * Whether a loss has grown out of hand, or is not finite. While training runs twice the start is let pass, as the first,
 * large steps may shake the model about a good one; at the end one per cent of noise (see {@link isNoise}). A square can't
 * be negative: an estimate as far below 0 means that the correction outgrew the data.
 */
function hasGrown(loss: number, last: boolean): boolean {
  return !(Math.abs(loss) <= startLoss * (last ? 1.01 : 2));
}

/** Whether a final loss is above the start's by no more than noise: then predicting the mean is the better model. */
function isNoise(loss: number): boolean {
  return loss > startLoss && !hasGrown(loss, true);
}

const meanWarning =
  "the features say no more about the target than noise: the model predicts its mean, with every weight 0";

async function automatic(training: Training, batch: number, largest: number): Promise<number> {
  const { task, estimator, options } = training;
  const energy = await measureEnergy(readable(training, estimator));
  return automaticStep({ ...options, batch, largest, energy, features: task.features.length });
}

/** What stays the same over epochs. */
function epochContext(training: Training, batch: number, guard: GuardTerm | undefined) {
  const { source, task, scaling, estimator, options, signal } = training;
  const { modelBits, residualBits, gradientBits } = options;
  const rowSpreads = estimator === "symmetric" && options.diagonal === "row";
  return {
    source,
    task,
    estimator,
    scaling,
    reader: createRowReader({ estimator, task, scaling, rowSpreads }),
    batch,
    spreads: estimator === "symmetric" && !rowSpreads ? scaling.spreads : undefined,
    guard,
    modelBits,
    residualBits,
    gradientBits,
    weights: new Float64Array(task.features.length),
    signal,
  };
}

/**
 * Mini-batch descent (the paper's equation 2 without regulariser). A step from the data that proves too large in the first
 * epoch, as outliers can make it, is halved and the epoch begun again; a step that was given is not.
 *
 * @throws {@link TrainingError} `diverged` or `aborted`.
 */
export async function descend(training: Training, engine: Engine): Promise<Outcome> {
  const { scaling, options, signal } = training;
  const landscape = await explore(training);
  const batch = Math.min(options.batch, scaling.rows);
  const fixed = epochContext(training, batch, landscape.guard);
  const { weights } = fixed;
  const tail: ModelTrail = { sum: new Float64Array(weights.length), count: 0 };
  let alpha = options.step === "auto" ? await automatic(training, batch, landscape.largest) : options.step;

  /** Runs an epoch; the loss, and the loss with the guard's part, which is what descent lowers. */
  const run = async (epoch: number): Promise<{ loss: number; guarded: number }> => {
    checkAborted(signal, epoch);
    const last = epoch === options.epochs;
    const step = stepAt(options.schedule, alpha, epoch);
    const trail = epoch > options.epochs - options.average ? tail : undefined;
    const { seed } = options;
    await engine.epoch({ ...fixed, epoch, step, streams: createStreams(seed, epoch), seed, trail });
    if (last && tail.count > 0)
      for (let i = 0; i < weights.length; i++) weights[i] = (tail.sum[i] as number) / tail.count;
    const loss = await landscape.loss(weights);
    return { loss, guarded: loss + guardLoss(landscape.guard, weights) };
  };

  const grown = ({ guarded }: { guarded: number }, epoch: number): boolean =>
    hasGrown(guarded, epoch === options.epochs);
  let state = await run(1);
  for (let halvings = 0; options.step === "auto" && grown(state, 1) && halvings < mostHalvings; halvings++) {
    alpha /= 2;
    weights.fill(0);
    tail.sum.fill(0);
    tail.count = 0;
    state = await run(1);
  }
  const epochs: { epoch: number; loss: number }[] = [];
  const warnings = [...landscape.warnings];
  for (let epoch = 1; ; epoch++) {
    if (epoch > 1) state = await run(epoch);
    if (grown(state, epoch)) {
      const went = `the loss went from ${startLoss} to ${state.guarded} (standardised): no model`;
      throw new TrainingError("diverged", went, epoch);
    }
    const last = epoch === options.epochs;
    if (last && isNoise(state.guarded)) {
      weights.fill(0);
      warnings.push(meanWarning);
      state = { loss: startLoss, guarded: startLoss };
    }
    const scaled = state.loss * scaling.targetDeviation ** 2;
    epochs.push({ epoch, loss: scaled });
    await report(training, epoch, scaled, weights);
    if (last) return { weights, epochs, warnings, step: alpha };
  }
}
