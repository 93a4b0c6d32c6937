import { createStream } from "../packages/codec/src/index.ts";
import { createHistogram, type Histogram, solveLevels } from "../packages/codec/src/levels/index.ts";
import { costTable, intervalCost } from "../packages/codec/src/levels/interval-cost.ts";
import { nodesOfHistogram } from "../packages/codec/src/levels/level-nodes.ts";
import { searchLevels } from "../packages/codec/src/levels/level-search.ts";
import { naiveLevels } from "../packages/codec/test/levels/oracles.ts";
import {
  type BenchOptions,
  type BenchResult,
  type BenchRow,
  benchRow,
  thisMachine,
  timeAlternating,
  timesFaster,
} from "./bench-result.ts";

interface Sizes {
  readonly readings: number;
  readonly bins: number;
  readonly rounds: number;
}

type Uniform = () => number;

function normal(next: Uniform): number {
  return Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}

const shapes: Readonly<Record<string, (next: Uniform) => number>> = {
  normal,
  exponential: (next) => -Math.log(next()),
  lognormal: (next) => Math.exp(normal(next)),
  bimodal: (next) => (next() < 0.7 ? normal(next) : 8 + 0.5 * normal(next)),
};

function column(name: string, size: number, shape: (next: Uniform) => number): Float64Array {
  const stream = createStream(`bench/levels/${name}`);
  const next: Uniform = () => stream.uniform();
  return Float64Array.from({ length: size }, () => shape(next));
}

function counted(data: Float64Array, low: number, high: number, bins: number): Histogram {
  const histogram = createHistogram({ low, high, bins });
  histogram.addAll(data);
  return histogram;
}

function ends(data: Float64Array): readonly [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The search against the plain recursion of ZipML section 3, on the same points, with and without the pass that counts. */
async function againstNaive({ readings, bins, rounds }: Sizes): Promise<readonly BenchRow[]> {
  const count = 16;
  // A tenth is spread over the whole range, so that every point of the grid has a count.
  const data = column("floor", readings, (next) =>
    next() < 0.1 ? 8 * next() - 4 : Math.min(4, Math.max(-4, normal(next))),
  );
  const histogram = counted(data, -4, 4, bins);
  const { positions, weights } = nodesOfHistogram(histogram, [-4, 4]);
  const table = costTable(positions, weights);
  const size = positions.length;
  const timings = await timeAlternating(
    {
      search: () => void searchLevels(costTable(positions, weights), count - 1),
      solve: () => void solveLevels(histogram, { count }),
      passAndSolve: () => void solveLevels(counted(data, -4, 4, bins), { count }),
      naive: () => void naiveLevels(size, (i, j) => intervalCost(table, i, j), count - 1),
    },
    { rounds },
  );
  const { naive } = timings;
  return (["search", "solve", "passAndSolve"] as const).map((name) =>
    benchRow({
      id: `${name}/naive, ${size} points, ${count} levels`,
      value: timings[name].min,
      unit: "s",
      baseline: naive.min,
      better: "lower",
      ratio: timesFaster(timings[name], naive),
    }),
  );
}

/** Counting and solving for few and for many levels. */
async function overLevels(name: string, { readings, bins, rounds }: Sizes): Promise<readonly BenchRow[]> {
  const data = column(name, readings, shapes[name] ?? normal);
  const [low, high] = ends(data);
  const solve = (count: number) => () => void solveLevels(counted(data, low, high, bins), { count });
  const timings = await timeAlternating(
    { few: solve(4), levels16: solve(16), levels64: solve(64), levels256: solve(256) },
    { rounds },
  );
  return ([16, 64, 256] as const).map((count) =>
    benchRow({
      id: `passAndSolve ${name}, ${count} levels/4 levels`,
      value: timings[`levels${count}`].min,
      unit: "s",
      baseline: timings.few.min,
      better: "lower",
      ratio: timesFaster(timings[`levels${count}`], timings.few),
    }),
  );
}

/** Exact levels of unsorted readings against sorting them. */
async function againstSort({ readings, rounds }: Sizes): Promise<readonly BenchRow[]> {
  const data = column("normal", readings, normal);
  const timings = await timeAlternating(
    { exact: () => void solveLevels(data, { count: 16, method: "exact" }), sort: () => void data.slice().sort() },
    { rounds },
  );
  return [
    benchRow({
      id: `exact/sort, ${readings} readings, 16 levels`,
      value: timings.exact.min,
      unit: "s",
      baseline: timings.sort.min,
      better: "lower",
      ratio: timesFaster(timings.exact, timings.sort),
    }),
  ];
}

/** How long levels take: `npm run bench -- levels`. */
export async function run({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const sizes: Sizes = quick
    ? { readings: 20_000, bins: 256, rounds: 1 }
    : { readings: 1_000_000, bins: 4096, rounds: 5 };
  const rows: BenchRow[] = [];
  progress("search against the plain recursion");
  rows.push(...(await againstNaive(sizes)));
  for (const name of Object.keys(shapes)) {
    progress(`levels of ${name} readings`);
    rows.push(...(await overLevels(name, sizes)));
  }
  progress("exact levels against sorting");
  rows.push(...(await againstSort(sizes)));
  return {
    name: "levels",
    machine: thisMachine(),
    rows,
    notes: [
      `Processor time, ${sizes.readings} readings, a grid of ${sizes.bins} points; the pass counts every reading once.`,
      "search: prefix sums and search on points that have a count; solve: from the histogram, with both variances.",
    ],
  };
}
