import { type GuardTerm, guardFloor, guardTerm, guardWarnings, spectrumOf } from "./guard.ts";
import type { MarginLoss } from "./losses.ts";
import { measureMarginLoss } from "./margin-passes.ts";
import { lossOf, normalEquations } from "./normal-equations.ts";
import type { Objective } from "./objective.ts";
import { measureLargest, measureLoss } from "./passes.ts";
import { readable, type Training } from "./training.ts";

/** Passes of power iteration where the matrix is not formed; the estimate is low by some per cent, which `headroom` covers. */
const powerPasses = 8;
const headroom = 1.1;

/** What SGD knows of the data before its first epoch. */
export interface Landscape {
  /** Largest eigenvalue of the corrected correlation matrix; with an intercept, of it and the intercept. */
  readonly largest: number;
  /** Bound of the loss's second derivative in the decision value. */
  readonly curvature: number;
  readonly guard: GuardTerm | undefined;
  readonly warnings: readonly string[];
  /** Weights that say nothing of a row, where descent begins. */
  readonly start: Float64Array;
  /** Their loss, standardised. */
  readonly startLoss: number;
  /** How many times that loss a model may come to by noise alone. */
  readonly noise: number;
  /** What the model of those weights is, in words. */
  readonly startWords: string;
  /** Standardised loss, corrected by d, without guard and regularizer. */
  loss(weights: Float64Array): Promise<number>;
}

/** Surveys what descent will go through. */
export async function explore(training: Training): Promise<Landscape> {
  const { objective } = training;
  if (objective?.margin !== undefined) return exploreMargins(training, objective, objective.margin);
  const { scaling, estimator, summary, task } = training;
  const measured = readable(training, estimator === "double" ? "symmetric" : estimator);
  const flat = {
    curvature: 1,
    start: new Float64Array(task.features.length),
    startLoss: 0.5,
    noise: 1.01,
    startWords: "the model predicts its mean, with every weight 0",
  };
  if (summary.covariance === undefined) {
    const largest = await measureLargest(measured, powerPasses, training.streamOf("power"));
    return {
      ...flat,
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
    ...flat,
    largest: Math.max(spectrum.values.at(-1) ?? 0, floor),
    guard: floor > 0 ? guardTerm(spectrum, floor, equations.size) : undefined,
    warnings: guardWarnings(spectrum, floor),
    loss: async (weights) => lossOf(equations, weights),
  };
}

/** No guard: a loss of the margin has no matrix that a correction could make indefinite. */
async function exploreMargins(training: Training, objective: Objective, margin: MarginLoss): Promise<Landscape> {
  const { scaling, estimator, summary, task, classes } = training;
  const measured = readable(training, estimator);
  const spectrum =
    summary.covariance === undefined
      ? (await measureLargest(measured, powerPasses, training.streamOf("power"))) * headroom
      : (spectrumOf(normalEquations(summary, scaling).matrix, scaling).values.at(-1) ?? 0);
  const start = new Float64Array(task.features.length + 1);
  const { negative = 0, positive = 1 } = classes ?? {};
  start[task.features.length] = margin.prior((scaling.targetMean - negative) / (positive - negative));
  const loss = (weights: Float64Array): Promise<number> => measureMarginLoss(measured, objective, margin, weights);
  return {
    largest: Math.max(spectrum, 1), // columns are centred: the intercept is a direction of its own, of size 1
    curvature: margin.curvature,
    guard: undefined,
    warnings: [],
    start,
    startLoss: await loss(start),
    noise: 1.25, // the intercept shakes too, and about the hinge's kink
    startWords: "the model always decides for the more frequent class, with every weight 0",
    loss,
  };
}
