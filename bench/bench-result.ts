import { cpus, totalmem } from "node:os";

/** One figure of a bench. */
export interface BenchRow {
  /** What was measured, and with a slash what it is compared with: `packed4/float32`. Unique in a result. */
  readonly id: string;
  /** In `unit`. */
  readonly value: number;
  readonly unit: string;
  /** What `value` is compared with, measured in the same run and unit; null where the figure stands alone. */
  readonly baseline: number | null;
  /**
   * How many times better than the baseline: above 1 is better, whichever way the unit counts. Null without a baseline,
   * and where one of the two is not above 0, so that their quotient says nothing.
   */
  readonly ratio: number | null;
}

/** Where a bench ran. */
export interface Machine {
  readonly cpu: string;
  /** Logical processors. */
  readonly cores: number;
  /** Main memory, GiB. */
  readonly memory: number;
  readonly platform: string;
  readonly node: string;
}

/** Figures of more columns than a row has. */
export interface BenchTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** What a bench gives. */
export interface BenchResult {
  readonly name: string;
  readonly machine: Machine;
  readonly rows: readonly BenchRow[];
  /** What a reader of the rows must know: what was left out, and why. */
  readonly notes?: readonly string[];
  readonly tables?: readonly BenchTable[];
  /** An SVG document, for `--plot FILE`; not part of the JSON. */
  readonly picture?: string;
}

/** What every bench is run with. */
export interface BenchOptions {
  /** Folder of the data sets, from `--data-folder` or the environment variable ZIPML_DATA. */
  readonly dataFolder?: string;
  /** Which rows are wanted, from `--only ID,ID`; a bench that can't leave the others out gives all. */
  readonly only?: readonly string[];
  /** Small sizes and few repeats: shows that the bench works, not what it measures. */
  readonly quick: boolean;
  /** Shows one line of progress on a terminal; does nothing elsewhere. */
  progress(line: string): void;
}

/** What a file bench/NAME.ts exports as `run`. */
export type RunBench = (options: BenchOptions) => Promise<BenchResult>;

/** A bench can't run as it was called, which its one line says: a data set is missing, a compiler too old. */
export class BenchError extends Error {
  override readonly name = "BenchError";
}

/** The folder of the data sets. @throws BenchError when none was named. */
export function dataFolderOf(options: BenchOptions): string {
  if (options.dataFolder !== undefined) return options.dataFolder;
  throw new BenchError("this bench needs the data sets: --data-folder DIR, or the environment variable ZIPML_DATA");
}

/** What {@link benchRow} takes. */
export interface BenchRowInput {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline?: number;
  /** Which way `unit` counts: "lower" for seconds and bytes, "higher" for rates. */
  readonly better: "lower" | "higher";
  /** Taken instead of the quotient, for a median of the rounds' ratios. */
  readonly ratio?: number;
}

/** A row with its ratio: value/baseline where more is better, baseline/value where less is. */
export function benchRow({ id, value, unit, baseline, better, ratio }: BenchRowInput): BenchRow {
  if (baseline === undefined) return { id, value, unit, baseline: null, ratio: ratio ?? null };
  const quotient = better === "higher" ? value / baseline : baseline / value;
  return { id, value, unit, baseline, ratio: ratio ?? (value > 0 && baseline > 0 ? quotient : null) };
}

/** The machine this process runs on. */
export function thisMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memory: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
}

/** The middle value, or the mean of the two middle ones. @throws RangeError without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const high = sorted[sorted.length >> 1];
  const low = sorted[(sorted.length - 1) >> 1];
  if (high === undefined || low === undefined) throw new RangeError("the median of no values");
  return (low + high) / 2;
}

/** Repeated measurements of one case. */
export interface Timing {
  /** Seconds of one call. */
  readonly median: number;
  /** Seconds of one call, the least disturbed: what to quote from a shared machine. */
  readonly min: number;
  /** Seconds of one call, by round. */
  readonly samples: readonly number[];
}

/** How {@link timeAlternating} measures. */
export interface TimingOptions {
  /** Rounds, each with every case once; 5. */
  readonly rounds?: number;
  /**
   * "cpu" (the default): processor time of this process, which other programs hardly disturb; its own threads (collector,
   * compiler, workers) count. "wall": elapsed time, the one that shows what threads gain.
   */
  readonly clock?: "cpu" | "wall";
  /** A sample calls its case until this many seconds have passed; 0.05. */
  readonly seconds?: number;
  /** Untimed rounds before, for the compiler; 1. */
  readonly warmup?: number;
}

/** One thing to time. It runs the whole of its work before it returns or settles. */
export type TimedCase = () => void | Promise<void>;

/** Reads a clock, in seconds. */
function clockOf(kind: "cpu" | "wall"): () => number {
  if (kind === "wall") return () => performance.now() / 1000;
  return () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
}

/** Seconds of one call, from as many calls as fill the least duration. */
async function sample(work: TimedCase, now: () => number, seconds: number): Promise<number> {
  let calls = 0;
  const start = now();
  for (;;) {
    // Only a promise is awaited: a turn of the event loop would count with the fastest cases.
    const pending = work();
    if (pending !== undefined) await pending;
    calls += 1;
    const passed = now() - start;
    if (passed >= seconds && passed > 0) return passed / calls;
  }
}

/**
 * Times several cases against each other: in every round each case once, the order turned round from one round to the
 * next, so that a machine that slows down slows all of them.
 * @returns by name, in the order given
 * @throws RangeError when rounds is below 1
 */
export async function timeAlternating<Name extends string>(
  cases: Readonly<Record<Name, TimedCase>>,
  { rounds = 5, clock = "cpu", seconds = 0.05, warmup = 1 }: TimingOptions = {},
): Promise<Readonly<Record<Name, Timing>>> {
  if (!(rounds >= 1)) throw new RangeError(`rounds must be at least 1, not ${rounds}`);
  const now = clockOf(clock);
  const names = Object.keys(cases) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -warmup; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const taken = await sample(cases[name], now, round < 0 ? 0 : seconds);
      if (round >= 0) samples.get(name)?.push(taken);
    }
  }
  const timings = {} as Record<Name, Timing>;
  for (const name of names) {
    const taken = samples.get(name) ?? [];
    timings[name] = { median: median(taken), min: Math.min(...taken), samples: taken };
  }
  return timings;
}

/** How many times faster `fast` is than `slow`: the median over the rounds of one run of the samples' ratio. */
export function timesFaster(fast: Timing, slow: Timing): number {
  return median(fast.samples.map((seconds, round) => (slow.samples[round] ?? Number.NaN) / seconds));
}
