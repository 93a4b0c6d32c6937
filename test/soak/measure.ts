import { cpus, totalmem } from "node:os";

/** Memory of a process at one time. */
export interface MemoryPoint {
  /** Seconds since the beginning. */
  readonly at: number;
  /** Resident set, bytes. */
  readonly rss: number;
  /** JavaScript heap in use, bytes. */
  readonly heap: number;
}

/** What a run was made on, in one line. */
export function machine(): string {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model ?? "unknown"}, ${gigabytes} GiB, Node ${process.version}, ${process.platform}`;
}

/** Bytes as whole megabytes. */
export const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** A number with at most so many digits after the point, and separators between thousands. */
export const figure = (value: number, digits = 0): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: digits });

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Growth of memory over a run. */
export interface Growth {
  /** Median resident set of the second quarter of the run, when everything is warm, bytes. */
  readonly early: number;
  /** The same of the last quarter. */
  readonly late: number;
  readonly highest: number;
  /** Least-squares slope over the second half, bytes a minute. */
  readonly slope: number;
  /** The last quarter is above the second by no more than a tenth and 16 MB, which is what garbage that is not yet collected comes to. */
  readonly flat: boolean;
}

/** Whether memory has grown. @param points At even steps, from start to end. */
export function growthOf(points: readonly MemoryPoint[]): Growth {
  const quarter = (from: number, to: number): number =>
    median(points.slice(Math.floor(points.length * from), Math.ceil(points.length * to)).map(({ rss }) => rss));
  const early = quarter(0.25, 0.5);
  const late = quarter(0.75, 1);
  const second = points.slice(Math.floor(points.length / 2));
  const meanAt = second.reduce((sum, { at }) => sum + at, 0) / second.length;
  const meanRss = second.reduce((sum, { rss }) => sum + rss, 0) / second.length;
  const spread = second.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0);
  const slope = second.reduce((sum, { at, rss }) => sum + (at - meanAt) * (rss - meanRss), 0) / (spread || 1);
  const highest = Math.max(...points.map(({ rss }) => rss));
  return { early, late, highest, slope: slope * 60, flat: late <= early * 1.1 + 16 * 2 ** 20 };
}

/** Counts of whole milliseconds, so that those of several processes add up. */
export interface Histogram {
  add(milliseconds: number): void;
  merge(counts: readonly number[]): void;
  /** The least number of milliseconds that this share of all is not above. */
  quantile(share: number): number;
  /** Without the zeros at the end. */
  counts(): number[];
}

/** An empty histogram. @param limit Milliseconds; longer times are counted as that. */
export function createHistogram(limit = 120_000): Histogram {
  const bins = new Float64Array(limit + 1);
  const put = (bin: number, count: number): void => {
    bins[Math.min(limit, bin)] = (bins[Math.min(limit, bin)] ?? 0) + count;
  };
  return {
    add: (milliseconds) => put(Math.max(0, Math.ceil(milliseconds)), 1),
    merge: (counts) => {
      for (const [bin, count] of counts.entries()) put(bin, count);
    },
    quantile: (share) => {
      const total = bins.reduce((sum, count) => sum + count, 0);
      let below = 0;
      return Math.max(
        0,
        bins.findIndex((count) => {
          below += count;
          return total > 0 && below >= share * total;
        }),
      );
    },
    counts: () => [...bins.subarray(0, bins.findLastIndex((count) => count > 0) + 1)],
  };
}
