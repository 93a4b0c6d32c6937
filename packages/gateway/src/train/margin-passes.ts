import { type Batch, clearBatch, createBatch, fillResiduals } from "./batch.ts";
import { checkAborted } from "./errors.ts";
import { addGuard, type GuardTerm } from "./guard.ts";
import type { MarginLoss } from "./losses.ts";
import { decisionAt, fillSlopes } from "./margins.ts";
import type { Objective } from "./objective.ts";
import { forEachStrip, type ReadableSource } from "./passes.ts";
import { createRefetchMargins } from "./refetch-margins.ts";

/** Most rows of a strip in which rows are refetched, for fewer waits on a source that is far away, and most readings in it. */
const refetchedRows = 1024;
const refetchedReadings = 2 ** 20;

/**
 * Visits all rows, a strip at a time, with the residuals of the weights and, where the objective refetches, exact rows in
 * the place of those that the codes leave open.
 *
 * @returns Whether the objective refetches; if not nothing has been visited.
 */
async function forEachRefetched(
  readable: ReadableSource,
  objective: Objective,
  weights: Float64Array,
  visit: (strip: Batch) => void,
): Promise<boolean> {
  if (objective.refetch === undefined) return false;
  const { source, scaling, coins, signal } = readable;
  const columns = scaling.means.length;
  const rows = Math.max(1, Math.min(refetchedRows, scaling.rows, Math.floor(refetchedReadings / columns)));
  const strip = createBatch(columns, rows, false);
  const margins = createRefetchMargins({ ...readable, objective, streams: { coins } }, strip);
  if (margins === undefined) return false;
  const finish = async (): Promise<void> => {
    await margins.prepare?.(weights);
    margins.fillResiduals(weights);
    visit(strip);
    clearBatch(strip);
  };
  for await (const block of source.blocks()) {
    checkAborted(signal);
    const read = margins.open(block);
    for (let row = 0; row < block.rows; row++) {
      read(row, strip);
      if (strip.rows === strip.capacity) await finish();
    }
  }
  if (strip.rows > 0) await finish();
  return true;
}

/**
 * Mean loss of the margin over all rows, as the means of the codes give it; where the objective refetches without bias, by
 * exact rows where the codes leave open on which side of 1 a margin lies.
 */
export async function measureMarginLoss(
  readable: ReadableSource,
  objective: Objective,
  margin: MarginLoss,
  weights: Float64Array,
): Promise<number> {
  let sum = 0;
  const { threshold } = objective;
  const isRefetched = await forEachRefetched(readable, objective, weights, (strip) => {
    for (let r = 0; r < strip.rows; r++) {
      const label = -(strip.residuals[r] as number); // the slope is −1 or 0, so that the loss is 1 − z or 0
      if (label !== 0) sum += 1 - label * decisionAt(strip, r, weights);
    }
  });
  if (isRefetched) return sum / readable.scaling.rows;
  await forEachStrip(readable, (strip) => {
    for (let r = 0; r < strip.rows; r++) {
      const label = (strip.targets[r] as number) > threshold ? 1 : -1;
      sum += margin.value(label * decisionAt(strip, r, weights));
    }
  });
  return sum / readable.scaling.rows;
}

/**
 * The gradient of the loss over all rows, corrected by the columns' average d where it is that of squares.
 *
 * @param readable With a reader of means.
 * @param spreads d to subtract; undefined for none.
 */
export async function measureGradient(
  readable: ReadableSource,
  objective: Objective,
  weights: Float64Array,
  spreads: Float64Array | undefined,
  guard: GuardTerm | undefined,
): Promise<Float64Array> {
  const { margin } = objective;
  const { rows } = readable.scaling;
  const gradient = new Float64Array(weights.length);
  const addStrip = (strip: Batch): void => {
    for (let r = 0; r < strip.rows; r++) {
      const share = (strip.residuals[r] as number) / rows;
      const base = r * strip.columns;
      for (let i = 0; i < strip.columns; i++)
        gradient[i] = (gradient[i] as number) + share * (strip.left[base + i] as number);
      if (margin !== undefined) gradient[strip.columns] = (gradient[strip.columns] as number) + share;
    }
  };
  const isRefetched = await forEachRefetched(readable, objective, weights, addStrip);
  if (!isRefetched)
    await forEachStrip(readable, (strip) => {
      if (margin === undefined) fillResiduals(strip, weights);
      else fillSlopes(strip, objective, margin, weights);
      addStrip(strip);
    });
  if (spreads !== undefined)
    for (const [i, d] of spreads.entries()) gradient[i] = (gradient[i] as number) - d * (weights[i] as number);
  if (guard !== undefined) addGuard(guard, weights, gradient);
  return gradient;
}
