import {
  createQuantizer,
  defineGrid,
  type Grid,
  GridError,
  maxChannels,
  type Quantizer,
  type Schema,
  type Scheme,
} from "@zipml/codec";
import {
  type EstimatorName,
  layOutLags,
  type Task,
  type TaskColumn,
  TrainingError,
  usualDegree,
} from "../train/index.ts";

/** Which channels a group trains on; left out, the roles in the schema of the first birth decide. */
export interface TaskChoice {
  readonly features?: readonly string[];
  readonly target?: string;
  /**
   * Readings of the rows before, L, that every feature gets as further features, `temperature@-1` to `temperature@-L`.
   * With lags the target may be one of the features too: it enters by its lags only. Default 0, at most 128.
   */
  readonly lags?: number;
  /**
   * What trains: `naive` reads features with one draw, `polynomial` with one more than its degree, the others with two or
   * more. Default `symmetric`, with the losses logistic and hinge `naive`.
   */
  readonly estimator?: EstimatorName | undefined;
  /** Degree of the estimator `polynomial`. */
  readonly degree?: number | undefined;
}

/** Why a device's readings can't be trained on. */
export interface Mismatch {
  readonly reason: string;
}

/**
 * How rows of one grid become rows of the task: features first, in the task's order, then the target unless it is one of
 * them.
 */
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
  const units = new Map(schema.channels.map(({ name, unit }) => [name, unit]));
  const missing = [...names, targetName].find((name) => !units.has(name));
  if (missing !== undefined) return { reason: `the schema has no channel ${JSON.stringify(missing)}` };
  const own = names.indexOf(targetName);
  const { lags = 0 } = choice;
  if (own >= 0 && lags === 0)
    return { reason: `the target ${JSON.stringify(targetName)} is among the features: that takes training.lags` };
  const task = {
    features: names.map((name, column) => ({ name, unit: units.get(name) ?? "", column })),
    target: { name: targetName, unit: units.get(targetName) ?? "", column: own < 0 ? names.length : own },
  };
  return (lags > 0 ? lagsFault(schema, task, lags) : undefined) ?? task;
}

/** Why features can't get lags; undefined where they can. */
function lagsFault({ channels }: Schema, task: Task, lags: number): Mismatch | undefined {
  try {
    const { features } = layOutLags(task, lags).task;
    if (features.length > maxChannels)
      return { reason: `${features.length} features with their lags: a model has at most ${maxChannels}` };
    const lagged = new Set(features.map(({ name }) => name));
    for (const { name } of task.features) lagged.delete(name);
    const taken = channels.find(({ name }) => lagged.has(name));
    return taken && { reason: `channel ${JSON.stringify(taken.name)} has the name that a lag would have` };
  } catch (error) {
    if (error instanceof TrainingError) return { reason: error.message };
    throw error;
  }
}

/** The channels that a row of the task holds, in its order. */
export function taskColumns({ features, target }: Task): readonly TaskColumn[] {
  return features.some(({ column }) => column === target.column) ? features : [...features, target];
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
  scheme: Scheme,
  samples: number,
  { estimator = "symmetric", degree = usualDegree }: Pick<TaskChoice, "estimator" | "degree">,
): string | undefined {
  if (estimator === "refetch")
    return scheme === "interval"
      ? undefined
      : `scheme ${scheme} tells no intervals, by which refetch decides; it needs interval`;
  if (scheme === "dither")
    return estimator === "double" ? `scheme dither carries no draws; ${estimator} needs two or more` : undefined;
  const least = estimator === "polynomial" ? degree + 1 : 2;
  if (estimator === "naive" ? samples === 1 : samples >= least) return undefined;
  const needed = estimator === "naive" ? "exactly one" : `${least === 2 ? "two" : least} or more`;
  return `feature ${JSON.stringify(name)} has ${samples} draws a reading; ${estimator} needs ${needed}`;
}

/**
 * The projection of a device's rows onto the task.
 *
 * @param schema The device's channels.
 * @param grid A grid of that schema.
 * @param task What the group trains.
 * @param choice What trains it.
 * @returns The projection, or why the device does not fit.
 */
export function projectionOf(
  schema: Schema,
  grid: Grid,
  task: Task,
  choice: Pick<TaskChoice, "estimator" | "degree"> = {},
): Projection | Mismatch {
  const fault = gridFault(schema, grid);
  if (fault !== undefined) return { reason: fault };
  const places = new Map(schema.channels.map(({ name }, at) => [name, at]));
  const columns: number[] = [];
  for (const { name, unit } of taskColumns(task)) {
    const at = places.get(name) ?? -1;
    const channel = schema.channels[at];
    if (channel === undefined) return { reason: `the schema has no channel ${JSON.stringify(name)}` };
    if (channel.unit !== unit)
      return { reason: `channel ${JSON.stringify(name)} is in ${channel.unit} here and in ${unit} in the group` };
    columns.push(at);
  }
  for (const feature of task.features) {
    const samples = grid.channels[columns[feature.column] ?? 0]?.samples ?? 0;
    const reason = drawsFault(feature, grid.scheme, samples, choice);
    if (reason !== undefined) return { reason };
  }
  const width = grid.channels.length;
  return {
    quantizer: createQuantizer(grid, columns),
    project: (codes, rows) => {
      const out = new Uint16Array(rows * columns.length);
      for (const [c, column] of columns.entries())
        for (let row = 0; row < rows; row++) out[row * columns.length + c] = codes[row * width + column] ?? 0;
      return out;
    },
  };
}
