import type { EncodedRows } from "@zipml/gateway/data";
import { float32Engine, packedEngine } from "@zipml/gateway/engines";
import {
  type Engine,
  type EstimatorName,
  type LinearModel,
  type LossName,
  referenceEngine,
  TrainingError,
  train,
} from "@zipml/gateway/train";
import type { Subject } from "./sets/subject.ts";

/** What a descent follows besides its rows. */
export interface DescentOptions {
  readonly subject: Subject;
  readonly rows: EncodedRows;
  readonly estimator: EstimatorName;
  readonly epochs: number;
  /** Rows of a mini-batch. */
  readonly batch: number;
  /** First step α in standardised units; the step of epoch e is α/e (the paper's section 4). */
  readonly step: number | "auto";
  readonly seed: number | string;
  /** Widths of Q₃ and Q₄; default 0, none. */
  readonly modelBits?: number;
  readonly gradientBits?: number;
  /** Default `squares`. */
  readonly loss?: LossName;
  readonly degree?: number | undefined;
  /** Runs the descent; default `packed` for what it runs, `float32` for raw rows, `reference` else. Closed after it. */
  readonly engine?: Engine;
  /** What is plotted; default the subject's loss. */
  readonly measure?: (model: LinearModel) => number;
  /** What it is for a model that knows nothing; default 1. */
  readonly startLoss?: number;
  readonly signal?: AbortSignal;
}

/** A descent, epoch by epoch. */
export interface Descent {
  /** Loss after each epoch; the first is that of a model that knows nothing. */
  readonly losses: readonly number[];
  /** The last model, where one came out. */
  readonly model: LinearModel | undefined;
  /** The epoch in which it diverged. */
  readonly diverged: number | undefined;
  /** The first step. */
  readonly step: number;
  readonly warnings: readonly string[];
}

function usualEngine({ estimator, loss = "squares" }: DescentOptions): Engine {
  if (loss !== "squares" && loss !== "ls-svm") return referenceEngine();
  if (estimator === "full") return float32Engine();
  return estimator === "symmetric" || estimator === "naive" ? packedEngine({ threads: 1 }) : referenceEngine();
}

/** Runs mini-batch descent without averaging, as in the paper, and measures the model on exact rows after each epoch. */
export async function descend(options: DescentOptions): Promise<Descent> {
  const { subject, rows, epochs, measure = subject.loss } = options;
  const engine = options.engine ?? usualEngine(options);
  const losses = [options.startLoss ?? 1];
  let model: LinearModel | undefined;
  try {
    const result = await train({
      source: rows.source,
      task: subject.task,
      estimator: options.estimator,
      engine,
      epochs,
      batch: options.batch,
      step: options.step,
      average: 0,
      seed: options.seed,
      modelBits: options.modelBits,
      gradientBits: options.gradientBits,
      loss: options.loss,
      degree: options.degree,
      signal: options.signal,
      onEpoch: (progress) => {
        model = progress.model;
        losses.push(measure(progress.model));
      },
    });
    return { losses, model, diverged: undefined, step: result.step ?? 0, warnings: result.warnings };
  } catch (error) {
    if (!(error instanceof TrainingError && error.code === "diverged")) throw error;
    const step = options.step === "auto" ? Number.NaN : options.step;
    return { losses, model: undefined, diverged: losses.length, step, warnings: [error.message] };
  } finally {
    await engine.close?.();
  }
}

/** The last loss, or infinity where there is no model. */
export function lastLoss({ losses, diverged }: Descent): number {
  return diverged === undefined ? (losses.at(-1) ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
}

/** The mean loss over the last half of the epochs, in which the last steps' noise cancels; infinity without a model. */
export function settledLoss({ losses, diverged }: Descent): number {
  if (diverged !== undefined) return Number.POSITIVE_INFINITY;
  const half = losses.slice(Math.floor((losses.length + 1) / 2));
  return half.reduce((sum, loss) => sum + loss, 0) / half.length;
}

/** Multiples of the automatic step that are tried. */
const factors = [1 / 4, 1 / 2, 1, 2, 4];

/**
 * The descent at full precision with the best first step of five: α is tuned there and used for low precision as it is
 * (the paper's section 4).
 */
export async function tunedDescent(
  options: Omit<DescentOptions, "rows" | "estimator" | "step" | "engine">,
): Promise<Descent> {
  const rows = options.subject.exact();
  const run = (step: number | "auto") => descend({ ...options, rows, estimator: "full", step });
  const automatic = await run("auto");
  let best = automatic;
  for (const factor of factors) {
    if (factor === 1) continue;
    const other = await run(automatic.step * factor);
    if (lastLoss(other) < lastLoss(best)) best = other;
  }
  return best;
}

/** Epochs until the loss is at most a bar, by straight line between two; undefined if never. */
export function epochsTo({ losses }: Descent, bar: number): number | undefined {
  const at = losses.findIndex((loss) => loss <= bar);
  if (at < 0) return undefined;
  if (at === 0) return 0;
  const [before, here] = [losses[at - 1] as number, losses[at] as number];
  return at - 1 + (before - bar) / (before - here);
}
