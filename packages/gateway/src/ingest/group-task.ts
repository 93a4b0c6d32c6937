import { createQuantizer, type Frame, type Grid, type Quantizer, type Schema } from "@zipml/codec";
import type { Task } from "../train/index.ts";
import { type Mismatch, type Projection, projectionOf, type TaskChoice, taskOf } from "./columns.ts";
import { frameCodes } from "./frame-codes.ts";
import { decoderBytes, type Shared } from "./holdings.ts";
import type { Decoder } from "./session.ts";

/** What a group trains, and how the rows of its devices' grids become rows of it. */
export interface GroupTask {
  /** What is trained, once a birth has shown it: channels, without their lags. */
  readonly task: Task | undefined;
  /** What the user chose, as text: a task made under another choice does not count. */
  readonly choice: string;
  /** Takes a task that was shown before, unless there is one. */
  adopt(task: Task): void;
  /** The decoder of a grid, or why the device does not fit. The first schema that shows a task decides it. */
  decoder(schema: Schema, grid: Grid): Decoder | Mismatch;
}

/** What is made once for all devices with the same channels and grid, whatever its epoch. */
interface SharedDecoder extends Shared {
  readonly schema: Schema;
  readonly grid: Grid;
  readonly projection: Projection;
  decode(frame: Frame, device: string): Uint16Array;
}

interface Projections {
  get(key: string): SharedDecoder | undefined;
  set(key: string, made: SharedDecoder): void;
}

/**
 * Projections by key for as long as a decoder or a stored row uses them: births that name ever new grids must not make
 * the gateway grow.
 */
function createProjections(): Projections {
  const known = new Map<string, WeakRef<SharedDecoder>>();
  const byQuantizer = new WeakMap<Quantizer, SharedDecoder>(); // rows hold the quantizer alone
  const gone = new FinalizationRegistry<string>((key) => {
    if (known.get(key)?.deref() === undefined) known.delete(key);
  });
  return {
    get: (key) => known.get(key)?.deref(),
    set: (key, made) => {
      known.set(key, new WeakRef(made));
      byQuantizer.set(made.projection.quantizer, made);
      gone.register(made, key);
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
  /** One of them, and so one quantizer, for all devices with the same channels and grid. */
  const shared = (schema: Schema, grid: Grid): SharedDecoder | Mismatch => {
    if (task === undefined) {
      const made = taskOf(schema, choice);
      if ("reason" in made) return made;
      adopt(made);
    }
    if (task === undefined) return { reason: "there is no task" };
    const key = JSON.stringify([schema, { ...grid, epoch: 0 }]);
    const known = projections.get(key);
    if (known !== undefined) return known;
    const projection = projectionOf(schema, grid, task, choice);
    if ("reason" in projection) return projection;
    const quantizer = createQuantizer(grid);
    const made: SharedDecoder = {
      bytes: decoderBytes(schema, grid),
      schema,
      grid,
      projection,
      decode: (frame, device) => projection.project(frameCodes(frame, device, quantizer), frame.rows),
    };
    projections.set(key, made);
    return made;
  };
  const { features, target, lags = 0 } = choice;
  return {
    get task() {
      return task;
    },
    choice: JSON.stringify({ features, target, ...(lags > 0 ? { lags } : {}) }),
    adopt,
    decoder: (schema, grid) => {
      const made = shared(schema, grid);
      if ("reason" in made) return made;
      const { projection, decode } = made;
      // Of its own it has the epoch alone: the channels are those that all share.
      return { schema: made.schema, grid: { ...made.grid, epoch: grid.epoch }, projection, decode, shared: made };
    },
  };
}
