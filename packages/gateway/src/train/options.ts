import type { Engine } from "./engine.ts";
import { TrainingError } from "./errors.ts";
import { type EstimatorName, estimatorNames } from "./estimators.ts";
import { marginLossOf } from "./losses.ts";
import type { LinearModel, SolverName } from "./model.ts";
import { type ObjectiveOptions, type ResolvedObjective, resolveObjective } from "./objective.ts";
import type { SampleSource, Task } from "./samples.ts";
import type { ScheduleName } from "./schedules.ts";

/** What `onEpoch` receives. */
export interface EpochProgress {
  /** 1 … */
  readonly epoch: number;
  /**
   * Half the mean square error over the source's rows, estimated from the codes with the correction by d, in the target's
   * unit squared (of labels, ±1). Unbiased but for the rounding variance of a target with one draw, which adds half of it.
   * With the losses logistic and hinge their mean over the rows as the codes' means give them. Never with the regularizer.
   */
  readonly loss: number;
  /** The model so far; a copy. */
  readonly model: LinearModel;
}

/** Options of `train`. */
export interface TrainOptions extends ObjectiveOptions {
  readonly source: SampleSource;
  readonly task: Task;
  /** Default `full` for raw rows; for codes `symmetric`, with the losses logistic and hinge `naive`. */
  readonly estimator?: EstimatorName | undefined;
  /** Default `sgd`. */
  readonly solver?: SolverName | undefined;
  /** Default `referenceEngine()`. Only SGD uses it. */
  readonly engine?: Engine | undefined;
  /** Runs what `engine` can't, and a warning says why. Default none: then that is an error. */
  readonly fallback?: Engine | undefined;
  /** Passes over the data. Default 30. */
  readonly epochs?: number | undefined;
  /** Rows of a mini-batch. Default 64. */
  readonly batch?: number | undefined;
  /** First step α in standardised units, or `auto` (default) for one from the data. */
  readonly step?: "auto" | number | undefined;
  /** Default `inverse`. */
  readonly schedule?: ScheduleName | undefined;
  /**
   * Epochs at the end over which the model is averaged, mini-batch by mini-batch, to give the result; 0 for the last
   * model alone, at most all epochs. Default 1, and 0 where there is only one epoch: the descent is the same, and most of
   * the noise of its last steps goes.
   */
  readonly average?: number | undefined;
  /** Keys all random streams. Default 1. */
  readonly seed?: number | string | undefined;
  /** Width of Q₃, the model as read, 0 to 16; 0 (default) for none, with engine `packed` for 15. */
  readonly modelBits?: number | undefined;
  /** Width of Q₄, the mini-batch gradient, 0 to 16; 0 (default) for none. */
  readonly gradientBits?: number | undefined;
  /** Width of Q_r, a mini-batch's residuals, 0 to 16; 0 (default) for none, with engine `packed` for 7, or 15 above 1,024 rows. */
  readonly residualBits?: number | undefined;
  /** Which d `symmetric` subtracts: the column's average (default) or the row's. */
  readonly diagonal?: "column" | "row" | undefined;
  /**
   * A model to go on from, of the same features, target and loss: descent begins at its slopes, and epochs, hence steps of
   * the schedule `inverse` and random streams, are counted on from its own. With squares the intercept, and with every loss
   * the units, are those of the rows at hand. Default none: every weight begins at 0.
   */
  readonly start?: LinearModel | undefined;
  /**
   * Whether SGD's result tells what each rounding adds to the variance of a mini-batch gradient, which takes two passes over
   * at most 65,536 rows. Default where `modelBits`, `residualBits` or `gradientBits` round anything.
   */
  readonly variance?: boolean | undefined;
  /** Called after every epoch, and once after the closed form; training waits for it. */
  readonly onEpoch?: ((progress: EpochProgress) => void | Promise<void>) | undefined;
  /** Checked at every block. */
  readonly signal?: AbortSignal | undefined;
}

/** {@link TrainOptions} with defaults filled in. */
export interface ResolvedOptions extends ResolvedObjective {
  readonly solver: SolverName;
  readonly epochs: number;
  readonly batch: number;
  readonly step: "auto" | number;
  readonly schedule: ScheduleName;
  readonly average: number;
  readonly seed: number | string;
  readonly modelBits: number;
  readonly gradientBits: number;
  readonly residualBits: number;
  readonly diagonal: "column" | "row";
  readonly variance: boolean;
}

const defaults: Omit<
  ResolvedOptions,
  "average" | "variance" | "modelBits" | "residualBits" | "gradientBits" | keyof ResolvedObjective
> = Object.freeze({
  solver: "sgd",
  epochs: 30,
  batch: 64,
  step: "auto",
  schedule: "inverse",
  seed: 1,
  diagonal: "column",
});

function checkWhole(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new TrainingError("options", `${name} must be a whole number from ${low} to ${high}, not ${value}`);
}

function checkName(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new TrainingError("options", `${name} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`);
}

/** The closed form solves a linear system: squares, with l2 or without. */
function checkSolver({ solver, loss, regularizer }: ResolvedOptions): void {
  if (solver !== "closed-form") return;
  if (marginLossOf(loss) !== undefined)
    throw new TrainingError("options", `loss ${loss} has no closed form: the solver is sgd`);
  if (
    regularizer !== undefined &&
    (regularizer.l1 > 0 || regularizer.box !== undefined || regularizer.ball !== undefined)
  )
    throw new TrainingError("options", "l1, box and ball have no closed form: the solver is sgd");
}

/**
 * Fills in defaults and checks ranges.
 *
 * @throws {@link TrainingError} `options` that names the option.
 */
export function resolveTrainOptions(options: Omit<TrainOptions, "source" | "task">): ResolvedOptions {
  const epochs = options.epochs ?? defaults.epochs;
  const { modelBits = 0, residualBits = 0, gradientBits = 0 } = options;
  const resolved: ResolvedOptions = {
    ...resolveObjective(options, options.estimator),
    solver: options.solver ?? defaults.solver,
    epochs,
    batch: options.batch ?? defaults.batch,
    step: options.step ?? defaults.step,
    schedule: options.schedule ?? defaults.schedule,
    average: options.average ?? (epochs > 1 ? 1 : 0),
    seed: options.seed ?? defaults.seed,
    modelBits,
    gradientBits,
    residualBits,
    diagonal: options.diagonal ?? defaults.diagonal,
    variance: options.variance ?? modelBits + residualBits + gradientBits > 0,
  };
  checkSolver(resolved);
  if (options.start !== undefined && resolved.solver === "closed-form")
    throw new TrainingError("options", "the closed form starts from no model: the solver is sgd");
  if (options.estimator !== undefined) checkName("estimator", options.estimator, estimatorNames);
  checkName("solver", resolved.solver, ["sgd", "closed-form"]);
  checkName("schedule", resolved.schedule, ["inverse", "constant"]);
  checkName("diagonal", resolved.diagonal, ["column", "row"]);
  checkWhole("epochs", resolved.epochs, 1, 1_000_000);
  checkWhole("batch", resolved.batch, 1, 1_000_000);
  checkWhole("average", resolved.average, 0, resolved.epochs);
  for (const name of ["modelBits", "gradientBits", "residualBits"] as const) checkWhole(name, resolved[name], 0, 16);
  const { step } = resolved;
  if (step !== "auto" && !(Number.isFinite(step) && step > 0))
    throw new TrainingError("options", `step must be "auto" or a number above 0, not ${step}`);
  return resolved;
}
