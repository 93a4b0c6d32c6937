import type { ChannelQuantizer, Quantizer } from "@zipml/codec";
import type { Batch } from "./batch.ts";
import { type DitherSeries, ditherSeries } from "./dither-series.ts";
import type { MarginPolynomial } from "./margin-polynomial.ts";
import type { Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";

/** Corrects the gradients of one mini-batch of dithered rows. */
export interface DitherMargins {
  /** The residual label·f̃(ẑ) of a row; its derivatives are noted. */
  residual(quantizer: Quantizer, label: number, decision: number): number;
  /** Subtracts what the mini-batch's products are too large by, over the batch's capacity, and forgets it. */
  correct(gradient: Float64Array): void;
  /** A mini-batch begins. @param x Weights as they are read. */
  begin(x: Float64Array): void;
}

interface GridState {
  readonly steps: Float64Array;
  series: DitherSeries | undefined;
  readonly sums: Float64Array;
}

/** See {@link ditherSeries}; a mini-batch may hold rows of several grids, each with steps of its own. */
export function createDitherMargins(
  polynomial: MarginPolynomial,
  task: Task,
  { deviations }: Scaling,
  { capacity, columns }: Batch,
): DitherMargins {
  const grids = new Map<Quantizer, GridState>();
  let weights = new Float64Array(columns);
  const stateOf = (quantizer: Quantizer): GridState => {
    const known = grids.get(quantizer);
    if (known !== undefined) return known;
    const steps = Float64Array.from(task.features, ({ column }, i) => {
      const deviation = deviations[i] as number;
      const channel = quantizer.channels[column] as ChannelQuantizer;
      return deviation > 0 ? Math.sqrt(12 * channel.spread(0)) / deviation : 0;
    });
    const made = { steps, series: undefined, sums: new Float64Array(polynomial.coefficients.length) };
    grids.set(quantizer, made);
    return made;
  };
  return {
    begin: (x) => {
      weights = x.slice(0, columns);
      for (const state of grids.values()) state.series = undefined;
    },
    residual: (quantizer, label, decision) => {
      const state = stateOf(quantizer);
      state.series ??= ditherSeries(polynomial, weights, state.steps);
      state.series.addOdd(label * decision, state.sums);
      return label * state.series.value(label * decision);
    },
    correct: (gradient) => {
      for (const { series, sums } of grids.values()) {
        if (series === undefined) continue;
        for (let i = 0; i < columns; i++) gradient[i] = (gradient[i] as number) - series.correction(i, sums) / capacity;
        sums.fill(0);
      }
    },
  };
}
