import { type EncodedRows, encodeRows, rawRows, taskOf } from "@zipml/gateway/data";
import { evaluate, type LinearModel, leastSquares, train, weightsOf } from "@zipml/gateway/train";
import type { TrainPlan } from "./plan.ts";
import { readTrainingRows } from "./read-rows.ts";
import type { Figures, TrainOutcome } from "./result.ts";

/** What a watcher is told after each epoch. */
export type Watch = (epoch: number, of: number, loss: number) => Promise<void>;

function encode(plan: TrainPlan, rows: Parameters<typeof encodeRows>[0]): EncodedRows {
  const { values, samples } = plan;
  if (values.scheme === "none") return rawRows(rows);
  const { bits, seed, "target-bits": targetBits } = values;
  return encodeRows(rows, { bits, samples, targetBits, seed });
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
  const { values, estimator, samples } = plan;
  const { features, train: rows, test, skipped, warnings } = await readTrainingRows(values);
  const { names } = rows;
  const task = taskOf(names);
  const encoded = encode(plan, rows);
  const epochs: { epoch: number; loss: number; seconds: number }[] = [];
  let start = performance.now();
  const trained = await train({
    source: encoded.source,
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
  });
  const isRaw = values.scheme === "none";
  const float32 = 4 * rows.values.length;
  const report = {
    rows: { train: rows.values.length / names.length, test: test.values.length / names.length, skipped },
    features,
    bits: isRaw ? 32 : values.bits,
    samples,
    scheme: values.scheme,
    levels: isRaw ? "none" : values.levels,
    estimator,
    engine: values.engine,
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
