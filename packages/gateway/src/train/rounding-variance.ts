import type { Quantizer } from "@zipml/codec";
import type { Engine } from "./engine.ts";
import type { GuardTerm } from "./guard.ts";
import type { Training } from "./training.ts";

/** What a report is about. */
export interface VarianceSubject {
  readonly training: Training;
  readonly engine: Engine;
  /** Of the trained model, standardised, with a margin loss the intercept last. */
  readonly weights: Float64Array;
  readonly guard: GuardTerm | undefined;
  /** Rows of a mini-batch. */
  readonly batch: number;
}

/** Variance of rounding to 2^bits − 1 equal intervals over ± scale, without bias. */
export function roundingVariance(value: number, scale: number, bits: number): number {
  if (bits === 0 || !(scale > 0)) return 0;
  const step = (2 * scale) / (2 ** bits - 1);
  const position = (value + scale) / step;
  const share = position - Math.floor(position);
  // On a point but for rounding of the division.
  return share < 1e-9 || share > 1 - 1e-9 ? 0 : step * step * share * (1 - share);
}

/** Variance of each weight as an engine reads it: its largest in the engine's units sets the intervals. */
export function modelVariances(
  { training, engine, weights }: VarianceSubject,
  quantizer: Quantizer | undefined,
): Float64Array {
  const { task, scaling, options } = training;
  const { modelBits } = options;
  const size = task.features.length;
  const units = quantizer === undefined ? undefined : engine.modelUnits?.(quantizer, task, scaling);
  const scaled = weights.subarray(0, size).map((weight, i) => weight * (units?.[i] ?? 1));
  const largest = scaled.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return scaled.map((value, i) => {
    const unit = units?.[i] ?? 1;
    return unit > 0 ? roundingVariance(value, largest, modelBits) / unit ** 2 : 0;
  });
}
