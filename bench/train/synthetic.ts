import { createStream, type Stream } from "@zipml/codec";

/** A quick source of words for rows in their hundreds of millions (xorshift, 32 bits): the data need no better one. */
export function quickStream(seed: number): Stream {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  const word = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    // The low bits of neighbouring words are alike: a multiplication mixes them.
    return Math.imul(state, 0x2545f491) >>> 0;
  };
  return { word, uniform: () => (word() + 0.5) / 0x100000000 };
}

/** Rows made at once; each such block has a stream of its own, so that blocks come out alike in any order. */
export const blockRows = 1024;

/**
 * A synthetic set that is never in memory as a whole: features uniform on [−1, 1], x* standard normal, and noise of one
 * tenth of the variance of a·x*. Whatever is asked of the model is known in closed form.
 */
export interface SyntheticSet {
  readonly rows: number;
  readonly columns: number;
  /** x*. */
  readonly truth: Float64Array;
  /** Deviation of the noise, and of the target. */
  readonly noise: number;
  readonly targetDeviation: number;
  /** A block's rows: features row by row, valid until the next call, and targets. */
  block(index: number): { readonly rows: number; readonly features: Float64Array; readonly targets: Float64Array };
}

/**
 * Fills an array with numbers uniform on [−1, 1]; {@link quickStream} with its state in a register.
 *
 * @returns A seed to go on with.
 */
function fillUniform(values: Float64Array, seed: number): number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  for (let i = 0; i < values.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = (Math.imul(state, 0x2545f491) + 0.5) / 0x80000000;
  }
  return state;
}

/**
 * Codes of two draws over [−1, 1], 16 bits of a word each: rows by the hundred million are encoded in seconds. The same
 * draws as the codec's `count`, but for 2⁻¹⁶ of a step.
 *
 * @param intervals s, at least 1.
 */
export function encodeQuickly(values: Float64Array, intervals: number, seed: number): Uint16Array {
  const codes = new Uint16Array(values.length);
  const scale = intervals * 0x8000;
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  for (let i = 0; i < values.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const word = Math.imul(state, 0x2545f491);
    // 16 bits of share below the level; a difference's sign says whether the draw went up, without a branch to guess.
    const place = (((values[i] as number) + 1) * scale) | 0;
    const level = Math.min(place >> 16, intervals - 1);
    const share = place - (level << 16);
    codes[i] = 2 * level + (((word & 0xffff) - share) >>> 31) + (((word >>> 16) - share) >>> 31);
  }
  return codes;
}

/** Σ value · truth of the row that starts there, in two sums. */
function dotAt(values: Float64Array, at: number, truth: Float64Array): number {
  let a = 0;
  let b = 0;
  for (let i = 0; i + 1 < truth.length; i += 2) {
    a += (values[at + i] as number) * (truth[i] as number);
    b += (values[at + i + 1] as number) * (truth[i + 1] as number);
  }
  return a + b + (truth.length % 2 === 1 ? (values[at + truth.length - 1] as number) * (truth.at(-1) as number) : 0);
}

function gaussian(stream: Stream): number {
  return Math.sqrt(-2 * Math.log(stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
}

/** @param rows A multiple of {@link blockRows}, so that all mini-batches are whole. */
export function syntheticSet(rows: number, columns: number): SyntheticSet {
  const stream = createStream(`bench/truth/${columns}`);
  const truth = Float64Array.from({ length: columns }, () => gaussian(stream));
  const signal = truth.reduce((sum, weight) => sum + weight * weight, 0) / 3;
  const noise = Math.sqrt(signal / 10);
  const kept = new Float64Array(Math.min(blockRows, rows) * columns);
  const block = (index: number) => {
    const count = Math.min(blockRows, rows - index * blockRows);
    const features = kept.subarray(0, count * columns);
    const draws = quickStream(fillUniform(features, index));
    const targets = new Float64Array(count);
    for (let r = 0; r < count; r++) targets[r] = dotAt(features, r * columns, truth) + noise * gaussian(draws);
    return { rows: count, features, targets };
  };
  return { rows, columns, truth, noise, targetDeviation: Math.sqrt(signal * 1.1), block };
}

/** Deviation of a feature. */
export const featureDeviation = Math.sqrt(1 / 3);

/**
 * Loss of a standardised model over the optimum's, both as expected on exact rows that were not trained on: ½ of noise plus
 * what the weights are off by. The optimum of K rows is off by n/K itself.
 */
export function lossOverOptimum(set: SyntheticSet, weights: ArrayLike<number>): number {
  let off = 0;
  for (let i = 0; i < set.columns; i++) {
    const weight = ((weights[i] as number) * set.targetDeviation) / featureDeviation;
    off += (weight - (set.truth[i] as number)) ** 2 / 3;
  }
  return (set.noise ** 2 + off) / (set.noise ** 2 * (1 + set.columns / set.rows));
}
