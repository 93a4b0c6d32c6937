import { TrainingError } from "./errors.ts";
import type { SampleBlock, Task } from "./samples.ts";

/**
 * How the gradient of one row is formed, for f(x) = 1/(2K) Σ (a·x − b)².
 *
 * - `full`: a(a·x − b) at float32, raw rows only; the baseline.
 * - `naive`: q(q·x − b) with one draw q, or m without d under `dither`; biased, it tends to the ridge (AᵀA + ΣD)⁻¹Aᵀb. A control that must fail.
 * - `double`: q₁(q₂·x − b) with two of the k draws (Zhang et al., equation 6); unbiased.
 * - `symmetric`: m(m·x − b) − d ⊙ x with m and d from the code; the expectation of `double` over its coins, hence
 *   unbiased with never more variance. The default for codes.
 *
 * For the losses of the margin z (logistic, hinge) the gradient is b·ℓ′(z)·a: `full` as it is; `naive` with q for a
 * everywhere; and for the logistic loss
 *
 * - `polynomial`: b·P(z)·q with a Chebyshev polynomial P of degree d for ℓ′, and d + 1 of the k draws, each in one factor;
 *   unbiased for P. `double` is its case of degree 1. Under `dither` P and its product with m are corrected by derivatives.
 *
 * And for the hinge, on codes of scheme `interval`,
 *
 * - `refetch`: −b·m or 0 where the intervals of a row's readings tell on which side of 1 its margin lies; else the row is
 *   asked for exactly, and gives its gradient. Unbiased.
 */
export type EstimatorName = "naive" | "double" | "symmetric" | "polynomial" | "refetch" | "full";

/** All names of {@link EstimatorName}. */
export const estimatorNames: readonly EstimatorName[] = Object.freeze([
  "naive",
  "double",
  "symmetric",
  "polynomial",
  "refetch",
  "full",
]);

/**
 * Checks that the estimator can read a block.
 *
 * @param least Fewest draws for `polynomial`, d + 1.
 * @throws {@link TrainingError} `estimator`: raw rows for anything but `full`, codes for `full`, features with other than
 * one draw for `naive`, with one draw for `double` and `symmetric`; decoded rows, whose codes carry no draws, for `double`;
 * codes that tell no interval for `refetch`.
 */
export function checkEstimator(estimator: EstimatorName, block: SampleBlock, task: Task, least = 2): void {
  if (block.kind === "values") {
    if (estimator === "full") return;
    throw new TrainingError("estimator", `"${estimator}" reads codes; raw rows go with "full"`);
  }
  if (estimator === "full") throw new TrainingError("estimator", '"full" reads raw rows (scheme none), not codes');
  if (estimator === "refetch") {
    if (block.quantizer.grid.scheme === "interval") return;
    throw new TrainingError(
      "estimator",
      `"refetch" goes by the intervals of readings, which codes of scheme interval alone tell, not ${block.quantizer.grid.scheme}`,
    );
  }
  if (block.kind === "decoded") {
    if (estimator === "double")
      throw new TrainingError(
        "estimator",
        '"double" needs two draws of each feature; codes of scheme dither carry none',
      );
    return;
  }
  for (const { name, column } of task.features) {
    const samples = block.quantizer.channels[column]?.samples ?? 0;
    if (estimator === "polynomial" && samples < least)
      throw new TrainingError(
        "estimator",
        `"polynomial" of degree ${least - 1} needs ${least} draws of each feature; ${name} has ${samples}`,
      );
    if (estimator === "naive" ? samples !== 1 : samples < 2)
      throw new TrainingError(
        "estimator",
        estimator === "naive"
          ? `"naive" uses features encoded with one draw; ${name} has ${samples}`
          : `"${estimator}" needs two draws or more of each feature; ${name} has ${samples}`,
      );
  }
}
