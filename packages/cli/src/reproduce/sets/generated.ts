import { createStream } from "@zipml/codec";
import type { Rows } from "@zipml/gateway/data";
import type { LearningSet } from "./learning-set.ts";
import { fillNormal, fillUniform } from "./random-values.ts";

/** How features are spread: uniform on [−1, 1], standard normal, or e to the power of a standard normal. */
export type Spread = "uniform" | "normal" | "lognormal";

/** What {@link generatedSet} makes. */
export interface GeneratedOptions {
  readonly name: string;
  readonly features: number;
  readonly rows: number;
  readonly testRows: number;
  readonly seed: number;
  /** Default `uniform`. */
  readonly spread?: Spread;
  /** Whether the target is the sign of what it would be, ±1. Default not. */
  readonly isClasses?: boolean;
}

/** The noise's share of the variance of a·x*. */
const noiseShare = 0.1;

function fillFeatures(out: Float64Array, spread: Spread, name: string): void {
  const stream = createStream(`${name}/features`);
  if (spread === "uniform") {
    fillUniform(out, stream);
    for (let i = 0; i < out.length; i++) out[i] = 2 * (out[i] as number) - 1;
    return;
  }
  fillNormal(out, stream);
  if (spread === "lognormal") for (let i = 0; i < out.length; i++) out[i] = Math.exp(out[i] as number);
}

function varianceOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

/**
 * A set with x* standard normal and b = a·x* + normal noise of a tenth of the variance of a·x*: R² 0.91. With classes b is
 * the sign of that, about the mean.
 */
export function generatedSet(options: GeneratedOptions): LearningSet {
  const { name, features, rows, testRows, seed, spread = "uniform", isClasses = false } = options;
  const key = `reproduce/${spread}/${features}/${seed}`;
  const all = rows + testRows;
  const values = new Float64Array(all * features);
  fillFeatures(values, spread, key);
  const truth = new Float64Array(features);
  fillNormal(truth, createStream(`${key}/truth`));
  const targets = new Float64Array(all);
  for (let r = 0; r < all; r++) {
    let sum = 0;
    for (let i = 0; i < features; i++) sum += (values[r * features + i] as number) * (truth[i] as number);
    targets[r] = sum;
  }
  const noise = new Float64Array(all);
  fillNormal(noise, createStream(`${key}/noise`));
  const scale = Math.sqrt(noiseShare * varianceOf(targets));
  for (let r = 0; r < all; r++) targets[r] = (targets[r] as number) + scale * (noise[r] as number);
  if (isClasses) {
    const mean = targets.reduce((sum, target) => sum + target, 0) / all;
    for (let r = 0; r < all; r++) targets[r] = (targets[r] as number) >= mean ? 1 : -1;
  }
  const names = [...Array.from({ length: features }, (_, i) => `x${i + 1}`), "y"];
  const part = (from: number, to: number): Rows => ({ names, values: joined(values, targets, features, from, to) });
  return { name, isClasses, train: part(0, rows), test: part(rows, all) };
}

function joined(values: Float64Array, targets: Float64Array, features: number, from: number, to: number): Float64Array {
  const width = features + 1;
  const out = new Float64Array((to - from) * width);
  for (let r = from; r < to; r++) {
    out.set(values.subarray(r * features, (r + 1) * features), (r - from) * width);
    out[(r - from) * width + features] = targets[r] as number;
  }
  return out;
}

/** Synthetic 10, 100 or 1,000 of the paper's Table 1, as this project defines them. */
export function syntheticSet(features: number, seed: number, rows = 10_000): LearningSet {
  return generatedSet({ name: `synthetic ${features}`, features, rows, testRows: Math.min(rows, 10_000), seed });
}
