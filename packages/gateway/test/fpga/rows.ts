import { createStream } from "@zipml/codec";
import { encodeRows, type Rows, rawRows, taskOf } from "../../src/data/index.ts";
import type { SampleSource } from "../../src/train/index.ts";

/** Rows with a linear truth: features uniform on [−1, 1], noise of one tenth of the target's variance. */
export function linearRows(rows: number, features: number, seed = 1): Rows {
  const stream = createStream("test/fpga", seed);
  const normal = () => Math.sqrt(-2 * Math.log(stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
  const truth = Float64Array.from({ length: features }, normal);
  const noise = Math.sqrt(truth.reduce((sum, w) => sum + w * w, 0) / 30);
  const values = new Float64Array(rows * (features + 1));
  for (let r = 0; r < rows; r++) {
    let target = noise * normal();
    for (let i = 0; i < features; i++) {
      const value = 2 * stream.uniform() - 1;
      values[r * (features + 1) + i] = value;
      target += value * (truth[i] as number);
    }
    values[r * (features + 1) + features] = target;
  }
  return { names: [...Array.from({ length: features }, (_, i) => `x${i}`), "y"], values };
}

/** A source of codes, or of raw rows without widths. */
export function sourceOf(rows: Rows, widths?: { readonly bits: number; readonly samples: number }): SampleSource {
  return widths === undefined ? rawRows(rows).source : encodeRows(rows, { ...widths, targetBits: 8, seed: 1 }).source;
}

export { taskOf };

/** Waits as a clock does. */
export const clock = {
  sleep: (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};
