import type { Quantizer } from "@zipml/codec";
import { TrainingError } from "./errors.ts";
import type { KeptMoments } from "./moment-summary.ts";

/** Rows of codes, row-major rows × channels, with the quantizer of the grid they were encoded with. */
export interface CodeBlock {
  readonly kind: "codes";
  readonly rows: number;
  readonly quantizer: Quantizer;
  readonly codes: Uint16Array;
  /** Raw target of each row in its unit, where the target is not encoded. */
  readonly targets?: Float64Array;
}

/** Rows of scheme `dither`, decoded where their device, session and sequence were known. */
export interface DecodedBlock {
  readonly kind: "decoded";
  readonly rows: number;
  /** Of a grid of scheme `dither`: it gives each column's d, Δ²/12. */
  readonly quantizer: Quantizer;
  /** Means m, row-major rows × channels, in the channels' units. */
  readonly means: Float64Array;
  /** Raw target of each row in its unit, where the target is not encoded. */
  readonly targets?: Float64Array;
}

/** Raw rows, row-major rows × columns, in the channels' units. */
export interface ValueBlock {
  readonly kind: "values";
  readonly rows: number;
  readonly values: Float64Array;
}

/** A batch of rows: codes, decoded codes or raw values. Training reads blocks and never writes to them. */
export type SampleBlock = CodeBlock | DecodedBlock | ValueBlock;

/** Where the rows come from. */
export interface SampleSource {
  /** Rows of all blocks together. */
  readonly rows: number;
  /** Columns of a row; for codes, decoded or not, the channels of every quantizer. */
  readonly columns: number;
  /**
   * Moments of all rows where they were summed as these came, one a grid in the order in which the grids come among the
   * blocks: training then makes no pass to find them. The rows were checked then: codes alone, none above its top.
   */
  readonly kept?: readonly KeptMoments[] | undefined;
  /** The blocks, the same in the same order at each call. */
  blocks(): AsyncIterable<SampleBlock>;
}

/** One column with a meaning. */
export interface TaskColumn {
  readonly name: string;
  readonly unit: string;
  /** Index into a row, from 0. */
  readonly column: number;
}

/** Which columns are what. With raw `targets` beside the codes the target's column is ignored. */
export interface Task {
  readonly features: readonly TaskColumn[];
  readonly target: TaskColumn;
}

/**
 * Checks a task against a row's width.
 *
 * @throws {@link TrainingError} `options`: no feature, a column outside the row, a column or name used twice.
 */
export function checkTask(task: Task, columns: number): void {
  if (task.features.length < 1) throw new TrainingError("options", "a task needs at least one feature");
  const seen = new Set<string | number>();
  for (const { name, column } of task.features) {
    if (!Number.isInteger(column) || column < 0 || column >= columns)
      throw new TrainingError("options", `feature ${name}: column ${column} is not one of 0 to ${columns - 1}`);
    if (seen.has(name) || seen.has(column))
      throw new TrainingError("options", `feature ${name} (column ${column}) stands twice in the task`);
    seen.add(name).add(column);
  }
}

/**
 * Checks that the target has a column of its own. Only needed where the target is read from the row.
 *
 * @throws {@link TrainingError} `options`.
 */
export function checkTargetColumn(task: Task, columns: number): void {
  const { name, column } = task.target;
  if (!Number.isInteger(column) || column < 0 || column >= columns)
    throw new TrainingError("options", `target ${name}: column ${column} is not one of 0 to ${columns - 1}`);
  if (task.features.some((feature) => feature.column === column))
    throw new TrainingError("options", `target ${name}: column ${column} is a feature of the same task`);
}

/**
 * Checks a block's shape and content, so that what follows may trust it.
 *
 * @param columns Columns of a row.
 * @throws {@link TrainingError} `rows` that names row and column at fault.
 */
export function checkBlock(block: SampleBlock, columns: number): void {
  if (block.kind === "values") {
    checkLength(block.values.length, block.rows, columns);
    checkFinite(block.values, columns, "value");
    return;
  }
  const { channels, grid } = block.quantizer;
  if (channels.length !== columns)
    throw new TrainingError("rows", `a block of ${channels.length} channels in a source of ${columns} columns`);
  if ((block.kind === "decoded") !== (grid.scheme === "dither"))
    throw new TrainingError(
      "rows",
      `scheme ${grid.scheme} is trained on from blocks of ${block.kind === "codes" ? "decoded means" : "codes"}, not of ${block.kind}`,
    );
  if (block.kind === "decoded") {
    checkLength(block.means.length, block.rows, columns);
    checkFinite(block.means, columns, "mean");
  } else {
    checkLength(block.codes.length, block.rows, columns);
    checkCodes(block);
  }
  if (block.targets === undefined) return;
  checkLength(block.targets.length, block.rows, 1);
  checkFinite(block.targets, 1, "target");
}

function checkCodes({ codes, quantizer: { channels } }: CodeBlock): void {
  const columns = channels.length;
  for (const [c, { top }] of channels.entries())
    for (let i = c; i < codes.length; i += columns)
      if ((codes[i] as number) > top)
        throw new TrainingError("rows", `row ${(i - c) / columns}, column ${c}: code ${codes[i]} is above ${top}`);
}

function checkLength(length: number, rows: number, columns: number): void {
  if (!Number.isInteger(rows) || rows < 0 || length !== rows * columns)
    throw new TrainingError("rows", `a block of ${rows} rows × ${columns} columns has ${length} numbers`);
}

function checkFinite(values: Float64Array, columns: number, what: string): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      throw new TrainingError("rows", `row ${Math.floor(i / columns)}, column ${i % columns}: ${what} ${values[i]}`);
}
