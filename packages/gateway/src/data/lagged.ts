import { setImmediate } from "node:timers/promises";
import type { Quantizer } from "@zipml/codec";
import { createLagged, type LagLayout, rowsWithHistory, type SampleBlock, TrainingError } from "../train/index.ts";
import type { EncodedRows, Rows } from "./source.ts";
import { rowMajor, type Table } from "./table.ts";

/** Rows of a file in the order of time, group by group. */
export interface Series extends Rows {
  /** Lengths of the unbroken runs: each row comes right after the row before among its group's rows of the file. */
  readonly runs: readonly number[];
  /** For each row its number in the table. */
  readonly order: Uint32Array;
}

/**
 * A table's rows as series, one for each group, in the order of the file. A row of the file that was passed over ends a
 * run; one whose group is not known, as its cells do not fit the header, ends that of every group.
 *
 * @param table The table; where it has optional columns, values may be NaN.
 * @param names Columns, in the order wanted.
 * @throws DataError `column` for a name that the table does not hold.
 */
export function seriesOf(table: Table, names: readonly string[]): Series {
  const { groups, groupPlaces } = table;
  const order = Uint32Array.from(table.places.keys()).sort((a, b) => (groups[a] ?? 0) - (groups[b] ?? 0) || a - b);
  const runs: number[] = [];
  let last: number | undefined;
  for (const row of order) {
    const follows =
      last !== undefined &&
      groups[last] === groups[row] &&
      (groupPlaces[last] as number) + 1 === (groupPlaces[row] as number);
    runs.push(1 + (follows ? (runs.pop() ?? 0) : 0));
    last = row;
  }
  return { names, values: rowMajor(table, names, order), runs, order };
}

/**
 * The rows of a series that have their lags.
 *
 * @returns Their numbers in the series, in the order that they have in the file.
 */
export function laggedRows({ runs, order }: Series, lags: number): Uint32Array {
  return rowsWithHistory(runs, lags).sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
}

/**
 * Lagged rows of exact values.
 *
 * @param rows The rows that windows reach over, in the order of time.
 * @param layout Of their columns.
 * @param wanted Which rows, in the order wanted, each with its history.
 * @returns Named as the layout's task names its features, the target last; a copy.
 */
export function lagValues({ values, names }: Rows, layout: LagLayout, wanted: Uint32Array): Rows {
  const block = createLagged(layout)({ kind: "values", rows: values.length / names.length, values }, wanted);
  const { features, target } = layout.task;
  const lagged = block.kind === "values" ? block.values : new Float64Array();
  return { names: [...features, target].map(({ name }) => name), values: lagged };
}

/**
 * The rows that some lagged rows reach over, and no others: what a device would have to send for them.
 *
 * @param rows The rows that windows reach over, in the order of time.
 * @param lags Rows back that a lagged row looks.
 * @param wanted The lagged rows.
 * @returns These rows in their order, a copy, and the lagged rows' numbers among them, in the order of `wanted`.
 */
export function rowsReached(
  { values, names }: Rows,
  lags: number,
  wanted: Uint32Array,
): { rows: Rows; wanted: Uint32Array } {
  const width = names.length;
  const numbers = new Int32Array(values.length / width);
  for (const row of wanted) numbers.fill(1, row - lags, row + 1);
  let count = 0;
  for (const [row, isReached] of numbers.entries()) numbers[row] = isReached === 1 ? count++ : -1;
  const reached = new Float64Array(count * width);
  for (const [row, at] of numbers.entries())
    if (at >= 0) reached.set(values.subarray(row * width, (row + 1) * width), at * width);
  return { rows: { names, values: reached }, wanted: wanted.map((row) => numbers[row] as number) };
}

/** Most rows of one block. */
const blockRows = 4096;

/**
 * Lagged rows of encoded ones. Every reading is encoded once, and copied to each lagged row that it stands in; its bytes
 * count once. Lagged rows are made when they are read.
 *
 * @param encoded Rows in the order of time, as `encodeRows` or `rawRows` gives them.
 * @param layout Of their columns.
 * @param wanted Which rows, in the order wanted, each with its history.
 * @throws TrainingError `rows` for rows of several grids, or a row without its history.
 */
export async function lagEncoded(encoded: EncodedRows, layout: LagLayout, wanted: Uint32Array): Promise<EncodedRows> {
  const blocks: SampleBlock[] = [];
  for await (const block of encoded.source.blocks()) blocks.push(block);
  const whole = joined(blocks);
  const lag = createLagged(layout);
  const targets = whole.kind !== "values" && whole.targets !== undefined ? 1 : 0;
  const source = {
    rows: wanted.length,
    columns: layout.columns.length - targets,
    blocks: async function* () {
      for (let at = 0; at < wanted.length; at += blockRows) {
        await setImmediate(); // everything is in memory: signals and output get their turn
        yield lag(whole, wanted.subarray(at, at + blockRows));
      }
    },
  };
  return { source, bytes: encoded.bytes, clipped: encoded.clipped };
}

function concatenated<T extends Uint16Array | Float64Array>(parts: readonly T[], all: T): T {
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const lengthOf = (parts: readonly { readonly length: number }[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0);

function floats(parts: readonly Float64Array[]): Float64Array {
  return concatenated(parts, new Float64Array(lengthOf(parts)));
}

/** Blocks of one kind and quantizer as one. */
function joined(blocks: readonly SampleBlock[]): SampleBlock {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const values = blocks.flatMap((block) => (block.kind === "values" ? [block.values] : []));
  if (values.length === blocks.length) return { kind: "values", rows, values: floats(values) };
  const encoded = blocks.flatMap((block) => (block.kind === "values" ? [] : [block]));
  const quantizer = oneQuantizer(blocks);
  const targets = encoded.flatMap((block) => (block.targets === undefined ? [] : [block.targets]));
  const beside = targets.length > 0 ? { targets: floats(targets) } : {};
  const means = encoded.flatMap((block) => (block.kind === "decoded" ? [block.means] : []));
  if (means.length > 0) return { kind: "decoded", rows, quantizer, means: floats(means), ...beside };
  const codes = encoded.flatMap((block) => (block.kind === "codes" ? [block.codes] : []));
  return { kind: "codes", rows, quantizer, codes: concatenated(codes, new Uint16Array(lengthOf(codes))), ...beside };
}

function oneQuantizer(blocks: readonly SampleBlock[]): Quantizer {
  const [first] = blocks;
  const isSame = (block: SampleBlock): boolean =>
    first?.kind === block.kind &&
    (block.kind === "values" || (first.kind !== "values" && first.quantizer === block.quantizer));
  if (first === undefined || first.kind === "values" || !blocks.every(isSame))
    throw new TrainingError("rows", "lags reach over rows of one grid");
  return first.quantizer;
}
