import { createQuantizer, defineGrid, type Grid, GridError, type Quantizer, type Schema } from "@zipml/codec";
import type { EstimatorName, Task } from "../train/index.ts";

/** Which channels a group trains on; left out, the roles in the schema of the first birth decide. */
export interface TaskChoice {
  readonly features?: readonly string[];
  readonly target?: string;
  /** What trains: `naive` reads features with one draw, the others with two or more. Default `symmetric`. */
  readonly estimator?: EstimatorName | undefined;
}

/** Why a device's readings can't be trained on. */
export interface Mismatch {
  readonly reason: string;
}

/** How rows of one grid become rows of the task: features first, in the task's order, then the target. */
export interface Projection {
  /** Quantizer of the projected columns. */
  readonly quantizer: Quantizer;
  /** Codes of the task's columns; a new array. */
  project(codes: Uint16Array, rows: number): Uint16Array;
}

/**
 * The task that a schema and a choice give.
 *
 * @param schema The first device's.
 * @param choice What the user chose.
 * @returns The task, its columns numbered as {@link Projection} lays them out, or why there is none.
 */
export function taskOf(schema: Schema, choice: TaskChoice): Task | Mismatch {
  const targets = schema.channels.filter(({ role }) => role === "target");
  const targetName = choice.target ?? (targets.length === 1 ? targets[0]?.name : undefined);
  if (targetName === undefined)
    return { reason: `${targets.length} channels have the role target: choose one by training.target` };
  const names =
    choice.features ??
    schema.channels.filter(({ role, name }) => role === "feature" && name !== targetName).map(({ name }) => name);
  if (names.length === 0) return { reason: "no channel is a feature: choose some by training.features" };
  const missing = [...names, targetName].find((name) => !schema.channels.some((channel) => channel.name === name));
  if (missing !== undefined) return { reason: `the schema has no channel ${JSON.stringify(missing)}` };
  const unitOf = (name: string): string => schema.channels.find((channel) => channel.name === name)?.unit ?? "";
  return {
    features: names.map((name, column) => ({ name, unit: unitOf(name), column })),
    target: { name: targetName, unit: unitOf(targetName), column: names.length },
  };
}

/** Why a grid that came over the wire can't be used; one that passes has been checked as the device itself would. */
function gridFault(schema: Schema, grid: Grid): string | undefined {
  try {
    defineGrid(schema, grid);
    return undefined;
  } catch (error) {
    if (error instanceof GridError) return `grid ${grid.epoch}: ${error.message}`;
    throw error;
  }
}

/** One device with the wrong draws must not make training impossible for its whole group. */
function drawsFault(
  { name }: { readonly name: string },
  samples: number,
  estimator: EstimatorName,
): string | undefined {
  if (estimator === "naive" ? samples === 1 : samples >= 2) return undefined;
  const needed = estimator === "naive" ? "exactly one" : "two or more";
  return `feature ${JSON.stringify(name)} has ${samples} draws a reading; ${estimator} needs ${needed}`;
}

/**
 * The projection of a device's rows onto the task.
 *
 * @param schema The device's channels.
 * @param grid A grid of that schema.
 * @param task What the group trains.
 * @param estimator What trains it.
 * @returns The projection, or why the device does not fit.
 */
export function projectionOf(
  schema: Schema,
  grid: Grid,
  task: Task,
  estimator: EstimatorName = "symmetric",
): Projection | Mismatch {
  const fault = gridFault(schema, grid);
  if (fault !== undefined) return { reason: fault };
  const columns: number[] = [];
  for (const { name, unit } of [...task.features, task.target]) {
    const at = schema.channels.findIndex((channel) => channel.name === name);
    const channel = schema.channels[at];
    if (channel === undefined) return { reason: `the schema has no channel ${JSON.stringify(name)}` };
    if (channel.unit !== unit)
      return { reason: `channel ${JSON.stringify(name)} is in ${channel.unit} here and in ${unit} in the group` };
    columns.push(at);
  }
  for (const feature of task.features) {
    const samples = grid.channels[columns[feature.column] ?? 0]?.samples ?? 0;
    const reason = drawsFault(feature, samples, estimator);
    if (reason !== undefined) return { reason };
  }
  const width = grid.channels.length;
  const quantizer = createQuantizer({
    ...grid,
    channels: columns.flatMap((column) => grid.channels[column] ?? []),
  });
  return {
    quantizer,
    project: (codes, rows) => {
      const out = new Uint16Array(rows * columns.length);
      for (const [c, column] of columns.entries())
        for (let row = 0; row < rows; row++) out[row * columns.length + c] = codes[row * width + column] ?? 0;
      return out;
    },
  };
}
