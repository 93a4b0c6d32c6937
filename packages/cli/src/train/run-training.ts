import { type EncodedRows, encodeRows, lagEncoded, type Rows, rawRows, taskOf } from "@zipml/gateway/data";
import { evaluate, type LinearModel, leastSquares, train, weightsOf } from "@zipml/gateway/train";
import { gridFor, loadGrid } from "../files/grid-file.ts";
import { chooseEngines } from "./engines.ts";
import { objectiveOptions } from "./loss-plan.ts";
import { hasOwnLags, type TrainPlan } from "./plan.ts";
import { readTrainingRows } from "./read-rows.ts";
import { type Figures, shownFigures, type TrainOutcome, type TrainReport } from "./result.ts";

/** What a watcher is told after each epoch. */
export type Watch = (epoch: number, of: number, loss: number) => Promise<void>;

/** How the rows were encoded. */
type Encoding = Pick<TrainReport, "bits" | "samples" | "scheme" | "levels">;

async function encode(plan: TrainPlan, rows: Rows): Promise<EncodedRows & { readonly encoding: Encoding }> {
  const { values, samples } = plan;
  const ownLags = hasOwnLags(values);
  const { bits, seed, scheme, levels, grid: file, "target-bits": targetBits } = values;
  if (scheme === "none") return { ...rawRows(rows), encoding: { bits: 32, samples, scheme, levels: "none" } };
  if (file === undefined)
    return {
      ...encodeRows(rows, { scheme, bits, samples, targetBits, seed, levels, ownLags }),
      encoding: { bits, samples, scheme, levels },
    };
  const grid = gridFor(file, await loadGrid(file), rows.names);
  const features = ownLags ? grid.channels : grid.channels.slice(0, -1);
  const encoded = encodeRows(rows, { grid, bits, samples, targetBits, seed });
  const widest = Math.max(...features.map((channel) => channel.bits));
  const draws = Math.max(...features.map((channel) => channel.samples));
  const isUniform = features.every((channel) => channel.levels.kind === "uniform");
  const kind = isUniform ? "uniform" : "unequal";
  return { ...encoded, encoding: { bits: widest, samples: draws, scheme: grid.scheme, levels: kind } };
}

function figuresOf(model: LinearModel, names: readonly string[], values: Float64Array): Figures {
  return shownFigures(evaluate(model, taskOf(names), values, names.length));
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
  const { features, train: rows, test, lagged, skipped, warnings } = await readTrainingRows(values);
  const { names } = rows;
  const task = taskOf(names);
  const sent = lagged?.base ?? rows;
  const { encoding, ...base } = await encode(plan, sent);
  const encoded = lagged === undefined ? base : await lagEncoded(base, lagged.layout, lagged.wanted);
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
    ...objectiveOptions(values, estimator),
    onEpoch: async ({ epoch, model }) => {
      const seconds = (performance.now() - start) / 1000;
      const { loss } = evaluate(model, task, rows.values, names.length);
      epochs.push({ epoch, loss, seconds });
      await watch(epoch, values.epochs, loss);
      start = performance.now(); // measuring on exact rows is no part of the epoch
    },
  }).finally(close);
  const float32 = 4 * sent.values.length;
  const report = {
    rows: { train: rows.values.length / names.length, test: test.values.length / names.length, skipped },
    features,
    ...(lagged === undefined ? {} : { lags: { readings: values.lags, short: lagged.short } }),
    ...encoding,
    ...(trained.model.classes === undefined ? {} : { classes: trained.model.classes }),
    estimator,
    engine: trained.engine ?? "none",
    bytes: { codes: encoded.bytes, float32, ratio: float32 / encoded.bytes },
    clipped: encoded.clipped,
    epochs,
    test: figuresOf(trained.model, names, test.values),
    leastSquares: figuresOf(leastSquares(rows.values, names.length, task, trained.model.classes), names, test.values),
    model: weightsOf(trained.model),
    warnings: [...plan.warnings, ...warnings, ...trained.warnings],
  };
  return { report, model: trained.model };
}
