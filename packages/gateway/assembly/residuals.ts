// What becomes of dot products: residuals of squares, and their largest magnitude, which rounding needs.

/** unit · dot + offset − label, two rows. */
@inline
export function residualsOf(dots: v128, labels: v128, units: v128, offsets: v128): v128 {
  return f64x2.sub(f64x2.add(f64x2.mul(units, dots), offsets), labels);
}

/** Two doubles, `gap` bytes from each other. */
@inline
export function loadTwo(at: usize, gap: usize): v128 {
  return v128.load64_lane(at + gap, v128.load64_zero(at), 1);
}

@inline
export function larger(most: v128, v: v128): v128 {
  return f64x2.pmax(most, f64x2.abs(v));
}

@inline
export function odder(odd: v128, v: v128): v128 {
  return v128.or(odd, f64x2.ne(v, v));
}

/** The larger of both lanes; NaN where any lane of `odd` is set. */
@inline
export function largestOf(most: v128, odd: v128): f64 {
  return v128.any_true(odd) ? NaN : max<f64>(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
}
