import { join } from "node:path";
import { createStream } from "@zipml/codec";
import {
  encodeRows,
  hashSplit,
  type Rows,
  rawRows,
  readTable,
  rowMajor,
  type Table,
  taskOf,
} from "@zipml/gateway/data";
import { evaluate, leastSquares, type SolverName, TrainingError, train, weightsOf } from "@zipml/gateway/train";
import {
  type BenchOptions,
  type BenchResult,
  type BenchRow,
  benchRow,
  dataFolderOf,
  median,
  thisMachine,
} from "./bench-result.ts";

type Levels = "uniform" | "optimal";

/** Widths tried, with two draws a value: 1 interval at 2 bits, 127 at 8. */
const widths = [2, 3, 4, 5, 6, 7, 8] as const;

/** "Within 1 %" of the loss at full precision, as the paper has it. */
const nearEnough = 0.01;

/** Epochs of SGD, with and without quantization. */
const epochs = 20;

async function tableRows(file: string, target: string, pick: (table: Table) => Uint32Array): Promise<Rows> {
  const table = await readTable(file, { columns: "numeric", also: [target] });
  const names = [...table.names.filter((name) => name !== target), target];
  return { names, values: rowMajor(table, names, pick(table)) };
}

/** Features uniform on [−1, 1], a standard normal model, noise of a tenth of the signal's variance. */
function synthetic(columns: number, rows: number): Rows {
  const stream = createStream(`bench/levels-bits/synthetic/${columns}`);
  const normal = () => Math.sqrt(-2 * Math.log(stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
  const model = Float64Array.from({ length: columns }, normal);
  const signal = model.reduce((sum, weight) => sum + (weight * weight) / 3, 0);
  const values = new Float64Array(rows * (columns + 1));
  for (let r = 0; r < rows; r++) {
    let target = Math.sqrt(signal / 10) * normal();
    for (let c = 0; c < columns; c++) {
      const value = 2 * stream.uniform() - 1;
      values[r * (columns + 1) + c] = value;
      target += value * (model[c] as number);
    }
    values[r * (columns + 1) + columns] = target;
  }
  return { names: [...Array.from({ length: columns }, (_, c) => `x${c}`), "y"], values };
}

/** The training rows of each set, by its reference split. */
function setsOf(options: BenchOptions): Readonly<Record<string, () => Promise<Rows>>> {
  const hashed = (name: string, holdout: number) => () =>
    tableRows(
      join(dataFolderOf(options), name, `${name}.csv.gz`),
      "target",
      (table) => hashSplit(table.rows, holdout).train,
    );
  const beijing = join("beijing_air", "Aotizhongxin.csv.gz");
  const hoursBefore2016March = 24 * (3 * 365 + 1);
  return {
    cadata: hashed("cadata", 10_640),
    cpusmall: hashed("cpusmall", 2192),
    house_16H: hashed("house_16H", 5696),
    beijing: () =>
      tableRows(join(dataFolderOf(options), beijing), "PM2.5", ({ places }) => {
        const early = places.filter((place) => place <= hoursBefore2016March).length;
        const { train: order } = hashSplit(early, 0); // the file's order would end each epoch on the last winter
        return order;
      }),
    "synthetic-100": async () => synthetic(100, options.quick ? 2000 : 10_000),
  };
}

/** Training loss on the exact rows, of a model learned at full precision. */
async function fullLoss(rows: Rows, solver: SolverName): Promise<number> {
  const task = taskOf(rows.names);
  const width = rows.names.length;
  if (solver === "closed-form") return evaluate(leastSquares(rows.values, width, task), task, rows.values, width).loss;
  const { model } = await train({ source: rawRows(rows).source, task, estimator: "full", solver, epochs, seed: 1 });
  return evaluate(model, task, rows.values, width).loss;
}

/**
 * How much greater the training loss on the exact rows is than at full precision, as a share of that; infinite for a run
 * that diverged.
 */
async function excess(rows: Rows, solver: SolverName, bits: number, levels: Levels, seed: number, full: number) {
  const task = taskOf(rows.names);
  const { source } = encodeRows(rows, { bits, samples: 2, targetBits: 8, seed, levels });
  try {
    const { model } = await train({ source, task, estimator: "symmetric", solver, epochs, seed });
    return evaluate(model, task, rows.values, rows.names.length).loss / full - 1;
  } catch (error) {
    if (error instanceof TrainingError && error.code === "diverged") return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** The least width from which on all of the widths tried are near enough; none where the widest is not. */
function reached(excesses: ReadonlyMap<number, number>): number | undefined {
  let least: number | undefined;
  for (const bits of [...excesses.keys()].sort((a, b) => b - a)) {
    if ((excesses.get(bits) ?? Number.POSITIVE_INFINITY) > nearEnough) break;
    least = bits;
  }
  return least;
}

interface Cell {
  readonly set: string;
  readonly solver: SolverName;
  readonly seeds: number;
}

async function measure(rows: Rows, { set, solver, seeds }: Cell, options: BenchOptions): Promise<BenchRow[]> {
  const full = await fullLoss(rows, solver);
  const medians: Record<Levels, Map<number, number>> = { uniform: new Map(), optimal: new Map() };
  for (const bits of options.quick ? ([4, 6] as const) : widths) {
    for (const levels of ["uniform", "optimal"] as const) {
      options.progress(`${set}, ${solver}: ${bits} bits, ${levels} levels`);
      const found: number[] = [];
      for (let seed = 1; seed <= seeds; seed++) found.push(await excess(rows, solver, bits, levels, seed, full));
      medians[levels].set(bits, median(found));
    }
  }
  const of = `${set}/${solver}`;
  const details = [...medians.optimal].flatMap(([bits, value]) => {
    const baseline = medians.uniform.get(bits) ?? Number.NaN;
    // Where most runs diverged there is no figure.
    if (!Number.isFinite(value) || !Number.isFinite(baseline)) return [];
    return [benchRow({ id: `${of}@${bits}: optimal/uniform`, value, baseline, unit: "excess loss", better: "lower" })];
  });
  const [optimal, uniform] = [reached(medians.optimal), reached(medians.uniform)];
  // A width that was not reached is told as one more than the widest tried.
  const beyond = Math.max(...widths) + 1;
  const head = { id: `${of}: optimal/uniform`, value: optimal ?? beyond, baseline: uniform ?? beyond };
  return [benchRow({ ...head, unit: "bits to 1 %", better: "lower" }), ...details];
}

/** A standardised column of some shape, and a target of which it explains the share r2. */
function loneColumn(shape: (normal: () => number, uniform: () => number) => number, name: string, r2: number): Rows {
  const stream = createStream(`bench/levels-bits/lone/${name}`);
  const uniform = () => stream.uniform();
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const column = Float64Array.from({ length: 2000 }, () => shape(normal, uniform));
  const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
  const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length);
  const noise = Math.sqrt((1 - r2) / r2);
  const rows = Array.from(column, (value) => (value - mean) / deviation).flatMap((x) => [x, x + noise * normal()]);
  return { names: ["x", "y"], values: Float64Array.from(rows) };
}

/** The root mean square over seeds of what quantization at 4 bits does to the weight of a lone column. */
async function weightError(rows: Rows, levels: Levels, seeds: number): Promise<number> {
  const task = taskOf(rows.names);
  const exact = weightsOf(leastSquares(rows.values, 2, task)).weights["x"] ?? Number.NaN;
  let squares = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const { source } = encodeRows(rows, { bits: 4, samples: 2, targetBits: 0, seed, levels });
    const { model } = await train({ source, task, estimator: "symmetric", solver: "closed-form" });
    squares += ((weightsOf(model).weights["x"] ?? Number.NaN) - exact) ** 2;
  }
  return Math.sqrt(squares / seeds);
}

/** Where least variance is not least error: a single column, the more of the target it explains. */
async function measureLone(options: BenchOptions): Promise<BenchRow[]> {
  const shapes: Readonly<Record<string, (normal: () => number, uniform: () => number) => number>> = {
    normal: (normal) => normal(),
    exponential: (_, uniform) => -Math.log(uniform()),
    lognormal: (normal) => Math.exp(normal()),
  };
  const rows: BenchRow[] = [];
  for (const [name, shape] of Object.entries(shapes))
    for (const r2 of [0.1, 0.5, 0.91]) {
      options.progress(`a lone ${name} column, R² ${r2}`);
      const data = loneColumn(shape, name, r2);
      const seeds = options.quick ? 5 : 80;
      const [value, baseline] = [await weightError(data, "optimal", seeds), await weightError(data, "uniform", seeds)];
      rows.push(
        benchRow({
          id: `lone ${name}, R² ${r2}@4: optimal/uniform`,
          value,
          baseline,
          unit: "weight error",
          better: "lower",
        }),
      );
    }
  return rows;
}

/**
 * The paper's claim on data: at how many bits, with two draws a value, uniform and variance-optimal levels come within
 * 1 % of the training loss at full precision, for good; medians over seeds, on exact rows.
 */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const rows: BenchRow[] = [];
  const seeds = options.quick ? 1 : 5;
  for (const [set, read] of Object.entries(setsOf(options))) {
    const data = await read();
    rows.push(...(await measure(data, { set, solver: "closed-form", seeds }, options)));
    rows.push(...(await measure(data, { set, solver: "sgd", seeds }, options)));
  }
  rows.push(...(await measureLone(options)));
  const notes = [
    `Excess loss: training loss on exact rows over that at full precision by the same solver (sgd: ${epochs} epochs), minus 1; median of ${seeds} seeds.`,
    `Bits to 1 %: the least width from which on it stays at most ${nearEnough}; ${Math.max(...widths) + 1} stands for none of ${widths.join(", ")}.`,
    "Lone columns: root mean square over seeds of what quantization does to the weight of the only feature, closed form.",
  ];
  return { name: "levels-bits", machine: thisMachine(), rows, notes };
}
