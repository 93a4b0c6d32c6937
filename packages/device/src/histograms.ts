import { type Grid, intervalCount, type Schema } from "@zipml/codec";
import { createHistogram, encodeCounts, type Histogram, maxCount } from "@zipml/codec/levels";
import type { Health } from "@zipml/protocol";

/** How counts of readings are shipped. */
export interface HistogramOptions {
  /** Seconds from one health message with a channel's counts to the next, channel by channel in turn; 0 never. */
  readonly everySeconds: number;
  /** Readings below which a channel's turn passes: fewer say little. */
  readonly minimum: number;
}

/** What health carries of one channel. */
export type HistogramField = NonNullable<Health["histogram"]>;

/** Counts of the readings of each feature over its range, since they were last shipped. */
export interface Histograms {
  /** Counts an accepted row, readings in the schema's order. */
  count(values: Float64Array): void;
  /**
   * The counts of the next channel in turn that has enough; they start anew. Another window is taken only after
   * {@link Histograms.settle}.
   *
   * @returns Undefined where no channel has.
   */
  take(): HistogramField | undefined;
  /** Whether what was taken last is known to have arrived; where not, it is counted on. */
  settle(arrived: boolean): void;
}

/** Levels of a channel from which on it is counted in more bins, and above which it is not counted at all. */
const manyLevels = 32;
const mostLevels = 1024;
const fewBins = 256;
const manyBins = 4096;

/**
 * Bins that a channel's readings are counted in under a grid: enough that levels chosen on them are within a few per cent
 * of the best.
 *
 * @param grid The grid in force.
 * @param channel Index of the channel.
 * @returns 0 where its levels can't follow the readings: under scheme `dither`, or with more than 1,024 levels.
 */
function binsOf(grid: Grid, channel: number): number {
  const found = grid.channels[channel];
  if (found === undefined || grid.scheme === "dither") return 0;
  const levels = intervalCount(found.bits, found.samples, grid.scheme) + 1;
  if (levels > mostLevels) return 0;
  return levels > manyLevels ? manyBins : fewBins;
}

interface Counter {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly index: number;
  histogram: Histogram | undefined;
}

interface Taken {
  readonly counter: Counter;
  readonly histogram: Histogram;
}

class FeatureHistograms implements Histograms {
  readonly #counters: readonly Counter[];
  readonly #grid: () => Grid;
  readonly #minimum: number;
  #counted: Grid | undefined;
  #turn = 0;
  #window = 0;
  #taken: Taken | undefined;

  constructor(schema: Schema, grid: () => Grid, minimum: number) {
    this.#grid = grid;
    this.#minimum = minimum;
    this.#counters = schema.channels.flatMap(({ name, role, range: [low, high] }, index) =>
      role === "feature" && high > low ? [{ name, low, high, index, histogram: undefined }] : [],
    );
  }

  count(values: Float64Array): void {
    this.#follow();
    for (const { index, histogram } of this.#counters) histogram?.add(values[index] ?? 0);
  }

  take(): HistogramField | undefined {
    if (this.#taken !== undefined) return undefined;
    const counters = this.#counters;
    for (let i = 0; i < counters.length; i++) {
      const counter = counters[(this.#turn + i) % counters.length];
      const histogram = counter?.histogram;
      if (counter === undefined || histogram === undefined) continue;
      if (histogram.total + histogram.below + histogram.above < this.#minimum) continue;
      this.#turn = (this.#turn + i + 1) % counters.length;
      return this.#ship(counter, histogram);
    }
    return undefined;
  }

  settle(arrived: boolean): void {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined || arrived) return;
    const { counter, histogram } = taken;
    // It may have arrived all the same: the next window of the channel holds it too, and takes its place.
    if (counter.histogram === undefined || counter.histogram.counts.length !== histogram.counts.length) return;
    histogram.merge(counter.histogram);
    counter.histogram = histogram;
    this.#turn = this.#counters.indexOf(counter);
  }

  #ship(counter: Counter, histogram: Histogram): HistogramField {
    this.#taken = { counter, histogram };
    this.#window += 1;
    counter.histogram = createHistogram({ low: counter.low, high: counter.high, bins: histogram.counts.length });
    const capped = (count: number): number => Math.min(count, maxCount);
    return {
      channel: counter.name,
      window: this.#window,
      bins: histogram.counts.length,
      below: capped(histogram.below),
      above: capped(histogram.above),
      counts: encodeCounts(histogram.counts.map(capped)),
    };
  }

  /** Counts start anew where another grid asks for another number of bins. */
  #follow(): void {
    const grid = this.#grid();
    if (grid === this.#counted) return;
    this.#counted = grid;
    for (const counter of this.#counters) {
      const bins = binsOf(grid, counter.index);
      if (counter.histogram?.counts.length === bins) continue;
      const { low, high } = counter;
      counter.histogram = bins === 0 ? undefined : createHistogram({ low, high, bins });
    }
  }
}

/**
 * Nothing is counted at first. A channel without width, or whose levels can't follow its readings, is never counted.
 *
 * @param schema The device's channels.
 * @param grid Gives the grid in force.
 * @param minimum Readings below which a channel is not shipped, 1 or more.
 */
export function createHistograms(schema: Schema, grid: () => Grid, minimum: number): Histograms {
  return new FeatureHistograms(schema, grid, minimum);
}
