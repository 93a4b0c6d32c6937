import { type EncodedRows, encodeRows, lagEncoded, type Rows, rawRows, taskOf } from "@zipml/gateway/data";
import {
  evaluate,
  exactTable,
  type LinearModel,
  leastSquares,
  type RefetchFigures,
  sgdVariance,
  train,
  type VarianceReport,
  weightsOf,
} from "@zipml/gateway/train";
import { gridFor, loadGrid } from "../files/grid-file.ts";
import { loadModel } from "../files/model-file.ts";
import { type ChosenEngines, chooseEngines, platformFor } from "./engines.ts";
import { objectiveOptions } from "./loss-plan.ts";
import { hasOwnLags, type TrainPlan } from "./plan.ts";
import { readTrainingRows } from "./read-rows.ts";
import { type Figures, shownFigures, type TrainOutcome, type TrainReport, type VarianceFigures } from "./result.ts";

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

/** Each row that was asked for costs its features as 32-bit floats, once. */
function refetched(figures: RefetchFigures, features: number): NonNullable<TrainReport["refetch"]> {
  return { ...figures, bytes: 4 * features * figures.rows };
}

/** The report with SGD's own variance from the exact rows that the codes were made of: the rest of the codes' is the samples'. */
function againstExact(
  report: VarianceReport,
  model: LinearModel,
  { names, values }: Rows,
  batch: number,
): VarianceFigures {
  const seen = report.sgd + (report.samples ?? 0);
  const width = names.length;
  const used = values.subarray(0, report.rows * width);
  const sgd = sgdVariance(model, taskOf(names), used, width, Math.min(batch, values.length / width));
  return { ...report, sgd, samples: Math.max(seen - sgd, 0) };
}

/** How the model that was gone on with stands before the first step. */
function startOf(model: LinearModel | undefined, rows: Rows, test: Rows): Pick<TrainReport, "start"> {
  if (model === undefined) return {};
  const { names, values } = rows;
  const { loss } = evaluate(model, taskOf(names), values, names.length);
  return { start: { passes: model.epochs ?? 0, loss, test: figuresOf(model, names, test.values) } };
}

/** What an epoch costs on the card that was modelled; nothing where it ran none. */
function modelledOf(counters: ChosenEngines["counters"]): Pick<TrainReport, "fpga"> {
  const counted = counters();
  if (counted === undefined) return {};
  const { cycles, modelledSeconds, bytesRead, stalls, linesPerRow } = counted;
  return { fpga: { cycles, modelledSeconds, bytesRead, stalls, linesPerRow } };
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
  const platform = await platformFor(plan);
  const { features, train: rows, test, lagged, skipped, warnings } = await readTrainingRows(values);
  const { names } = rows;
  const task = taskOf(names);
  const sent = lagged?.base ?? rows;
  const { encoding, ...base } = await encode(plan, sent);
  const encoded = lagged === undefined ? base : await lagEncoded(base, lagged.layout, lagged.wanted);
  const epochs: { epoch: number; loss: number; seconds: number }[] = [];
  let start = performance.now();
  const first = values.start === undefined ? undefined : await loadModel(values.start);
  const { engine, fallback, counters, close } = chooseEngines(plan, platform);
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
    start: first,
    seed: values.seed,
    variance: values.variance,
    modelBits: values["model-bits"],
    gradientBits: values["gradient-bits"],
    ...objectiveOptions(values, estimator),
    ...(estimator === "refetch" && { exact: exactTable(rows.values, names.length) }),
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
    ...modelledOf(counters),
    bytes: { codes: encoded.bytes, float32, ratio: float32 / encoded.bytes },
    clipped: encoded.clipped,
    ...(trained.refetch === undefined ? {} : { refetch: refetched(trained.refetch, names.length - 1) }),
    ...startOf(first, rows, test),
    epochs,
    ...(trained.variance && { variance: againstExact(trained.variance, trained.model, rows, values.batch) }),
    test: figuresOf(trained.model, names, test.values),
    leastSquares: figuresOf(leastSquares(rows.values, names.length, task, trained.model.classes), names, test.values),
    model: weightsOf(trained.model),
    warnings: [...plan.warnings, ...warnings, ...trained.warnings],
  };
  return { report, model: trained.model };
}
