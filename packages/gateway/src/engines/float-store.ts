import { createStream } from "@zipml/codec";
import { paddedFloats } from "../kernels/index.ts";
import { checkAborted, type EngineNeeds, type EpochContext, TrainingError } from "../train/index.ts";
import type { Arena } from "./arena.ts";
import { rowOrder } from "./row-order.ts";

/** Raw rows in memory, in standardised units, as float32. */
export interface FloatStore {
  readonly rows: number;
  readonly columns: number;
  /** Rows of a mini-batch. */
  readonly batch: number;
  /** Pointer to the first row; rows are padded with 0. */
  readonly values: number;
  /** Bytes from row to row. */
  readonly stride: number;
  /** Pointer to a float32 a row. */
  readonly targets: number;
}

/** Mini-batches of a store. */
export function batchCount({ rows, batch }: FloatStore): number {
  return Math.ceil(rows / batch);
}

/**
 * Reads a source's raw rows, in random order within each block.
 *
 * @throws `TrainingError` `memory` where they do not fit, `engine` for codes, `rows`, `aborted`.
 */
export async function loadFloats(arena: Arena, context: EpochContext): Promise<FloatStore> {
  const { source, task, scaling, seed, batch, signal, epoch } = context;
  const columns = task.features.length;
  const padded = paddedFloats(columns);
  const { rows } = source;
  const store = { rows, columns, batch, stride: 4 * padded, targets: 0, values: 0 };
  store.targets = arena.allocate(4 * rows);
  store.values = arena.allocate(rows * store.stride);
  const values = new Float32Array(arena.memory.buffer, store.values, rows * padded).fill(0);
  const targets = new Float32Array(arena.memory.buffer, store.targets, rows);
  const inverse = scaling.deviations.map((deviation) => (deviation > 0 ? 1 / deviation : 0));
  let at = 0;
  let blocks = 0;
  for await (const block of source.blocks()) {
    checkAborted(signal, epoch);
    if (block.kind !== "values") throw new TrainingError("engine", `float32 engines read raw rows, not ${block.kind}`);
    if (at + block.rows > rows) throw new TrainingError("rows", `the source promises ${rows} rows and has more`);
    const width = source.columns;
    for (const row of rowOrder(block.rows, createStream(`train/pack/${seed}`, blocks))) {
      for (const [i, { column }] of task.features.entries()) {
        const value = Math.fround(block.values[row * width + column] as number);
        values[at * padded + i] = (value - (scaling.means[i] as number)) * (inverse[i] as number);
      }
      const target = Math.fround(block.values[row * width + task.target.column] as number);
      targets[at] = (target - scaling.targetMean) / scaling.targetDeviation;
      at += 1;
    }
    blocks += 1;
  }
  return store;
}

/** Why float32 engines can't run a training; undefined where they can. */
export function floatRefusal(needs: EngineNeeds): string | undefined {
  const { modelBits, residualBits, gradientBits, objective } = needs;
  if (objective?.margin !== undefined) return `it runs squares, and not the loss ${objective.margin.name}`;
  return modelBits + residualBits + gradientBits === 0 ? undefined : "it rounds neither model nor gradient";
}
