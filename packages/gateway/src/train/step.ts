import { type ScheduleName, scheduleLength } from "./schedules.ts";

/** What the step is chosen from. */
export interface StepFacts {
  /** Largest eigenvalue of the corrected correlation matrix. */
  readonly largest: number;
  /** What a row adds to the noise of a step: see `measureEnergy`. */
  readonly energy: number;
  readonly features: number;
  readonly batch: number;
  readonly epochs: number;
  readonly schedule: ScheduleName;
  readonly modelBits: number;
  readonly residualBits: number;
  readonly gradientBits: number;
}

/** Largest relative variance of a vector on 2^bits − 1 intervals: min(n/s², √n/s) (the paper's Lemma 2). */
function vectorNoise(length: number, bits: number): number {
  if (bits === 0) return 0;
  const intervals = 2 ** bits - 1;
  return Math.min(length / intervals ** 2, Math.sqrt(length) / intervals);
}

/** The mini-batch's share of a step's noise: energy over rows, grown by the rounding of model and residuals. */
function batchNoise({ energy, batch, features, modelBits, residualBits }: StepFacts): number {
  return (energy / batch) * (1 + vectorNoise(features, modelBits) + vectorNoise(batch, residualBits));
}

/**
 * The first step α without tuning. A step of mini-batch descent on a quadratic is stable in mean square below
 * 2 / (λ + E‖a‖²/B) times what rounding the gradient adds; α is half of that, for the largest eigenvalue and the row
 * energy that the data shows. A constant schedule covers the same distance as the inverse one in the epochs given.
 */
export function automaticStep(facts: StepFacts): number {
  const { largest, features, gradientBits, schedule, epochs } = facts;
  const alpha = 1 / ((1 + vectorNoise(features, gradientBits)) * (largest + batchNoise(facts)));
  return schedule === "inverse" ? alpha : (alpha * scheduleLength("inverse", epochs)) / epochs;
}
