import { fillResiduals } from "./batch.ts";
import { addGuard, type GuardTerm } from "./guard.ts";
import type { MarginLoss } from "./losses.ts";
import { decisionAt, fillSlopes } from "./margins.ts";
import type { Objective } from "./objective.ts";
import { forEachStrip, type ReadableSource } from "./passes.ts";

/** Mean loss of the margin over all rows, as the means of the codes give it. */
export async function measureMarginLoss(
  readable: ReadableSource,
  { threshold }: Objective,
  margin: MarginLoss,
  weights: Float64Array,
): Promise<number> {
  let sum = 0;
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
  await forEachStrip(readable, (strip) => {
    if (margin === undefined) fillResiduals(strip, weights);
    else fillSlopes(strip, objective, margin, weights);
    for (let r = 0; r < strip.rows; r++) {
      const share = (strip.residuals[r] as number) / rows;
      const base = r * strip.columns;
      for (let i = 0; i < strip.columns; i++)
        gradient[i] = (gradient[i] as number) + share * (strip.left[base + i] as number);
      if (margin !== undefined) gradient[strip.columns] = (gradient[strip.columns] as number) + share;
    }
  });
  if (spreads !== undefined)
    for (const [i, d] of spreads.entries()) gradient[i] = (gradient[i] as number) - d * (weights[i] as number);
  if (guard !== undefined) addGuard(guard, weights, gradient);
  return gradient;
}
