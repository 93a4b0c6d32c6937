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

/** What a process has open at one time. */
export interface OpenPoint {
  /** Seconds since the beginning. */
  readonly at: number;
  /** File descriptors: files, sockets, pipes. Undefined where the system does not list them (`/proc/self/fd`). */
  readonly descriptors: number | undefined;
  /** Timers, sockets and servers that keep the loop running. */
  readonly handles: number;
}

/** What a process holds when nothing is left that could be collected, bytes. */
export interface HeldMemory extends MemoryPoint {
  /** Memory of bytes and buffers beside the heap. */
  readonly external: number;
  readonly arrayBuffers: number;
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
  return Float64Array.from(values).sort()[Math.floor(values.length / 2)] ?? 0;
}

/** Growth of memory over a run. */
export interface Growth {
  /** Median resident set of the first quarter of the time after the warm-up, bytes. */
  readonly early: number;
  /** The same of the last quarter. */
  readonly late: number;
  readonly highest: number;
  /** Slope of the resident set after the warm-up, bytes a minute: the median over all pairs of points. */
  readonly slope: number;
  /** The last quarter is above the first by no more than a tenth and 16 MB, which is what garbage that is not yet collected comes to. */
  readonly flat: boolean;
}

/**
 * The median of the slopes between all pairs of points (Theil and Sen), units a second: a leak is in all of them, what
 * waited at one time for a busy machine is in a few.
 */
function slopeOf(points: readonly { readonly at: number; readonly value: number }[]): number {
  const slopes = points.flatMap((a, i) => points.slice(i + 1).map((b) => (b.value - a.value) / (b.at - a.at || 1)));
  return median(slopes);
}

/**
 * Whether memory has grown.
 *
 * @param points At even steps, from start to end.
 * @param warm Seconds that are left out at the start: tables and caches fill, and functions are compiled. Default a quarter
 * of the run.
 */
export function growthOf(points: readonly MemoryPoint[], warm = (points.at(-1)?.at ?? 0) / 4): Growth {
  const kept = points.filter(({ at }) => at >= warm);
  const quarter = (from: number, to: number): number =>
    median(kept.slice(Math.floor(kept.length * from), Math.ceil(kept.length * to)).map(({ rss }) => rss));
  const early = quarter(0, 0.25);
  const late = quarter(0.75, 1);
  const highest = Math.max(...points.map(({ rss }) => rss));
  const slope = slopeOf(kept.map(({ at, rss }) => ({ at, value: rss })));
  return { early, late, highest, slope: slope * 60, flat: late <= early * 1.1 + 16 * 2 ** 20 };
}

/**
 * Growth of what is held after collection (heap and memory beside it), bytes a minute, after the warm-up: garbage and the
 * allocator's habits are not in it, a leak is.
 *
 * @param points From start to end.
 * @param warm Seconds that are left out at the start.
 */
export function heldSlope(points: readonly HeldMemory[], warm: number): number {
  const kept = points.filter(({ at }) => at >= warm);
  return slopeOf(kept.map(({ at, heap, external }) => ({ at, value: heap + external }))) * 60;
}

/** Descriptors or handles by which the last quarter may lie above the first, and the end above the time before the load. */
export const mostOpened = 8;

/**
 * What was opened and not closed, in words; none where all is flat.
 *
 * @param before Before anybody had connected.
 * @param points Under load, at even steps, from start to end.
 * @param after When all who had connected were gone.
 * @param warm Seconds that are left out at the start.
 */
export function leftOpen(before: OpenPoint, points: readonly OpenPoint[], after: OpenPoint, warm: number): string[] {
  const kept = points.filter(({ at }) => at >= warm);
  const quarter = Math.ceil(kept.length / 4);
  return (["descriptors", "handles"] as const).flatMap((what) => {
    const of = (some: readonly OpenPoint[]): number => median(some.map((point) => point[what] ?? 0));
    const compared = [
      { during: "under load", first: of(kept.slice(0, quarter)), last: of(kept.slice(-quarter)) },
      { during: "over the run", first: of([before]), last: of([after]) },
    ];
    return compared.flatMap(({ during, first, last }) =>
      last <= first + mostOpened ? [] : [`${what} rise ${during} from ${first} to ${last}`],
    );
  });
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
