import { Matrix, pseudoInverse } from "ml-matrix";
import { guardFloor } from "../../packages/gateway/src/train/guard.ts";
import type { MomentSummary } from "../../packages/gateway/src/train/moment-summary.ts";
import { normalEquations } from "../../packages/gateway/src/train/normal-equations.ts";
import type { Task } from "../../packages/gateway/src/train/samples.ts";
import { solveGuarded } from "../../packages/gateway/src/train/solve.ts";
import { standardise } from "../../packages/gateway/src/train/standardise.ts";

/** Readings that the forecast is made from. */
export const lags = 6;
/** The lags, then the reading forecast. */
const size = lags + 1;

const task: Task = {
  features: Array.from({ length: lags }, (_, i) => ({ name: `lag${i + 1}`, unit: "", column: i })),
  target: { name: "next", unit: "", column: lags },
};

/** Place in a summary of the reading `lag` before the one forecast. */
const placeOf = (lag: number): number => (lag === 0 ? lags : lag - 1);

/** Sums over rows of seven readings, the one forecast and its lags, about an origin. */
export interface LagSums {
  readonly rows: number;
  readonly origin: number;
  /** Σ z by lag. */
  readonly sums: Float64Array;
  /** Σ z zᵀ by lags, all of 7 × 7. */
  readonly products: Float64Array;
  /** Σ d by lag. */
  readonly spreads: Float64Array;
}

/** Where the readings that are learned from end, and those begin that are tested on: the last quarter of each device. */
export function trainEnd(readings: number): number {
  return Math.floor(0.75 * readings);
}

interface Adding {
  readonly z: Float64Array;
  readonly from: number;
  readonly to: number;
}

function addProducts(into: Float64Array, { z, from, to }: Adding): void {
  const row = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    let sum = 0;
    for (let t = from; t < to; t++) sum += (z[t] as number) * (z[t - j] as number);
    row[j] = sum;
  }
  // Along a diagonal the sums differ by what enters and what leaves at the ends.
  for (let i = 0; i + 1 < size; i++)
    for (let j = i; j + 1 < size; j++) {
      const enters = (z[from - 1 - i] as number) * (z[from - 1 - j] as number);
      const leaves = (z[to - 1 - i] as number) * (z[to - 1 - j] as number);
      row[(i + 1) * size + j + 1] = (row[i * size + j] as number) + enters - leaves;
    }
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++) {
      const value = row[i * size + j] as number;
      into[i * size + j] = (into[i * size + j] as number) + value;
      if (j > i) into[j * size + i] = (into[j * size + i] as number) + value;
    }
}

function addShifted(into: Float64Array, { z, from, to }: Adding): void {
  let sum = 0;
  for (let t = from; t < to; t++) sum += z[t] as number;
  for (let lag = 0; lag < size; lag++) {
    into[lag] = (into[lag] as number) + sum;
    sum += (z[from - 1 - lag] ?? 0) - (z[to - 1 - lag] as number);
  }
}

function centred(readings: Float64Array, origin: number): Float64Array {
  const z = new Float64Array(readings.length);
  for (let t = 0; t < z.length; t++) z[t] = (readings[t] as number) - origin;
  return z;
}

/**
 * Sums of the rows whose last reading is one of the first three quarters, or of the last quarter.
 *
 * @param segments Readings of each device; rows do not reach from one into another.
 * @param part Which rows.
 * @param origin Subtracted from every reading.
 * @param spreads d of every reading, in the order of `segments`; none for readings taken plainly.
 */
export function lagSums(
  segments: readonly Float64Array[],
  part: "train" | "test",
  origin: number,
  spreads?: readonly Float64Array[],
): LagSums {
  const sums = new Float64Array(size);
  const products = new Float64Array(size * size);
  const spreadSums = new Float64Array(size);
  let rows = 0;
  for (const [s, segment] of segments.entries()) {
    const end = trainEnd(segment.length);
    const from = part === "train" ? lags : Math.max(lags, end);
    const to = part === "train" ? end : segment.length;
    if (to <= from) continue;
    const adding = { z: centred(segment, origin), from, to };
    addProducts(products, adding);
    addShifted(sums, adding);
    const d = spreads?.[s];
    if (d !== undefined) addShifted(spreadSums, { z: d, from, to });
    rows += to - from;
  }
  return { rows, origin, sums, products, spreads: spreadSums };
}

function summaryOf({ rows, origin, sums, products, spreads }: LagSums): MomentSummary {
  const means = new Float64Array(size);
  const variances = new Float64Array(size);
  const covariance = new Float64Array(size * size);
  const averages = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const pi = placeOf(i);
    means[pi] = origin + (sums[i] as number) / rows;
    averages[pi] = (spreads[i] as number) / rows;
    for (let j = 0; j < size; j++) {
      const central = ((products[i * size + j] as number) - ((sums[i] as number) * (sums[j] as number)) / rows) / rows;
      covariance[pi * size + placeOf(j)] = i === j ? central - (averages[pi] as number) : central;
    }
    variances[pi] = covariance[pi * size + pi] as number;
  }
  return { rows, columns: size, means, variances, spreads: averages, covariance };
}

/** A forecast, in the readings' units. */
export interface Forecast {
  readonly intercept: number;
  /** By lag, from 1. */
  readonly weights: Float64Array;
}

/**
 * Least squares with an intercept, corrected by d where there is one, with the gateway's guard; or undefined where the
 * readings decoded have no variance to learn from.
 */
export function learn(sums: LagSums): Forecast | undefined {
  const summary = summaryOf(sums);
  if (!((summary.variances[lags] as number) > 0)) return undefined;
  const { scaling } = standardise(summary, task);
  const { weights } = solveGuarded(normalEquations(summary, scaling), scaling, guardFloor(scaling));
  let intercept = scaling.targetMean;
  for (let i = 0; i < lags; i++) {
    const deviation = scaling.deviations[i] as number;
    weights[i] = deviation > 0 ? ((weights[i] as number) * scaling.targetDeviation) / deviation : 0;
    intercept -= (weights[i] as number) * (scaling.means[i] as number);
  }
  return { intercept, weights };
}

/** Mean square error of a forecast over the rows of the sums. */
export function meanSquareError({ rows, origin, sums, products }: LagSums, { intercept, weights }: Forecast): number {
  // The error of a row is factors · z + constant, z about the origin.
  const factors = Float64Array.from({ length: size }, (_, lag) => (lag === 0 ? 1 : -(weights[lag - 1] as number)));
  const constant = factors.reduce((sum, factor) => sum + factor * origin, -intercept);
  let error = rows * constant * constant;
  for (let i = 0; i < size; i++) {
    const factor = factors[i] as number;
    error += 2 * constant * factor * (sums[i] as number);
    for (let j = 0; j < size; j++) error += factor * (factors[j] as number) * (products[i * size + j] as number);
  }
  return error / rows;
}

/** What is known of a series once its exact readings are there. */
export interface Judge {
  /** Standard deviation of the readings learned from. */
  readonly deviation: number;
  /** Correlation of a reading with the one before. */
  readonly smoothness: number;
  /** The step at which the expected excess is the goal. */
  readonly step: number;
  readonly cost: NoiseCost;
  /** Test mean square error of a forecast over that learned from exact readings, less 1; infinite without a forecast. */
  excess(sums: LagSums): number;
  /** {@link lagSums} of decoded readings' first three quarters. */
  sumsOf(decoded: readonly Float64Array[], spreads?: readonly Float64Array[]): LagSums;
}

/** What noise in the readings adds to the loss: with variance v in every reading, first·v + second·v², as a share. */
export interface NoiseCost {
  readonly first: number;
  readonly second: number;
}

/** Noise of variance 1 in one reading enters every row that it is part of: its score is residuals on both sides. */
function firstOrder(segments: readonly Float64Array[], { intercept, weights }: Forecast): Matrix {
  const score = Matrix.zeros(lags, lags);
  const factors = [1, ...Array.from(weights, (weight) => -weight)];
  let rows = 0;
  for (const segment of segments) {
    const end = trainEnd(segment.length);
    const mean = intercept / factors.reduce((sum, factor) => sum + factor, 0);
    const z = segment.subarray(0, end).map((value) => (Number.isFinite(mean) ? value - mean : value));
    const filtered = (direction: 1 | -1): Float64Array =>
      z.map((_, t) => factors.reduce((sum, factor, j) => sum + factor * (z[t + direction * j] ?? 0), 0));
    const forward = filtered(-1);
    const backward = filtered(1);
    const h = new Float64Array(lags);
    for (let t = 2 * lags; t < end - 2 * lags; t++) {
      for (let i = 0; i < lags; i++) h[i] = (backward[t - i - 1] as number) + (forward[t + i + 1] as number);
      for (let i = 0; i < lags; i++)
        for (let j = 0; j < lags; j++) score.set(i, j, score.get(i, j) + (h[i] as number) * (h[j] as number));
      rows += 1;
    }
  }
  return score.div(Math.max(1, rows));
}

/** Products of two errors of one row, which the correction by d leaves without a mean but not without a variance. */
function secondOrder({ weights }: Forecast): Matrix {
  const factor = (j: number): number => (j === 0 ? 1 : j > 0 && j <= lags ? -(weights[j - 1] as number) : 0);
  const fourthMoment = 0.8; // of an error uniform over a step, less the square of its variance, in squares of that
  const score = Matrix.zeros(lags, lags);
  for (let i = 1; i <= lags; i++)
    for (let j = 1; j <= lags; j++) {
      let sum = fourthMoment * factor(i) * factor(j);
      for (let k = 1; k <= lags; k++) sum += (factor(i + k) + factor(i - k)) * (factor(j + k) + factor(j - k));
      score.set(i - 1, j - 1, sum);
    }
  return score;
}

/**
 * What uniform, independent, corrected noise in the readings costs a forecast: the expected loss exceeds the least by
 * tr(G⁻¹M)/(Kσ²), M the variance of a row's score. This is D7 of encodings.md for lags: a reading is part of seven rows,
 * so its noise in them is summed before it is squared, and the products of two errors are no longer small.
 */
function noiseCost(segments: readonly Float64Array[], sums: LagSums, forecast: Forecast): NoiseCost {
  const { covariance = new Float64Array(size * size) } = summaryOf(sums);
  const gram = Matrix.zeros(lags, lags);
  for (let i = 0; i < lags; i++) for (let j = 0; j < lags; j++) gram.set(i, j, covariance[i * size + j] as number);
  const residual = meanSquareError(sums, forecast);
  const inverse = pseudoInverse(gram);
  const cost = (score: Matrix): number => inverse.mmul(score).trace() / (sums.rows * residual);
  return { first: cost(firstOrder(segments, forecast)), second: cost(secondOrder(forecast)) };
}

/** The step at which noise of variance step²/12 costs the share `excess`. */
function stepFor({ first, second }: NoiseCost, excess: number): number {
  const variance = (2 * excess) / (first + Math.sqrt(first * first + 4 * second * excess));
  return Math.sqrt(12 * variance);
}

/**
 * @param segments Exact readings.
 * @param excess Goal of the planned step.
 * @returns undefined where the readings do not vary, or are told exactly by those before them.
 */
export function createJudge(segments: readonly Float64Array[], excess: number): Judge | undefined {
  const origin = segments[0]?.[0] ?? 0;
  const exact = lagSums(segments, "train", origin);
  const test = lagSums(segments, "test", origin);
  const forecast = exact.rows > 2 * size && test.rows > 0 ? learn(exact) : undefined;
  if (forecast === undefined) return undefined;
  const least = meanSquareError(test, forecast);
  const { variances, covariance } = summaryOf(exact);
  const deviation = Math.sqrt(variances[lags] as number);
  if (!(least > 1e-12 * deviation * deviation)) return undefined;
  const cost = noiseCost(segments, exact, forecast);
  return {
    deviation,
    smoothness: ((covariance?.[lags] ?? 0) as number) / (deviation * Math.sqrt(variances[0] as number)),
    step: stepFor(cost, excess),
    cost,
    excess: (sums) => {
      const learned = learn(sums);
      return learned === undefined ? Number.POSITIVE_INFINITY : meanSquareError(test, learned) / least - 1;
    },
    sumsOf: (decoded, spreads) => lagSums(decoded, "train", origin, spreads),
  };
}
