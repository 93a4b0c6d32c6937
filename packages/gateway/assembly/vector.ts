import { larger, largestOf, odder, residualsOf } from "./residuals";

// Float64 vectors of a step: small against the rows, but they are read once a mini-batch.

/** Largest magnitude; NaN where any is NaN. Two maxima side by side: one alone waits for each comparison. */
export function largest(values: usize, length: i32): f64 {
  let a = f64x2.splat(0);
  let b = a;
  let odd = a;
  const whole = length & ~3;
  const end = values + (<usize>whole << 3);
  for (; values < end; values += 32) {
    const v = v128.load(values);
    const w = v128.load(values, 16);
    a = larger(a, v);
    b = larger(b, w);
    odd = odder(odder(odd, v), w);
  }
  let result = largestOf(f64x2.pmax(a, b), odd);
  // max hands NaN on.
  for (let i = whole; i < length; i++, values += 8) result = max<f64>(result, abs<f64>(load<f64>(values)));
  return result;
}

/** out = a · b. Returns the largest magnitude; NaN where any is NaN. */
export function multiply(a: usize, b: usize, length: i32, out: usize): f64 {
  let most = f64x2.splat(0);
  let odd = most;
  const whole = length & ~1;
  for (let i = 0; i < whole; i += 2) {
    const at = <usize>i << 3;
    const product = f64x2.mul(v128.load(a + at), v128.load(b + at));
    v128.store(out + at, product);
    most = larger(most, product);
    odd = odder(odd, product);
  }
  const result = largestOf(most, odd);
  if (whole == length) return result;
  const at = <usize>whole << 3;
  const product = load<f64>(a + at) * load<f64>(b + at);
  store<f64>(out + at, product);
  return max<f64>(result, abs<f64>(product));
}

/** The gradient from sums of products, which are 0 afterwards. */
export function assembleGradient(
  length: i32,
  sums: usize,
  factors: usize,
  offsets: usize,
  spreads: usize,
  model: usize,
  sumScale: f64,
  offsetScale: f64,
  spreadScale: f64,
  out: usize,
): void {
  const whole = length & ~1;
  for (let i = 0; i < whole; i += 2) {
    const at = <usize>i << 3;
    const product = f64x2.mul(v128.load(factors + at), v128.load(sums + at));
    v128.store(sums + at, f64x2.splat(0));
    const diagonal = f64x2.mul(v128.load(spreads + at), v128.load(model + at));
    const sum = f64x2.add(
      f64x2.mul(f64x2.splat(sumScale), product),
      f64x2.mul(f64x2.splat(offsetScale), v128.load(offsets + at)),
    );
    v128.store(out + at, f64x2.sub(sum, f64x2.mul(f64x2.splat(spreadScale), diagonal)));
  }
  const at = <usize>whole << 3;
  if (whole < length) {
    const sum =
      sumScale * (load<f64>(factors + at) * load<f64>(sums + at)) + offsetScale * load<f64>(offsets + at);
    store<f64>(sums + at, 0);
    store<f64>(out + at, sum - spreadScale * (load<f64>(spreads + at) * load<f64>(model + at)));
  }
}

export function descend(weights: usize, gradient: usize, length: i32, step: f64, trail: usize): void {
  const whole = length & ~1;
  const steps = f64x2.splat(step);
  for (let i = 0; i < whole; i += 2) {
    const at = <usize>i << 3;
    const weight = f64x2.sub(v128.load(weights + at), f64x2.mul(steps, v128.load(gradient + at)));
    v128.store(weights + at, weight);
    if (trail != 0) v128.store(trail + at, f64x2.add(v128.load(trail + at), weight));
  }
  if (whole == length) return;
  const at = <usize>whole << 3;
  const weight = load<f64>(weights + at) - step * load<f64>(gradient + at);
  store<f64>(weights + at, weight);
  if (trail != 0) store<f64>(trail + at, load<f64>(trail + at) + weight);
}

/** Residuals from dot products, in place: unit · dot + offset − label. Returns the largest magnitude; NaN where any is NaN. */
export function formResiduals(dots: usize, labels: usize, length: i32, unit: f64, offset: f64): f64 {
  const units = f64x2.splat(unit);
  const offsets = f64x2.splat(offset);
  let a = f64x2.splat(0);
  let b = a;
  let odd = a;
  const whole = length & ~3;
  const end = dots + (<usize>whole << 3);
  for (; dots < end; dots += 32, labels += 32) {
    const v = residualsOf(v128.load(dots), v128.load(labels), units, offsets);
    const w = residualsOf(v128.load(dots, 16), v128.load(labels, 16), units, offsets);
    v128.store(dots, v);
    v128.store(dots, w, 16);
    a = larger(a, v);
    b = larger(b, w);
    odd = odder(odder(odd, v), w);
  }
  let result = largestOf(f64x2.pmax(a, b), odd);
  for (let i = whole; i < length; i++, dots += 8, labels += 8) {
    const residual = unit * load<f64>(dots) + offset - load<f64>(labels);
    store<f64>(dots, residual);
    // max hands NaN on.
    result = max<f64>(result, abs<f64>(residual));
  }
  return result;
}

/** Int16 to float64, and Σ factor · value for every `chunk` columns: even columns in one sum, odd ones in another. */
export function widenModel(model: usize, factors: usize, length: i32, out: usize, chunk: i32, sums: usize): void {
  for (; length > 0; length -= chunk, sums += 8) {
    const some = min(length, chunk);
    store<f64>(sums, widenChunk(model, factors, some, out));
    model += <usize>some << 1;
    factors += <usize>some << 3;
    out += <usize>some << 3;
  }
}

@inline
function widenChunk(model: usize, factors: usize, length: i32, out: usize): f64 {
  const whole = length & ~1;
  let sums = f64x2.splat(0);
  for (let i = 0; i < whole; i += 2) {
    const at = <usize>i << 3;
    const pair = i32x4.extend_low_i16x8_s(v128.load32_zero(model + (<usize>i << 1)));
    const values = f64x2.convert_low_i32x4_s(pair);
    v128.store(out + at, values);
    sums = f64x2.add(sums, f64x2.mul(v128.load(factors + at), values));
  }
  let even = f64x2.extract_lane(sums, 0);
  if (whole < length) {
    const at = <usize>whole << 3;
    const value = <f64>load<i16>(model + (<usize>whole << 1));
    store<f64>(out + at, value);
    even += load<f64>(factors + at) * value;
  }
  return even + f64x2.extract_lane(sums, 1);
}
