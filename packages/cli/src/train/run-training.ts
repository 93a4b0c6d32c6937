import { type EncodedRows, encodeRows, type Rows, rawRows, taskOf } from "@zipml/gateway/data";
import { evaluate, type LinearModel, leastSquares, train, weightsOf } from "@zipml/gateway/train";
import { gridFor, loadGrid } from "../files/grid-file.ts";
import { chooseEngines } from "./engines.ts";
import type { TrainPlan } from "./plan.ts";
import { readTrainingRows } from "./read-rows.ts";
import type { Figures, TrainOutcome, TrainReport } from "./result.ts";

/** What a watcher is told after each epoch. */
export type Watch = (epoch: number, of: number, loss: number) => Promise<void>;

/** How the rows were encoded. */
type Encoding = Pick<TrainReport, "bits" | "samples" | "scheme" | "levels">;

async function encode(plan: TrainPlan, rows: Rows): Promise<EncodedRows & { readonly encoding: Encoding }> {
  const { values, samples } = plan;
  const { bits, seed, scheme, levels, grid: file, "target-bits": targetBits } = values;
  if (scheme === "none") return { ...rawRows(rows), encoding: { bits: 32, samples, scheme, levels: "none" } };
  if (file === undefined)
    return {
      ...encodeRows(rows, { scheme, bits, samples, targetBits, seed, levels }),
      encoding: { bits, samples, scheme, levels },
    };
  const grid = gridFor(file, await loadGrid(file), rows.names);
  const features = grid.channels.slice(0, -1);
  const encoded = encodeRows(rows, { grid, bits, samples, targetBits, seed });
  const widest = Math.max(...features.map((channel) => channel.bits));
  const draws = Math.max(...features.map((channel) => channel.samples));
  const isUniform = features.every((channel) => channel.levels.kind === "uniform");
  const kind = isUniform ? "uniform" : "unequal";
  return { ...encoded, encoding: { bits: widest, samples: draws, scheme: grid.scheme, levels: kind } };
}

function figuresOf(model: LinearModel, names: readonly string[], values: Float64Array): Figures {
  const { loss, rmse, r2 } = evaluate(model, taskOf(names), values, names.length);
  return { loss, rmse, r2: Number.isFinite(r2) ? r2 : null };
}

/**
 * Reads, encodes, trains and measures: the whole of `zipml train` but its output.
 *
 * @param plan Checked options.
 * @param watch Told after each epoch.
 * @param signal Ends the training.
 * @throws DataError, GridError or TrainingError.
 */
export async function runTraining(plan: TrainPlan, watch: Watch, signal: AbortSignal): Promise<TrainOutcome> {
  const { values, estimator } = plan;
  const { features, train: rows, test, skipped, warnings } = await readTrainingRows(values);
  const { names } = rows;
  const task = taskOf(names);
  const encoded = await encode(plan, rows);
  const epochs: { epoch: number; loss: number; seconds: number }[] = [];
  let start = performance.now();
  const { engine, fallback, close } = chooseEngines(plan);
  const trained = await train({
    source: encoded.source,
    engine,
    fallback,
    task,
    estimator,
    signal,
    solver: values.solver,
    epochs: values.epochs,
    batch: values.batch,
    step: values.step,
    schedule: values.schedule,
    seed: values.seed,
    modelBits: values["model-bits"],
    gradientBits: values["gradient-bits"],
    onEpoch: async ({ epoch, model }) => {
      const seconds = (performance.now() - start) / 1000;
      const { loss } = evaluate(model, task, rows.values, names.length);
      epochs.push({ epoch, loss, seconds });
      await watch(epoch, values.epochs, loss);
      start = performance.now(); // measuring on exact rows is no part of the epoch
    },
  }).finally(close);
  const float32 = 4 * rows.values.length;
  const report = {
    rows: { train: rows.values.length / names.length, test: test.values.length / names.length, skipped },
    features,
    ...encoded.encoding,
    estimator,
    engine: trained.engine ?? "none",
    bytes: { codes: encoded.bytes, float32, ratio: float32 / encoded.bytes },
    clipped: encoded.clipped,
    epochs,
    test: figuresOf(trained.model, names, test.values),
    leastSquares: figuresOf(leastSquares(rows.values, names.length, task), names, test.values),
    model: weightsOf(trained.model),
    warnings: [...plan.warnings, ...warnings, ...trained.warnings],
  };
  return { report, model: trained.model };
}
