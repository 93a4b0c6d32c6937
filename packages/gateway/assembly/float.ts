// Float32, the paper's full-precision baseline, with the same care: sums in registers, model or residual loaded once.

@inline
function multiplyAdd(sum: v128, value: v128, by: v128): v128 {
  return f32x4.add(sum, f32x4.mul(value, by));
}

@inline
function addLanes(sum: v128): f32 {
  return (
    f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
  );
}

@inline
function dotFloat(a: usize, model: usize, bytes: usize): f32 {
  const end = a + bytes;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  while (a < end) {
    s0 = multiplyAdd(s0, v128.load(a), v128.load(model));
    s1 = multiplyAdd(s1, v128.load(a, 16), v128.load(model, 16));
    s2 = multiplyAdd(s2, v128.load(a, 32), v128.load(model, 32));
    s3 = multiplyAdd(s3, v128.load(a, 48), v128.load(model, 48));
    a += 64;
    model += 64;
  }
  return addLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/**
 * Four rows at a time, a quarter of the rows apart: the memory is read in four long runs.
 *
 * @param blocks Groups of 16 columns.
 */
export function dotFloats(values: usize, stride: usize, rows: i32, blocks: i32, model: usize, out: usize): void {
  const bytes = <usize>blocks << 6;
  const quarter = rows >> 2;
  const apart = <usize>quarter * stride;
  for (let r = 0; r < quarter; r++)
    quadFloats(values + <usize>r * stride, apart, bytes, model, out + (<usize>r << 2), <usize>quarter << 2);
  for (let r = quarter << 2; r < rows; r++)
    quadFloats(values + <usize>r * stride, 0, bytes, model, out + (<usize>r << 2), 0);
}

/** Dots of four rows, `apart` bytes from each other; they are stored `gap` bytes from each other. */
@inline
function quadFloats(a: usize, apart: usize, bytes: usize, model: usize, out: usize, gap: usize): void {
  const end = a + bytes;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  while (a < end) {
    const across = a + 2 * apart;
    let m = v128.load(model);
    let n = v128.load(model, 16);
    a0 = multiplyAdd(a0, v128.load(a), m);
    b0 = multiplyAdd(b0, v128.load(a + apart), m);
    c0 = multiplyAdd(c0, v128.load(across), m);
    d0 = multiplyAdd(d0, v128.load(across + apart), m);
    a1 = multiplyAdd(a1, v128.load(a, 16), n);
    b1 = multiplyAdd(b1, v128.load(a + apart, 16), n);
    c1 = multiplyAdd(c1, v128.load(across, 16), n);
    d1 = multiplyAdd(d1, v128.load(across + apart, 16), n);
    m = v128.load(model, 32);
    n = v128.load(model, 48);
    a0 = multiplyAdd(a0, v128.load(a, 32), m);
    b0 = multiplyAdd(b0, v128.load(a + apart, 32), m);
    c0 = multiplyAdd(c0, v128.load(across, 32), m);
    d0 = multiplyAdd(d0, v128.load(across + apart, 32), m);
    a1 = multiplyAdd(a1, v128.load(a, 48), n);
    b1 = multiplyAdd(b1, v128.load(a + apart, 48), n);
    c1 = multiplyAdd(c1, v128.load(across, 48), n);
    d1 = multiplyAdd(d1, v128.load(across + apart, 48), n);
    a += 64;
    model += 64;
  }
  store<f32>(out, addLanes(f32x4.add(a0, a1)));
  store<f32>(out + gap, addLanes(f32x4.add(b0, b1)));
  store<f32>(out + 2 * gap, addLanes(f32x4.add(c0, c1)));
  store<f32>(out + 3 * gap, addLanes(f32x4.add(d0, d1)));
}

/** Four rows at a time, added one after the other, so that a sum is read and written a quarter as often. */
export function gradientFloats(
  values: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  residuals: usize,
  out: usize,
): void {
  const bytes = <usize>blocks << 6;
  const whole = rows & ~3;
  for (let r = 0; r < whole; r += 4) {
    const q = residuals + (<usize>r << 2);
    const ra = v128.load32_splat(q);
    const rb = v128.load32_splat(q, 4);
    const rc = v128.load32_splat(q, 8);
    const rd = v128.load32_splat(q, 12);
    let a = values + <usize>r * stride;
    let b = a + stride;
    let c = b + stride;
    let d = c + stride;
    let o = out;
    const end = out + bytes;
    while (o < end) {
      v128.store(o, multiplyAdd(multiplyAdd(multiplyAdd(multiplyAdd(v128.load(o), v128.load(a), ra), v128.load(b), rb), v128.load(c), rc), v128.load(d), rd));
      v128.store(o, multiplyAdd(multiplyAdd(multiplyAdd(multiplyAdd(v128.load(o, 16), v128.load(a, 16), ra), v128.load(b, 16), rb), v128.load(c, 16), rc), v128.load(d, 16), rd), 16);
      a += 32;
      b += 32;
      c += 32;
      d += 32;
      o += 32;
    }
  }
  for (let r = whole; r < rows; r++)
    addRow(values + <usize>r * stride, bytes, v128.load32_splat(residuals + (<usize>r << 2)), out);
}

@inline
function addRow(a: usize, bytes: usize, by: v128, out: usize): void {
  const end = a + bytes;
  while (a < end) {
    v128.store(out, multiplyAdd(v128.load(out), v128.load(a), by));
    v128.store(out, multiplyAdd(v128.load(out, 16), v128.load(a, 16), by), 16);
    v128.store(out, multiplyAdd(v128.load(out, 32), v128.load(a, 32), by), 32);
    v128.store(out, multiplyAdd(v128.load(out, 48), v128.load(a, 48), by), 48);
    a += 64;
    out += 64;
  }
}

/** One SGD step a row. Other threads write the same model; whole 32-bit words are never torn. */
export function hogwildRows(
  values: usize,
  stride: usize,
  rows: i32,
  blocks: i32,
  targets: usize,
  model: usize,
  step: f32,
): void {
  const bytes = <usize>blocks << 6;
  for (let r = 0; r < rows; r++) {
    const a = values + <usize>r * stride;
    const residual = dotFloat(a, model, bytes) - load<f32>(targets + (<usize>r << 2));
    addRow(a, bytes, f32x4.splat(-(step * residual)), model);
  }
}
