import type { Stream } from "@zipml/codec";

/**
 * Least and largest margin z = label·(intercept + x·a) over all readings a between a row's interval ends: what is known of
 * z from the intervals alone.
 *
 * @param lower Lower ends l_i, in the units of the weights.
 * @param upper Upper ends u_i.
 * @param x Weights; one more than there are ends is the intercept.
 * @param label ±1.
 * @returns [lo, hi] with lo = Σ min(label·x_i·l_i, label·x_i·u_i), hi likewise with max.
 */
export function marginBounds(
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  x: ArrayLike<number>,
  label: number,
): readonly [lo: number, hi: number] {
  const columns = lower.length;
  let lo = label * (x[columns] ?? 0);
  let hi = lo;
  for (let i = 0; i < columns; i++) {
    const slope = label * (x[i] as number);
    const atLower = slope * (lower[i] as number);
    const atUpper = slope * (upper[i] as number);
    lo += Math.min(atLower, atUpper);
    hi += Math.max(atLower, atUpper);
  }
  return [lo, hi];
}

/**
 * The rule that is used: the hinge's slope at a row is certain unless lo < 1 ≤ hi. It goes by the intervals alone, so that
 * the draws of a row have no part in whether they are used: the updates −label·Q(a) that remain are unbiased.
 */
export function isOpenByIntervals([lo, hi]: readonly [lo: number, hi: number]): boolean {
  return lo < 1 && hi >= 1;
}

/**
 * For comparison, the l1 rule: open where |1 − label·Q(a)·x| ≤ Σ |x_i|·Δ_i. It goes by the draws that the gradient is then
 * made of, which is biased, and fires more often: from Q(a) alone a reading may lie a width to either side.
 *
 * @param drawn Q(a), one draw of each reading.
 * @param widths Δ_i of the readings' intervals.
 */
export function isOpenByWidths(
  drawn: ArrayLike<number>,
  widths: ArrayLike<number>,
  x: ArrayLike<number>,
  label: number,
): boolean {
  let margin = label * (x[drawn.length] ?? 0);
  let reach = 0;
  for (let i = 0; i < drawn.length; i++) {
    margin += label * (x[i] as number) * (drawn[i] as number);
    reach += Math.abs(x[i] as number) * (widths[i] as number);
  }
  return Math.abs(1 - margin) <= reach;
}

/** Random signs that carry rows of n readings to r numbers, so that inner products are kept about as they are. */
export interface Sketch {
  /** G·v, r numbers; E[(G·a)·(G·x)] = a·x, with variance at most 2‖a‖²‖x‖²/r. */
  of(vector: ArrayLike<number>): Float64Array;
}

/**
 * A Johnson–Lindenstrauss sketch by random signs (Achlioptas 2003).
 *
 * @param size r.
 * @param columns n.
 * @param signs A stream used for nothing else; the same at both ends.
 */
export function createSketch(size: number, columns: number, signs: Stream): Sketch {
  const scale = 1 / Math.sqrt(size);
  const matrix = Float64Array.from({ length: size * columns }, () => (signs.uniform() < 0.5 ? -scale : scale));
  const of = (vector: ArrayLike<number>): Float64Array => {
    const out = new Float64Array(size);
    for (let r = 0; r < size; r++) {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += (matrix[r * columns + i] as number) * (vector[i] as number);
      out[r] = sum;
    }
    return out;
  };
  return { of };
}

/**
 * For comparison, the rule by sketches: open where |1 − label·(G·a)·(G·x)| ≤ ε‖a‖‖x‖. It goes by the exact row, whose sketch
 * and norm the device sends along, r + 1 numbers a row; a row that it calls certain may still be on the other side, the less
 * likely the larger r·ε².
 *
 * @param row G·a and ‖a‖.
 * @param model G·x and ‖x‖.
 * @param tolerance ε.
 */
export function isOpenBySketch(
  row: { readonly sketch: Float64Array; readonly norm: number },
  model: { readonly sketch: Float64Array; readonly norm: number },
  label: number,
  tolerance: number,
): boolean {
  let product = 0;
  for (let r = 0; r < row.sketch.length; r++) product += (row.sketch[r] as number) * (model.sketch[r] as number);
  return Math.abs(1 - label * product) <= tolerance * row.norm * model.norm;
}
