import { roundVector, type Stream } from "@zipml/codec";
import { type Batch, clearBatch, createBatch, fillGradient, fillResiduals } from "./batch.ts";
import type { Engine, EpochContext } from "./engine.ts";
import { checkAborted } from "./errors.ts";
import { addGuard } from "./guard.ts";
import { createMargins, type Margins } from "./margins.ts";
import { createRefetchMargins } from "./refetch-margins.ts";
import { proximalStep } from "./regularizers.ts";

/**
 * The reference engine: plain TypeScript in float64, all estimators, losses and regularizers. Rows are shuffled within a block, keyed by seed and
 * epoch; blocks keep the source's order, and a mini-batch may span two of them.
 */
export function referenceEngine(): Engine {
  return { name: "reference", supports: () => true, runsObjectives: true, epoch: runEpoch };
}

async function runEpoch(context: EpochContext): Promise<void> {
  const { source, reader, task, streams } = context;
  const batch = createBatch(task.features.length, context.batch, context.estimator === "double");
  const margins = createRefetchMargins(context, batch) ?? createMargins(context, batch);
  const descend = createDescent(context, batch, margins);
  for await (const block of source.blocks()) {
    checkAborted(context.signal, context.epoch);
    const read = margins === undefined ? reader.open(block, streams.coins) : margins.open(block);
    for (const row of shuffled(block.rows, streams.shuffle)) {
      read(row, batch);
      if (batch.rows < batch.capacity) continue;
      const step = descend();
      if (!(typeof step === "boolean" ? step : await step)) return; // an await for every mini-batch would show
    }
  }
  if (batch.rows > 0) await descend();
}

/** 0 … rows − 1 in random order (Fisher and Yates). */
function shuffled(rows: number, stream: Stream): Uint32Array {
  const order = new Uint32Array(rows);
  for (let r = 0; r < rows; r++) order[r] = r;
  const words = new Uint32Array(Math.max(rows - 1, 0));
  // As uniform() would give them, made by a kernel where there is one.
  if (stream.fill !== undefined) stream.fill(words);
  else for (let i = 0; i < words.length; i++) words[i] = stream.word();
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor((((words[rows - 1 - i] as number) + 0.5) / 0x100000000) * (i + 1));
    const other = order[j] as number;
    order[j] = order[i] as number;
    order[i] = other;
  }
  return order;
}

/** One step from the batch's rows, which are then forgotten; false once numbers are not finite. */
type Descend = () => boolean | Promise<boolean>;

function createDescent(context: EpochContext, batch: Batch, margins: Margins | undefined): Descend {
  const { weights, streams, guard, trail } = context;
  const regularizer = context.objective?.regularizer;
  const size = weights.length;
  const seen = new Float64Array(size);
  const gradient = new Float64Array(size);
  // All but the intercept, where the weights carry one: it is neither rounded nor regularized.
  const [master, read, slopes] = [weights, seen, gradient].map((vector) =>
    margins === undefined ? vector : vector.subarray(0, batch.columns),
  ) as [Float64Array, Float64Array, Float64Array];
  const stop = (): boolean => {
    weights.fill(Number.NaN);
    return false;
  };
  const step = (): boolean => {
    if (margins === undefined) fillResiduals(batch, seen);
    else margins.fillResiduals(seen);
    const residuals = batch.residuals.subarray(0, batch.rows);
    if (!allFinite(residuals)) return stop();
    roundVector(residuals, context.residualBits, streams.residual);
    fillGradient(batch, read, context.spreads, slopes);
    margins?.correct?.(slopes);
    if (margins !== undefined) gradient[batch.columns] = meanOf(residuals, batch.capacity);
    if (guard !== undefined) addGuard(guard, read, slopes);
    if (!allFinite(gradient)) return stop();
    roundVector(slopes, context.gradientBits, streams.gradient);
    for (let i = 0; i < size; i++) weights[i] = (weights[i] as number) - context.step * (gradient[i] as number);
    if (regularizer !== undefined) proximalStep(regularizer, master, context.step);
    if (!allFinite(weights)) return stop();
    if (trail !== undefined) {
      for (let i = 0; i < size; i++) trail.sum[i] = (trail.sum[i] as number) + (weights[i] as number);
      trail.count += 1;
    }
    clearBatch(batch);
    return true;
  };
  return () => {
    // Q3 rounds a copy, once a mini-batch: the master model keeps full precision.
    seen.set(weights);
    roundVector(read, context.modelBits, streams.model);
    const preparing = margins?.prepare?.(seen);
    return preparing === undefined ? step() : preparing.then(step);
  };
}

function meanOf(residuals: Float64Array, count: number): number {
  let sum = 0;
  for (const residual of residuals) sum += residual;
  return sum / count;
}

function allFinite(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
