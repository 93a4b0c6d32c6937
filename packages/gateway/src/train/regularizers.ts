import { TrainingError } from "./errors.ts";

/**
 * What is asked of the standardised weights x, never of the intercept: R(x) = l1·Σ|xᵢ| + ½·l2·Σxᵢ² is added to the loss,
 * which for regression is in units of the target's variance; l1 and l2 together are the elastic net. Box and ball are
 * constraints.
 */
export interface Regularizer {
  /** Strength of Σ|xᵢ|, at least 0. */
  readonly l1: number;
  /** Strength of ½Σxᵢ², at least 0. */
  readonly l2: number;
  /** Least and largest value of every weight; 0 lies between them. */
  readonly box: readonly [low: number, high: number] | undefined;
  /** Largest Euclidean norm of the weights, above 0. */
  readonly ball: number | undefined;
}

/** What may be asked for; nothing given is no regularizer. */
export interface RegularizerOptions {
  /** Strength of Σ|xᵢ|, at least 0. Default 0. */
  readonly l1?: number | undefined;
  /** Strength of ½Σxᵢ², at least 0. Default 0. */
  readonly l2?: number | undefined;
  /** Bounds of every weight, −∞ to 0 and 0 to ∞, not both 0. Not with `ball`. */
  readonly box?: readonly [low: number, high: number] | undefined;
  /** Largest Euclidean norm of the weights, above 0. Not with `box`. */
  readonly ball?: number | undefined;
}

const refuse = (message: string): never => {
  throw new TrainingError("options", message);
};

/**
 * Checks and fills in what was asked for.
 *
 * @returns Undefined where nothing was, so that the plain path stays as it is.
 * @throws {@link TrainingError} `options`.
 */
export function resolveRegularizer({ l1 = 0, l2 = 0, box, ball }: RegularizerOptions): Regularizer | undefined {
  for (const [name, value] of Object.entries({ l1, l2 }))
    if (!(Number.isFinite(value) && value >= 0)) refuse(`${name} must be a number of at least 0, not ${value}`);
  if (box !== undefined) {
    const [low, high] = box;
    if (!(low <= 0 && high >= 0 && low < high))
      refuse(`box must hold 0 and more, as no weight at all must be allowed: not ${low} to ${high}`);
  }
  if (ball !== undefined && !(Number.isFinite(ball) && ball > 0)) refuse(`ball must be a number above 0, not ${ball}`);
  if (box !== undefined && ball !== undefined)
    refuse("box and ball exclude each other: there is no closed step onto both");
  if (l1 === 0 && l2 === 0 && box === undefined && ball === undefined) return undefined;
  return { l1, l2, box, ball };
}

/**
 * The proximal step (the paper's equation 2), in place: x becomes the point that makes ½‖y − x‖² + step·R(y) least within
 * box or ball. Shrinking by l1, then by l2, then the projection is exact: box, l1 and l2 act on each coordinate alone, and
 * l2 and the ball depend on the norm alone, which l1's shrinking goes before.
 *
 * @param weights Standardised weights, without the intercept.
 * @param step The step that the gradient was taken with, above 0.
 */
export function proximalStep({ l1, l2, box, ball }: Regularizer, weights: Float64Array, step: number): void {
  const threshold = step * l1;
  const shrink = 1 / (1 + step * l2);
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    const size = Math.abs(weight) - threshold;
    // NaN goes through: the engine must see that numbers stopped being finite.
    let next = size <= 0 ? 0 : Math.sign(weight) * size * shrink;
    if (box !== undefined) next = Math.min(Math.max(next, box[0]), box[1]);
    weights[i] = next;
    squares += next * next;
  }
  if (ball === undefined || !(squares > ball * ball)) return;
  const scale = ball / Math.sqrt(squares);
  for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] as number) * scale;
}

/** R(x), without the constraints. @param weights Standardised weights, without the intercept. */
export function penaltyOf({ l1, l2 }: Regularizer, weights: Float64Array): number {
  let sum = 0;
  for (const weight of weights) sum += l1 * Math.abs(weight) + (l2 / 2) * weight * weight;
  return sum;
}
