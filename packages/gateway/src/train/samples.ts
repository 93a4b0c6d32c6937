import type { Quantizer } from "@zipml/codec";
import { TrainingError } from "./errors.ts";

/** Rows of codes, row-major rows × channels, with the quantizer of the grid they were encoded with. */
export interface CodeBlock {
  readonly kind: "codes";
  readonly rows: number;
  readonly quantizer: Quantizer;
  readonly codes: Uint16Array;
  /** Raw target of each row in its unit, where the target is not encoded. */
  readonly targets?: Float64Array;
}

/** Raw rows, row-major rows × columns, in the channels' units. */
export interface ValueBlock {
  readonly kind: "values";
  readonly rows: number;
  readonly values: Float64Array;
}

/** A batch of rows: codes or raw values. Training reads blocks and never writes to them. */
export type SampleBlock = CodeBlock | ValueBlock;

/** Where the rows come from. */
export interface SampleSource {
  /** Rows of all blocks together. */
  readonly rows: number;
  /** Columns of a row; for codes the channels of every quantizer. */
  readonly columns: number;
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
  const { channels } = block.quantizer;
  if (channels.length !== columns)
    throw new TrainingError("rows", `a block of ${channels.length} channels in a source of ${columns} columns`);
  checkLength(block.codes.length, block.rows, columns);
  for (const [c, { top }] of channels.entries())
    for (let i = c; i < block.codes.length; i += columns)
      if ((block.codes[i] as number) > top)
        throw new TrainingError(
          "rows",
          `row ${(i - c) / columns}, column ${c}: code ${block.codes[i]} is above ${top}`,
        );
  if (block.targets === undefined) return;
  checkLength(block.targets.length, block.rows, 1);
  checkFinite(block.targets, 1, "target");
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
