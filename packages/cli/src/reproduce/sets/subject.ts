import { type EncodedRows, encodeRows, type Rows, rawRows, taskOf } from "@zipml/gateway/data";
import { type LinearModel, type Task, weightsOf } from "@zipml/gateway/train";
import type { LearningSet } from "./learning-set.ts";

/** How rows are encoded: b bits and k draws a feature, levels at equal intervals or of least variance. */
export interface Coding {
  readonly bits: number;
  /** Default 2. */
  readonly samples?: number;
  /** Default `uniform`. */
  readonly levels?: "uniform" | "optimal";
  readonly seed: number | string;
}

/** A set as the experiments train on it. */
export interface Subject {
  readonly name: string;
  readonly features: number;
  readonly rows: number;
  readonly task: Task;
  /** Float32 rows. */
  exact(): EncodedRows;
  /** Codes of the features; the target stays a 32-bit float, as in the paper. */
  encoded(coding: Coding): EncodedRows;
  /** Mean square error over the target's variance, 1 − R², on the exact training rows: 1 for the mean. */
  loss(model: LinearModel): number;
  /** The same on the test rows. */
  testLoss(model: LinearModel): number;
  /** Share of the test rows whose class is told right; only of use with ±1 targets. */
  testAccuracy(model: LinearModel): number;
}

/** A model as intercept and weights in the columns' units. */
export interface FlatModel {
  readonly intercept: number;
  readonly weights: Float64Array;
}

/** Flattens a model whose features stand in the order of its columns. */
export function flatten(model: LinearModel): FlatModel {
  const { intercept, weights } = weightsOf(model);
  return { intercept, weights: Float64Array.from(model.features, ({ name }) => weights[name] ?? 0) };
}

/** Calls back with prediction and target of every row. */
function forEachPrediction(
  { names, values }: Rows,
  { intercept, weights }: FlatModel,
  visit: (p: number, b: number) => void,
): void {
  const width = names.length;
  for (let base = 0; base < values.length; base += width) {
    let sum = intercept;
    for (let i = 0; i < width - 1; i++) sum += (values[base + i] as number) * (weights[i] as number);
    visit(sum, values[base + width - 1] as number);
  }
}

function targetVariance({ names, values }: Rows): number {
  const rows = values.length / names.length;
  let mean = 0;
  for (let at = names.length - 1; at < values.length; at += names.length) mean += (values[at] as number) / rows;
  let variance = 0;
  for (let at = names.length - 1; at < values.length; at += names.length)
    variance += ((values[at] as number) - mean) ** 2 / rows;
  return variance;
}

function relativeLoss(rows: Rows, variance: number, model: LinearModel): number {
  let squares = 0;
  forEachPrediction(rows, flatten(model), (prediction, target) => {
    squares += (prediction - target) ** 2;
  });
  return squares / (rows.values.length / rows.names.length) / variance;
}

/** A learning set as a subject. */
export function subjectOf({ name, train, test }: LearningSet): Subject {
  const columns = train.names.length;
  const [trainVariance, testVariance] = [targetVariance(train), targetVariance(test)];
  return {
    name,
    features: columns - 1,
    rows: train.values.length / columns,
    task: taskOf(train.names),
    exact: () => rawRows(train),
    encoded: ({ bits, samples = 2, levels = "uniform", seed }) =>
      encodeRows(train, { bits, samples, levels, seed, targetBits: 0 }),
    loss: (model) => relativeLoss(train, trainVariance, model),
    testLoss: (model) => relativeLoss(test, testVariance, model),
    testAccuracy: (model) => {
      let right = 0;
      forEachPrediction(test, flatten(model), (prediction, target) => {
        if (prediction >= 0 === target > 0) right += 1;
      });
      return right / (test.values.length / columns);
    },
  };
}
