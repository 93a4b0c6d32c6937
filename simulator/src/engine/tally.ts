import { latencyBins } from "./latency-histogram.ts";
import { outcomeCount } from "./outcome.ts";

/** Most classes of devices that are counted apart: the spreading factors 7 to 12, in that order, or one class. */
export const mostClasses = 6;

/** Sizes of receipts that are told apart: 0 and on. */
export const receiptSizes = 40;

/**
 * Counts of a simulation, all of them whole numbers below 2⁵³: cells may be counted in any order, by any number of
 * threads, and the sum is the same to the last digit.
 */
export interface Tally {
  /** Bytes of the largest message: rows of the tables by bytes are one longer. */
  readonly largest: number;
  /** Devices, by class. */
  readonly devices: Float64Array;
  /** Frames that were due before the end, by class and outcome. */
  readonly frames: Float64Array;
  /** Transmissions, by class and outcome. */
  readonly transmissions: Float64Array;
  /** Transmissions of frames, by class and bytes of the frame. */
  readonly sentBySize: Float64Array;
  /** Transmissions of parts of births, where these travel in parts, by class and bytes of the part. */
  readonly controlBySize: Float64Array;
  /** Frames received, by class and bytes of the frame: each once. */
  readonly receivedBySize: Float64Array;
  /** Acknowledgements of confirmed uplinks in the first window and in the second: two numbers a class. */
  readonly acknowledgements: Float64Array;
  /** Receipts of the gateway, by class and bytes. */
  readonly receiptBySize: Float64Array;
  /** Frames received more than once. */
  readonly duplicates: Float64Array;
  /** Time on air of all transmissions, by class, µs. */
  readonly airtime: Float64Array;
  /** Largest time on air of any one device, by class, µs. */
  readonly mostAirtime: Float64Array;
  /** Rows in received frames, by class. */
  readonly rows: Float64Array;
  /** Sessions opened, by class: each device once, and after an outage of the broker again. */
  readonly sessions: Float64Array;
  /** Time from sealing to arrival of received frames, by bin. */
  readonly latencies: Float64Array;
  /** Sum of these times, µs. */
  readonly latencySum: Float64Array;
  /** Frames due and frames received, by group: two numbers a group. */
  readonly groups: Float64Array;
}

/**
 * No counts yet.
 *
 * @param largest Bytes of the largest message.
 * @param groups Number of groups.
 */
export function createTally(largest: number, groups: number): Tally {
  const byClass = (): Float64Array => new Float64Array(mostClasses);
  return {
    largest,
    devices: byClass(),
    frames: new Float64Array(mostClasses * outcomeCount),
    transmissions: new Float64Array(mostClasses * outcomeCount),
    sentBySize: new Float64Array(mostClasses * (largest + 1)),
    controlBySize: new Float64Array(mostClasses * (largest + 1)),
    receivedBySize: new Float64Array(mostClasses * (largest + 1)),
    acknowledgements: new Float64Array(2 * mostClasses),
    receiptBySize: new Float64Array(mostClasses * receiptSizes),
    duplicates: byClass(),
    airtime: byClass(),
    mostAirtime: byClass(),
    rows: byClass(),
    sessions: byClass(),
    latencies: new Float64Array(latencyBins),
    latencySum: new Float64Array(1),
    groups: new Float64Array(2 * groups),
  };
}

/**
 * Adds counts of other cells.
 *
 * @param sum Is changed.
 * @param other Of the same simulation.
 */
export function addTally(sum: Tally, other: Tally): void {
  const { largest: _, mostAirtime, ...counts } = other;
  for (const [name, values] of Object.entries(counts)) {
    const into = sum[name as keyof typeof counts];
    for (let i = 0; i < values.length; i++) into[i] = (into[i] as number) + (values[i] as number);
  }
  for (let i = 0; i < mostAirtime.length; i++)
    sum.mostAirtime[i] = Math.max(sum.mostAirtime[i] as number, mostAirtime[i] as number);
}

/** Sum of a table's row. */
export function sumOf(values: ArrayLike<number>, from = 0, to = values.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] as number;
  return sum;
}
