import { simulateFleet } from "../agents/simulate-fleet.ts";
import { analyse, createAnalysis } from "../analytic/analyse.ts";
import type { RunCellsOptions } from "../engine/run-cells.ts";
import { SimulationError } from "../scenario/errors.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type PointRow, type RunResult, resultCells, toCsv } from "./columns.ts";
import { type GridAxis, type GridPoint, gridPoints, scenarioAt } from "./grid-axes.ts";
import { scenarioHash } from "./manifest.ts";
import { openPointStore, type PointStore, type StoredPoint } from "./point-store.ts";

/** How a sweep is run. */
export interface SweepOptions extends Pick<RunCellsOptions, "workers" | "signal"> {
  /** Folder of the results: what is in it already is not computed again. Without one nothing is kept. */
  readonly folder?: string;
  /** Told of every point: how many are done of how many, and whether it was known before. */
  progress?(done: number, points: number, stored: StoredPoint, isKnown: boolean): void;
  /** What a point's scenario comes to; by default its mode: events, or analytic. */
  readonly run?: (scenario: Scenario, options: RunCellsOptions) => Promise<RunResult>;
}

/** What a sweep gives. */
export interface Sweep {
  /** In the order of the grid. */
  readonly points: readonly StoredPoint[];
  /** How many were computed now; the others were there. */
  readonly computed: number;
  /** All points as CSV. */
  readonly csv: string;
}

/**
 * What a scenario comes to by its mode: at both depths, with what is learnt, or in closed form.
 *
 * @param scenario The scenario.
 * @param options Threads, progress of the cells, a signal; in analytic mode of no use.
 * @throws SimulationError `limit` where a frame can't be carried, `worker` where a thread fails.
 */
export async function runScenario(scenario: Scenario, options: RunCellsOptions = {}): Promise<RunResult> {
  if (scenario.mode === "analytic") return analyse(scenario);
  const { progress, ...others } = options;
  return simulateFleet(scenario, {
    ...others,
    progress: (stage, done, all) => {
      if (stage === "events") progress?.(done, all);
    },
  });
}

/** A point that can't be is a finding, not the end of the sweep; a parameter that is not known ends it. */
function isRefusal(error: unknown): error is SimulationError {
  return error instanceof SimulationError && (error.code === "limit" || error.code === "scenario");
}

async function compute(
  scenario: Scenario,
  point: GridPoint,
  hash: string,
  options: SweepOptions & Required<Pick<SweepOptions, "run">>,
): Promise<StoredPoint> {
  const { run, workers, signal } = options;
  try {
    const result = await run(scenario, {
      ...(workers === undefined ? {} : { workers }),
      ...(signal === undefined ? {} : { signal }),
    });
    // As it will be read back: what is there already and what is new are alike.
    return { point, hash, result: JSON.parse(JSON.stringify(result)) as RunResult };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { point, hash, refused: error.message };
  }
}

function rowOf({ point, result, refused }: StoredPoint): PointRow {
  const cells = result === undefined ? [] : resultCells(result);
  return refused === undefined ? { point, cells } : { point, cells, refused };
}

/** The scenario of a point, or why there is none. */
function scenarioOrRefusal(scenario: Scenario, point: GridPoint): Scenario | string {
  try {
    return scenarioAt(scenario, point);
  } catch (error) {
    if (isRefusal(error)) return error.message;
    throw error;
  }
}

async function finish(store: PointStore | undefined, points: readonly StoredPoint[]): Promise<string> {
  const csv = toCsv(points.map(rowOf));
  await store?.writeText("results.csv", csv);
  await store?.writeText("results.json", `${JSON.stringify(points)}\n`);
  return csv;
}

/**
 * Runs a scenario at all points of a grid, one after the other. Points that the folder holds already are taken from it, so that
 * a sweep that was interrupted at any instant goes on where it was, and one with further values computes only these.
 *
 * @example
 * ```ts
 * const { csv } = await sweep(scenario, [parseAxis("bits=2,4,8"), parseAxis("link=lorawan,nbiot")], { folder: "sweep" });
 * ```
 *
 * @param scenario What all points have in common.
 * @param axes Parameters and their values.
 * @param options Folder, threads, progress, a signal.
 * @throws SimulationError `grid` for parameters that are not known or values that they can't have; `file`, `worker`.
 */
export async function sweep(scenario: Scenario, axes: readonly GridAxis[], options: SweepOptions = {}): Promise<Sweep> {
  const points = gridPoints(axes);
  const scenarios = points.map((point) => scenarioOrRefusal(scenario, point));
  const store = options.folder === undefined ? undefined : await openPointStore(options.folder);
  const analyseNext = createAnalysis();
  const { run = async (at, others) => (at.mode === "analytic" ? analyseNext(at) : await runScenario(at, others)) } =
    options;
  const done: StoredPoint[] = [];
  let computed = 0;
  for (const [i, point] of points.entries()) {
    options.signal?.throwIfAborted();
    const at = scenarios[i] ?? "";
    if (typeof at === "string") {
      done.push({ point, hash: "", refused: at });
      continue;
    }
    const hash = scenarioHash(at);
    const known = await store?.read(hash);
    const stored = known === undefined ? await compute(at, point, hash, { ...options, run }) : { ...known, point };
    if (known === undefined) {
      computed += 1;
      await store?.write(stored);
    }
    done.push(stored);
    options.progress?.(i + 1, points.length, stored, known !== undefined);
  }
  return { points: done, computed, csv: await finish(store, done) };
}
