import { checkFinite, type Histogram } from "./histogram.ts";
import { LevelError } from "./level-error.ts";

/** Distinct values with weights, ends included: what levels are chosen among. */
export interface LevelNodes {
  /** Strictly ascending, in the unit of the readings; the first and the last are the forced ends. */
  readonly values: Float64Array;
  /** Readings at each value; 0 at a forced end that no reading has. */
  readonly weights: Float64Array;
  /** The values up to a shift and a scale, free of a common offset: grid points of a histogram are whole numbers. */
  readonly positions: Float64Array;
  /** All readings, clipped ones included. */
  readonly readings: number;
  /** Readings outside the ends. */
  readonly clipped: number;
}

/** The forced end levels. */
export type LevelRange = readonly [low: number, high: number];

/** Largest magnitude of a reading: squares and sums of as many readings as fit in memory stay finite. */
const maxMagnitude = 1e100;

/** @throws {@link LevelError} `range` where the ends are not in order or too large. */
export function checkRange([low, high]: LevelRange): void {
  if (!(low <= high && Math.abs(low) <= maxMagnitude && Math.abs(high) <= maxMagnitude))
    throw new LevelError("range", `levels need low <= high, both within ±1e100, not ${low} to ${high}`);
}

/**
 * The least and the greatest reading.
 *
 * @throws {@link LevelError} `empty` without a reading, `non-finite` with the index of a NaN or ±∞, `range` beyond ±1e100.
 */
export function rangeOfReadings(data: ArrayLike<number>): LevelRange {
  if (data.length === 0) throw new LevelError("empty", "no reading: levels need at least one");
  checkFinite(data);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  checkRange([low, high]);
  return [low + 0, high + 0];
}

function sorted(values: Float64Array): Float64Array {
  for (let i = 1; i < values.length; i++) if ((values[i - 1] ?? 0) > (values[i] ?? 0)) return values.sort();
  return values;
}

/** Ascending readings as distinct values with their multiplicities; the ends of the range are always among them. */
function collapse(ascending: Float64Array, [low, high]: LevelRange): { values: Float64Array; weights: Float64Array } {
  const values = new Float64Array(ascending.length + 2);
  const sums = new Float64Array(ascending.length + 2);
  let at = 0;
  values[0] = low;
  for (let i = 0; i < ascending.length; i++) {
    // Adding 0 makes −0 a 0: the two are one level.
    const value = Math.min(Math.max(ascending[i] ?? 0, low), high) + 0;
    if (value !== values[at]) values[++at] = value;
    sums[at] = (sums[at] ?? 0) + 1;
  }
  if (values[at] !== high) values[++at] = high;
  return { values: values.slice(0, at + 1), weights: sums.slice(0, at + 1) };
}

/**
 * The distinct readings with their multiplicities.
 *
 * @param data Finite readings, at least one, in any order.
 * @param range The end levels; readings outside are clipped to them.
 */
export function nodesOfReadings(data: ArrayLike<number>, range: LevelRange): LevelNodes {
  const ascending = sorted(Float64Array.from(data));
  const [low, high] = range;
  let clipped = 0;
  for (let i = 0; i < ascending.length && (ascending[i] ?? 0) < low; i++) clipped++;
  for (let i = ascending.length - 1; i >= 0 && (ascending[i] ?? 0) > high; i--) clipped++;
  const { values, weights } = collapse(ascending, range);
  // A value of the data as the origin: where differences are exact, a shifted column has the same positions to the bit.
  const origin = values[values.length >> 1] ?? 0;
  const positions = values.map((value) => value - origin);
  return { values, weights, positions, readings: data.length, clipped };
}

/** Point i of a histogram's grid, in the unit of the readings. */
export function gridPoint(histogram: Histogram, i: number): number {
  const { low, high, counts } = histogram;
  const last = counts.length - 1;
  return i === last ? high : Math.min(high, low + (high - low) * (i / last));
}

/** Where a value lies on a histogram's grid: the whole number itself for a grid point. */
function gridPosition(histogram: Histogram, value: number): number {
  const { low, high, counts } = histogram;
  const position = ((value - low) / (high - low)) * (counts.length - 1);
  const whole = Math.round(position);
  return whole >= 0 && whole < counts.length && gridPoint(histogram, whole) === value ? whole : position;
}

/**
 * The grid points where a histogram has counts, and the ends. Levels elsewhere can't be better: between two points with
 * counts the cost is concave in a level's place.
 *
 * @param histogram At least one reading.
 * @param range The end levels; readings outside, those outside the histogram too, are clipped to them.
 * @throws {@link LevelError} `empty` without a reading.
 */
export function nodesOfHistogram(histogram: Histogram, range: LevelRange): LevelNodes {
  const { counts, below, above } = histogram;
  const readings = histogram.total + below + above;
  if (readings === 0) throw new LevelError("empty", "an empty histogram: levels need at least one reading");
  const [low, high] = range;
  const values = [low];
  const weights = [0];
  const positions = [gridPosition(histogram, low)];
  const push = (value: number, position: number, weight: number): void => {
    const last = values.length - 1;
    if (value === values[last]) weights[last] = (weights[last] ?? 0) + weight;
    else {
      values.push(value);
      weights.push(weight);
      positions.push(position);
    }
  };
  let clipped = below + above;
  for (let i = 0; i < counts.length; i++) {
    const weight = counts[i] ?? 0;
    if (weight === 0) continue;
    const value = gridPoint(histogram, i);
    if (value < low || value > high) clipped += weight;
    else push(value, i, weight);
  }
  push(high, gridPosition(histogram, high), 0);
  const origin = positions[values.length >> 1] ?? 0;
  return {
    values: Float64Array.from(values),
    weights: Float64Array.from(weights),
    positions: Float64Array.from(positions, (position) => position - origin),
    readings,
    clipped,
  };
}
