/**
 * The inner loops of fast mode: codes are taken from their words, multiplied and shifted in one pass, four at a time. For
 * fields whose width divides 32, unsigned codes, and products that fit 32 bits before they are shifted.
 */

/** A run of fields in memory. */
export interface Fields {
  readonly words: Uint32Array;
  /** Width of a field, 1, 2, 4, 8 or 16. */
  readonly width: number;
  /** First word. */
  from: number;
  /** Fields. */
  count: number;
  /** Bits of a field below its code. */
  offset: number;
  /** The code's bits. */
  readonly mask: number;
  /** By which products are shifted. */
  readonly shift: number;
}

/** Σ ⌊code · model / 2^shift⌋ over the fields, the first of which goes with model[base]. Bounded by the caller. */
export function dotFields(fields: Fields, model: Int32Array, base: number): number {
  const { words, width, from, count, offset, mask, shift } = fields;
  const [second, third, fourth] = [width, 2 * width, 3 * width];
  const whole = width > 8 ? 0 : count - (count & 3);
  let sum = 0;
  for (let i = 0; i < whole; i += 4) {
    const bit = i * width;
    const word = (words[from + (bit >>> 5)] as number) >>> ((bit & 31) + offset);
    const at = base + i;
    sum =
      (sum +
        (Math.imul(word & mask, model[at] as number) >> shift) +
        (Math.imul((word >>> second) & mask, model[at + 1] as number) >> shift) +
        (Math.imul((word >>> third) & mask, model[at + 2] as number) >> shift) +
        (Math.imul((word >>> fourth) & mask, model[at + 3] as number) >> shift)) |
      0;
  }
  for (let i = whole; i < count; i++) {
    const bit = i * width;
    const code = ((words[from + (bit >>> 5)] as number) >>> ((bit & 31) + offset)) & mask;
    sum = (sum + (Math.imul(code, model[base + i] as number) >> shift)) | 0;
  }
  return sum;
}

/** Adds ⌊code · residual / 2^shift⌋ of the fields to target[base] and on. */
export function addFields(fields: Fields, residual: number, target: Int32Array, base: number): void {
  const { words, width, from, count, offset, mask, shift } = fields;
  const [second, third, fourth] = [width, 2 * width, 3 * width];
  const whole = width > 8 ? 0 : count - (count & 3);
  for (let i = 0; i < whole; i += 4) {
    const bit = i * width;
    const word = (words[from + (bit >>> 5)] as number) >>> ((bit & 31) + offset);
    const at = base + i;
    target[at] = ((target[at] as number) + (Math.imul(word & mask, residual) >> shift)) | 0;
    target[at + 1] = ((target[at + 1] as number) + (Math.imul((word >>> second) & mask, residual) >> shift)) | 0;
    target[at + 2] = ((target[at + 2] as number) + (Math.imul((word >>> third) & mask, residual) >> shift)) | 0;
    target[at + 3] = ((target[at + 3] as number) + (Math.imul((word >>> fourth) & mask, residual) >> shift)) | 0;
  }
  for (let i = whole; i < count; i++) {
    const bit = i * width;
    const code = ((words[from + (bit >>> 5)] as number) >>> ((bit & 31) + offset)) & mask;
    target[base + i] = ((target[base + i] as number) + (Math.imul(code, residual) >> shift)) | 0;
  }
}

/** As {@link addFields}, less `gates` where a code is odd. */
export function addGatedFields(
  fields: Fields,
  residual: number,
  gates: Int32Array,
  target: Int32Array,
  base: number,
): void {
  const { words, width, from, count, mask, shift } = fields;
  const whole = count - (count & 1);
  for (let i = 0; i < whole; i += 2) {
    const bit = i * width;
    const word = (words[from + (bit >>> 5)] as number) >>> (bit & 31);
    const at = base + i;
    const next = word >>> width;
    const gate = (gates[at] as number) & -(word & 1);
    const nextGate = (gates[at + 1] as number) & -(next & 1);
    target[at] = ((target[at] as number) + (Math.imul(word & mask, residual) >> shift) - gate) | 0;
    target[at + 1] = ((target[at + 1] as number) + (Math.imul(next & mask, residual) >> shift) - nextGate) | 0;
  }
  if (whole === count) return;
  const bit = whole * width;
  const code = ((words[from + (bit >>> 5)] as number) >>> (bit & 31)) & mask;
  const gate = (gates[base + whole] as number) & -(code & 1);
  target[base + whole] = ((target[base + whole] as number) + (Math.imul(code, residual) >> shift) - gate) | 0;
}
