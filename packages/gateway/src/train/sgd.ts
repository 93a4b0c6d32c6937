import type { Engine, ModelTrail } from "./engine.ts";
import { checkAborted, TrainingError } from "./errors.ts";
import { refetchWarnings } from "./exact-rows.ts";
import type { GuardTerm } from "./guard.ts";
import { explore, type Landscape } from "./landscape.ts";
import { measureGradient } from "./margin-passes.ts";
import { polynomialWarnings } from "./margin-polynomial.ts";
import { measureEnergy } from "./passes.ts";
import { penaltyOf, proximalStep } from "./regularizers.ts";
import { createRowReader } from "./row-reader.ts";
import { stepAt } from "./schedules.ts";
import { automaticStep } from "./step.ts";
import { createStreams } from "./streams.ts";
import { lossUnit, type Outcome, readable, report, type Training } from "./training.ts";
import { measureVariance } from "./variance.ts";

/** Most features for which the correlation matrix is formed. */
export const largestGuarded = 512;

/** How often a step from the data is halved before divergence is reported. */
const mostHalvings = 10;

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
 * large steps may shake the model about a good one; at the end the landscape's share of noise (see {@link isNoise}). A square can't
 * be negative: an estimate as far below 0 means that the correction outgrew the data.
 */
function hasGrown(loss: number, { startLoss, noise }: Landscape, last: boolean): boolean {
  return !(Math.abs(loss) <= startLoss * (last ? noise : 2));
}

/** Whether a final loss is above the start's by no more than noise: then predicting the mean is the better model. */
function isNoise(loss: number, landscape: Landscape): boolean {
  return loss > landscape.startLoss && !hasGrown(loss, landscape, true);
}

async function automatic(training: Training, batch: number, { largest, curvature }: Landscape): Promise<number> {
  const { task, estimator, options, objective } = training;
  const intercept = objective?.margin === undefined ? 0 : 1;
  const energy = (await measureEnergy(readable(training, estimator))) + intercept;
  return automaticStep({ ...options, batch, largest, energy, features: task.features.length }) / curvature;
}

/** Half the mean square error, or the margin's loss, with guard and penalty: what descent lowers. */
function loweredLoss({ objective, task }: Training, { guard }: Landscape, loss: number, weights: Float64Array): number {
  const { regularizer } = objective ?? {};
  const penalty = regularizer === undefined ? 0 : penaltyOf(regularizer, weights.subarray(0, task.features.length));
  return loss + guardLoss(guard, weights) + penalty;
}

/** Passes over the rows that bring weights to exact zeros. */
const settlingPasses = 10;

/**
 * Proximal steps with the gradient over all rows: the noise of mini-batches, and averaging, keep weights off 0 that l1
 * makes 0 at the minimum. A step below 2 over the largest curvature can only come closer to it. The intercept stays.
 */
async function settle(training: Training, landscape: Landscape, weights: Float64Array): Promise<void> {
  const { objective, estimator, scaling, task } = training;
  const isSteep = landscape.largest > 0;
  if (objective?.regularizer === undefined || objective.regularizer.l1 === 0 || !isSteep) return;
  const measured = readable(training, estimator === "double" ? "symmetric" : estimator);
  const spreads = objective.margin === undefined ? scaling.spreads : undefined;
  const step = 1 / (landscape.largest * landscape.curvature);
  const features = weights.subarray(0, task.features.length);
  for (let pass = 0; pass < settlingPasses; pass++) {
    const gradient = await measureGradient(measured, objective, weights, spreads, landscape.guard);
    for (let i = 0; i < features.length; i++) features[i] = (features[i] as number) - step * (gradient[i] as number);
    proximalStep(objective.regularizer, features, step);
  }
}

/** The mean of models within box and ball is within them too, but for rounding. */
function setToMean({ objective, task }: Training, { sum, count }: ModelTrail, weights: Float64Array): void {
  for (let i = 0; i < weights.length; i++) weights[i] = (sum[i] as number) / count;
  const { box, ball } = objective?.regularizer ?? {};
  if (box !== undefined || ball !== undefined)
    proximalStep({ l1: 0, l2: 0, box, ball }, weights.subarray(0, task.features.length), 1);
}

/** What stays the same over epochs. */
function epochContext(training: Training, batch: number, { guard, start }: Landscape) {
  const { source, task, scaling, estimator, objective, options, signal } = training;
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
    objective,
    modelBits,
    residualBits,
    gradientBits,
    weights: Float64Array.from(start),
    signal,
  };
}

/** What a run begins with, and what it is judged by. */
interface Beginning {
  readonly weights: Float64Array;
  /** Loss of the model to start from, standardised, by its own intercept; undefined without one. */
  readonly before: number | undefined;
  /** What descent may not grow out of: the worse of the start and of a model that says nothing. */
  readonly bound: number;
}

async function beginAt(training: Training, landscape: Landscape): Promise<Beginning> {
  const { start } = training;
  if (start === undefined) return { weights: landscape.start, before: undefined, bound: landscape.startLoss };
  const { weights, shift } = start;
  const loss = await landscape.loss(weights);
  const bound = Math.max(landscape.startLoss, Math.abs(loweredLoss(training, landscape, loss, weights)));
  return { weights, before: loss + shift ** 2 / 2, bound };
}

/** What a user is told where a model is no better than one that says nothing; a model to start from is kept all the same. */
function noiseWarning({ start }: Training, { startWords }: Landscape): string {
  return start === undefined
    ? `the features say no more about the target than noise: ${startWords}`
    : "on these rows the model that was gone on with is no better than one with every weight 0: what they show has changed";
}

/**
 * Mini-batch descent (the paper's equation 2). A step from the data that proves too large in the first
 * epoch, as outliers can make it, is halved and the epoch begun again; a step that was given is not.
 *
 * @throws {@link TrainingError} `diverged` or `aborted`.
 */
export async function descend(training: Training, engine: Engine): Promise<Outcome> {
  const { scaling, options, signal, start } = training;
  const landscape = await explore(training);
  const batch = Math.min(options.batch, scaling.rows);
  const beginning = await beginAt(training, landscape);
  const bounds = { ...landscape, startLoss: beginning.bound };
  const fixed = epochContext(training, batch, landscape);
  const { weights } = fixed;
  weights.set(beginning.weights);
  const tail: ModelTrail = { sum: new Float64Array(weights.length), count: 0 };
  let alpha = options.step === "auto" ? await automatic(training, batch, landscape) : options.step;

  /** Runs an epoch; the loss, and the loss with the guard's part, which is what descent lowers. */
  const run = async (epoch: number): Promise<{ loss: number; guarded: number }> => {
    checkAborted(signal, epoch);
    const last = epoch === options.epochs;
    const trail = epoch > options.epochs - options.average ? tail : undefined;
    const { seed, schedule } = options;
    const pass = (start?.passes ?? 0) + epoch;
    const step = stepAt(schedule, alpha, pass);
    await engine.epoch({ ...fixed, epoch: pass, step, streams: createStreams(seed, pass), seed, trail });
    if (last && tail.count > 0) setToMean(training, tail, weights);
    if (last) await settle(training, landscape, weights);
    const loss = await landscape.loss(weights);
    return { loss, guarded: loweredLoss(training, landscape, loss, weights) };
  };

  const grown = ({ guarded }: { guarded: number }, epoch: number): boolean =>
    hasGrown(guarded, bounds, epoch === options.epochs);
  let state = await run(1);
  for (let halvings = 0; options.step === "auto" && grown(state, 1) && halvings < mostHalvings; halvings++) {
    alpha /= 2;
    weights.set(beginning.weights);
    tail.sum.fill(0);
    tail.count = 0;
    state = await run(1);
  }
  const outcome = await finish(training, state, { weights, run, grown, landscape, bound: beginning.bound });
  const { before } = beginning;
  const subject = { training, engine, weights, guard: landscape.guard, batch };
  const variance = options.variance ? await measureVariance(subject) : undefined;
  return {
    ...outcome,
    step: alpha,
    variance,
    ...(before === undefined ? {} : { before: before * lossUnit(training) }),
  };
}

interface State {
  readonly loss: number;
  readonly guarded: number;
}

interface Descent {
  readonly weights: Float64Array;
  run(epoch: number): Promise<State>;
  grown(state: State, epoch: number): boolean;
  readonly landscape: Landscape;
  readonly bound: number;
}

/** The epochs after the first. */
async function finish(training: Training, first: State, descent: Descent): Promise<Outcome> {
  const { options, objective, start } = training;
  const { weights, landscape } = descent;
  const epochs: { epoch: number; loss: number }[] = [];
  const warnings = [...landscape.warnings];
  const unit = lossUnit(training);
  let state = first;
  for (let epoch = 1; ; epoch++) {
    if (epoch > 1) state = await descent.run(epoch);
    if (descent.grown(state, epoch)) {
      const went = `the loss went from ${descent.bound} to ${state.guarded} (standardised): no model`;
      throw new TrainingError("diverged", went, epoch);
    }
    const last = epoch === options.epochs;
    if (last && (start === undefined ? isNoise(state.guarded, landscape) : state.guarded > landscape.startLoss)) {
      warnings.push(noiseWarning(training, landscape));
      if (start === undefined) {
        weights.set(landscape.start);
        state = { loss: landscape.startLoss, guarded: landscape.startLoss };
      }
    }
    const scaled = state.loss * unit;
    epochs.push({ epoch, loss: scaled });
    await report(training, epoch, scaled, weights);
    if (!last) continue;
    if (objective?.polynomial !== undefined) warnings.push(...polynomialWarnings(objective.polynomial));
    if (objective?.refetch !== undefined) warnings.push(...refetchWarnings(objective.refetch));
    return { weights, epochs, warnings };
  }
}
