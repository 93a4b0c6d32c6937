import { roundVector, type Stream } from "@zipml/codec";
import { type Batch, clearBatch, createBatch, fillGradient, fillResiduals } from "./batch.ts";
import type { Engine, EpochContext } from "./engine.ts";
import { checkAborted } from "./errors.ts";
import { addGuard } from "./guard.ts";

/**
 * The reference engine: plain TypeScript in float64, all estimators. Rows are shuffled within a block, keyed by seed and
 * epoch; blocks keep the source's order, and a mini-batch may span two of them.
 */
export function referenceEngine(): Engine {
  return { name: "reference", supports: () => true, epoch: runEpoch };
}

async function runEpoch(context: EpochContext): Promise<void> {
  const { source, reader, weights, streams } = context;
  const batch = createBatch(weights.length, context.batch, context.estimator === "double");
  const descend = createDescent(context, batch);
  for await (const block of source.blocks()) {
    checkAborted(context.signal, context.epoch);
    const read = reader.open(block, streams.coins);
    for (const row of shuffled(block.rows, streams.shuffle)) {
      read(row, batch);
      if (batch.rows === batch.capacity && !descend()) return;
    }
  }
  if (batch.rows > 0) descend();
}

/** 0 … rows − 1 in random order (Fisher and Yates). */
function shuffled(rows: number, stream: Stream): Uint32Array {
  const order = new Uint32Array(rows);
  for (let r = 0; r < rows; r++) order[r] = r;
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform() * (i + 1));
    const other = order[j] as number;
    order[j] = order[i] as number;
    order[i] = other;
  }
  return order;
}

/** One step from the batch's rows, which are then forgotten; false once numbers are not finite. */
function createDescent(context: EpochContext, batch: Batch): () => boolean {
  const { weights, streams, guard, trail, step } = context;
  const size = weights.length;
  const seen = new Float64Array(size);
  const gradient = new Float64Array(size);
  const stop = (): boolean => {
    weights.fill(Number.NaN);
    return false;
  };
  return () => {
    // Q3 rounds a copy, once a mini-batch: the master model keeps full precision.
    seen.set(weights);
    roundVector(seen, context.modelBits, streams.model);
    fillResiduals(batch, seen);
    const residuals = batch.residuals.subarray(0, batch.rows);
    if (!allFinite(residuals)) return stop();
    roundVector(residuals, context.residualBits, streams.residual);
    fillGradient(batch, seen, context.spreads, gradient);
    if (guard !== undefined) addGuard(guard, seen, gradient);
    if (!allFinite(gradient)) return stop();
    roundVector(gradient, context.gradientBits, streams.gradient);
    for (let i = 0; i < size; i++) weights[i] = (weights[i] as number) - step * (gradient[i] as number);
    if (!allFinite(weights)) return stop();
    if (trail !== undefined) {
      for (let i = 0; i < size; i++) trail.sum[i] = (trail.sum[i] as number) + (weights[i] as number);
      trail.count += 1;
    }
    clearBatch(batch);
    return true;
  };
}

function allFinite(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
