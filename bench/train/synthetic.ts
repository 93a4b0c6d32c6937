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
  /** A block's rows: features row by row, and targets. New arrays. */
  block(index: number): { readonly rows: number; readonly features: Float64Array; readonly targets: Float64Array };
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
  const block = (index: number) => {
    const draws = quickStream(index);
    const count = Math.min(blockRows, rows - index * blockRows);
    const features = new Float64Array(count * columns);
    const targets = new Float64Array(count);
    for (let r = 0; r < count; r++) {
      let target = 0;
      for (let i = 0; i < columns; i++) {
        const value = 2 * draws.uniform() - 1;
        features[r * columns + i] = value;
        target += value * (truth[i] as number);
      }
      targets[r] = target + noise * gaussian(draws);
    }
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
