import { createQuantizer, type Grid, type Quantizer, type Schema, unpackCodes } from "@zipml/codec";
import type { Task } from "../train/index.ts";
import { type Mismatch, type Projection, projectionOf, type TaskChoice, taskOf } from "./columns.ts";
import type { Decoder } from "./session.ts";

/** What a group trains, and how the rows of its devices' grids become rows of it. */
export interface GroupTask {
  /** What is trained, once a birth has shown it. */
  readonly task: Task | undefined;
  /** What the user chose, as text: a task made under another choice does not count. */
  readonly choice: string;
  /** Takes a task that was shown before, unless there is one. */
  adopt(task: Task): void;
  /** The decoder of a grid, or why the device does not fit. The first schema that shows a task decides it. */
  decoder(schema: Schema, grid: Grid): Decoder | Mismatch;
}

interface Projections {
  get(key: string): Projection | undefined;
  set(key: string, projection: Projection): void;
}

/**
 * Projections by key for as long as a decoder or a stored row uses them: births that name ever new grids must not make
 * the gateway grow.
 */
function createProjections(): Projections {
  const known = new Map<string, WeakRef<Projection>>();
  const byQuantizer = new WeakMap<Quantizer, Projection>(); // rows hold the quantizer alone
  const gone = new FinalizationRegistry<string>((key) => {
    if (known.get(key)?.deref() === undefined) known.delete(key);
  });
  return {
    get: (key) => known.get(key)?.deref(),
    set: (key, projection) => {
      known.set(key, new WeakRef(projection));
      byQuantizer.set(projection.quantizer, projection);
      gone.register(projection, key);
    },
  };
}

/**
 * @param choice What the user chose.
 * @param shown Told of the task.
 */
export function createGroupTask(choice: TaskChoice, shown: (task: Task) => void): GroupTask {
  const projections = createProjections();
  let task: Task | undefined;
  const adopt = (made: Task): void => {
    if (task !== undefined) return;
    task = made;
    shown(made);
  };
  /** One projection, and so one quantizer, for all devices with the same channels and grid. */
  const projection = (schema: Schema, grid: Grid): Projection | Mismatch => {
    if (task === undefined) {
      const made = taskOf(schema, choice);
      if ("reason" in made) return made;
      adopt(made);
    }
    if (task === undefined) return { reason: "there is no task" };
    const key = JSON.stringify([schema, { ...grid, epoch: 0 }]);
    const known = projections.get(key);
    if (known !== undefined) return known;
    const made = projectionOf(schema, grid, task, choice.estimator);
    if (!("reason" in made)) projections.set(key, made);
    return made;
  };
  const { features, target } = choice;
  return {
    get task() {
      return task;
    },
    choice: JSON.stringify({ features, target }),
    adopt,
    decoder: (schema, grid) => {
      const made = projection(schema, grid);
      if ("reason" in made) return made;
      const quantizer = createQuantizer(grid);
      return {
        schema,
        grid,
        projection: made,
        decode: (body, rows) => made.project(unpackCodes(body, rows, quantizer), rows),
      };
    },
  };
}
