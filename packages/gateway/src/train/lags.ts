import { createQuantizer, lagName, maxLags, type Quantizer } from "@zipml/codec";
import { TrainingError } from "./errors.ts";
import type { SampleBlock, Task, TaskColumn } from "./samples.ts";

/** How rows in the order of time become lagged rows: each channel's reading with those of some rows before beside it. */
export interface LagLayout {
  /** Rows back that a lagged row looks, L. */
  readonly lags: number;
  /**
   * The task over lagged rows. Of each feature the reading and then its lags, `temperature@-1` to `temperature@-L`; a
   * target that is a feature too enters by its lags only. The target comes last.
   */
  readonly task: Task;
  /** For each column of a lagged row the column of the row that it is copied from. */
  readonly columns: readonly number[];
  /** For each column of a lagged row how many rows back that row is, 0 to L. */
  readonly steps: readonly number[];
}

/** Longest name that a model may carry on the wire, in UTF-16 units. */
const longestName = 64;

/**
 * The layout of lagged rows.
 *
 * @param task The columns of a row; the target may be one of the features, with the same column.
 * @param lags Readings back that each feature gets, L, 1 to {@link maxLags}.
 * @throws {@link TrainingError} `options`: lags out of range; no feature; a name that stands twice or, lagged, has more
 * than 64 characters.
 */
export function layOutLags({ features, target }: Task, lags: number): LagLayout {
  if (!Number.isInteger(lags) || lags < 1 || lags > maxLags)
    throw new TrainingError("options", `lags must be a whole number from 1 to ${maxLags}, not ${lags}`);
  if (features.length < 1) throw new TrainingError("options", "a task needs at least one feature");
  const columns: number[] = [];
  const steps: number[] = [];
  const lagged: TaskColumn[] = [];
  const seen = new Set<string>([target.name]);
  for (const { name, unit, column } of features)
    for (let step = name === target.name ? 1 : 0; step <= lags; step++) {
      const own = step === 0 ? name : lagName(name, step);
      if (seen.has(own)) throw new TrainingError("options", `feature ${JSON.stringify(own)} stands twice`);
      if (own.length > longestName)
        throw new TrainingError("options", `feature ${JSON.stringify(own)} has more than ${longestName} characters`);
      seen.add(own);
      lagged.push({ name: own, unit, column: columns.length });
      columns.push(column);
      steps.push(step);
    }
  return {
    lags,
    task: { features: lagged, target: { ...target, column: columns.length } },
    columns: [...columns, target.column],
    steps: [...steps, 0],
  };
}

/**
 * The rows that have L rows before them to look at.
 *
 * @param runs Lengths of the unbroken runs that the rows consist of, in their order: within one, each row comes right
 * after the row before in time. Nothing is looked up across the start of a run.
 * @param lags Rows back, L.
 * @returns Their numbers, from 0, ascending; the first L rows of each run are not among them.
 */
export function rowsWithHistory(runs: readonly number[], lags: number): Uint32Array {
  const rows = new Uint32Array(runs.reduce((sum, length) => sum + Math.max(0, length - lags), 0));
  let start = 0;
  let at = 0;
  for (const length of runs) {
    for (let row = start + lags; row < start + length; row++) rows[at++] = row;
    start += length;
  }
  return rows;
}

/**
 * Makes blocks of lagged rows from a block of rows in the order of time.
 *
 * @param block Codes, decoded codes or raw values; one block for all rows that windows reach over.
 * @param rows Which rows, in the order wanted, each with L rows before it.
 * @returns A block of its own, with a row for each.
 * @throws {@link TrainingError} `rows` for a row that the block does not have, or that has too few before it.
 */
export type MakeLagged = (block: SampleBlock, rows: Uint32Array) => SampleBlock;

/**
 * Lagged rows of codes, decoded codes or raw values. Codes are copied as they are, without new draws: as every reading has
 * draws of its own, the columns of a lagged row are independent given the readings, and every estimator over it is as
 * unbiased as over any other row. Lagged rows share readings with their neighbours, which makes no estimator biased.
 *
 * A block with raw `targets` keeps them, and its lagged rows have no column for the target.
 *
 * @param layout What becomes of a row.
 * @returns The maker; it gives all blocks of one quantizer the same lagged quantizer.
 */
export function createLagged(layout: LagLayout): MakeLagged {
  const { columns, steps, lags } = layout;
  const made = new Map<Quantizer, Quantizer>();
  const bare = new Map<Quantizer, Quantizer>(); // without the target
  const quantizerOf = (from: Quantizer, isBare: boolean): Quantizer => {
    const known = isBare ? bare : made;
    const own = known.get(from) ?? widened(from, isBare ? columns.slice(0, -1) : columns);
    known.set(from, own);
    return own;
  };
  return (block, rows) => {
    checkRows(block, rows, lags);
    const isBare = block.kind !== "values" && block.targets !== undefined;
    const width = block.kind === "values" ? block.values.length / block.rows : block.quantizer.channels.length;
    const used = isBare ? columns.slice(0, -1) : columns;
    const offsets = Int32Array.from(used, (column, c) => column - (steps[c] as number) * width);
    const count = rows.length;
    if (block.kind === "values") {
      const values = new Float64Array(count * used.length);
      gather(block.values, width, rows, offsets, values);
      return { kind: "values", rows: count, values };
    }
    const quantizer = quantizerOf(block.quantizer, isBare);
    const { targets: all } = block;
    const targets = all === undefined ? {} : { targets: Float64Array.from(rows, (row) => all[row] as number) };
    if (block.kind === "decoded") {
      const means = new Float64Array(count * used.length);
      gather(block.means, width, rows, offsets, means);
      return { kind: "decoded", rows: count, quantizer, means, ...targets };
    }
    const codes = new Uint16Array(count * used.length);
    gather(block.codes, width, rows, offsets, codes);
    return { kind: "codes", rows: count, quantizer, codes, ...targets };
  };
}

/** The same channels, each as often as it stands in a lagged row. */
function widened({ grid, columns }: Quantizer, used: readonly number[]): Quantizer {
  return createQuantizer(
    grid,
    used.map((column) => columns[column] as number),
  );
}

function checkRows(block: SampleBlock, rows: Uint32Array, lags: number): void {
  const wrong = rows.find((row) => row < lags || row >= block.rows);
  if (wrong !== undefined)
    throw new TrainingError("rows", `row ${wrong} of ${block.rows} has not ${lags} rows before it`);
}

type Numbers = Uint16Array | Float64Array;

function gather(from: Numbers, width: number, rows: Uint32Array, offsets: Int32Array, to: Numbers): void {
  let at = 0;
  for (const row of rows) {
    const base = row * width;
    for (let c = 0; c < offsets.length; c++) to[at++] = from[base + (offsets[c] as number)] as number;
  }
}
