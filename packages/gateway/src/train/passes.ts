import type { Stream } from "@zipml/codec";
import { type Batch, clearBatch, createBatch, fillResiduals } from "./batch.ts";
import { checkAborted } from "./errors.ts";
import type { RowReader } from "./row-reader.ts";
import type { SampleSource, Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";

/** A source with what is needed to read its rows in standardised units. */
export interface ReadableSource {
  readonly source: SampleSource;
  readonly task: Task;
  readonly reader: RowReader;
  readonly scaling: Scaling;
  /** Coins, for a reader of `double`. */
  readonly coins: Stream;
  readonly twoSided: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Rows read at once. */
const stripRows = 64;

/** Reads all rows in the source's order, a strip at a time. */
export async function forEachStrip(readable: ReadableSource, visit: (strip: Batch) => void): Promise<void> {
  const strip = createBatch(readable.scaling.means.length, stripRows, readable.twoSided);
  for await (const block of readable.source.blocks()) {
    checkAborted(readable.signal);
    const read = readable.reader.open(block, readable.coins);
    for (let row = 0; row < block.rows; row++) {
      read(row, strip);
      if (strip.rows < strip.capacity && row + 1 < block.rows) continue;
      visit(strip);
      clearBatch(strip);
    }
  }
}

/**
 * Half the mean square error of standardised weights, corrected by the columns' average d, from one pass over the data.
 */
export async function measureLoss(readable: ReadableSource, weights: Float64Array): Promise<number> {
  let sum = 0;
  await forEachStrip(readable, (strip) => {
    fillResiduals(strip, weights);
    for (let r = 0; r < strip.rows; r++) sum += (strip.residuals[r] as number) ** 2;
  });
  const { rows, spreads } = readable.scaling;
  const correction = spreads.reduce((total, spread, i) => total + spread * (weights[i] as number) ** 2, 0);
  return (sum / rows - correction) / 2;
}

/**
 * What a row adds to the noise of a step, E‖a‖⁴/E‖α‖²: the energy that the codes show, heavy tails and quantization
 * included, over the energy of the exact row, which in standardised units is the number of columns with variance.
 */
export async function measureEnergy(readable: ReadableSource): Promise<number> {
  const { deviations, rows: total } = readable.scaling;
  const active = deviations.filter((deviation) => deviation > 0).length;
  let squared = 0;
  await forEachStrip(readable, ({ rows, columns, left }) => {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let i = r * columns; i < (r + 1) * columns; i++) sum += (left[i] as number) ** 2;
      squared += sum * sum;
    }
  });
  return active > 0 ? squared / (total * active) : 0;
}

/**
 * The largest eigenvalue of the corrected correlation matrix by power iteration, a pass over the data each. Used where
 * the matrix itself is too dear.
 *
 * @param start Source of the first vector.
 */
export async function measureLargest(readable: ReadableSource, passes: number, start: Stream): Promise<number> {
  const { spreads, rows } = readable.scaling;
  let x = spreads.map(() => start.uniform() - 0.5);
  let largest = 0;
  for (let pass = 0; pass < passes; pass++) {
    const norm = Math.hypot(...x);
    if (norm === 0) return 0;
    x = x.map((value) => value / norm);
    const next = new Float64Array(x.length);
    await forEachStrip(readable, (strip) => {
      strip.targets.fill(0);
      fillResiduals(strip, x);
      for (let r = 0; r < strip.rows; r++) {
        const share = (strip.residuals[r] as number) / rows;
        const base = r * strip.columns;
        for (let i = 0; i < next.length; i++) next[i] = (next[i] as number) + share * (strip.left[base + i] as number);
      }
    });
    for (let i = 0; i < next.length; i++) next[i] = (next[i] as number) - (spreads[i] as number) * (x[i] as number);
    largest = Math.hypot(...next);
    x = next;
  }
  return largest;
}

/**
 * Σ q₁q₂ᵀ and Σ q₁·b over the rows' number, symmetrised, with q₁ and q₂ drawn by coins: the closed form of `double`.
 *
 * @param readable With a reader of `double`.
 */
export async function drawnEquations(readable: ReadableSource): Promise<{ matrix: Float64Array; cross: Float64Array }> {
  const { rows, means } = readable.scaling;
  const size = means.length;
  const matrix = new Float64Array(size * size);
  const cross = new Float64Array(size);
  await forEachStrip(readable, (strip) => {
    for (let r = 0; r < strip.rows; r++) {
      const base = r * size;
      const target = strip.targets[r] as number;
      for (let i = 0; i < size; i++) {
        const l = strip.left[base + i] as number;
        const s = strip.right[base + i] as number;
        cross[i] = (cross[i] as number) + ((l + s) / 2) * target;
        for (let j = 0; j <= i; j++)
          matrix[i * size + j] =
            (matrix[i * size + j] as number) +
            (l * (strip.right[base + j] as number) + s * (strip.left[base + j] as number)) / 2;
      }
    }
  });
  for (let i = 0; i < size; i++) {
    cross[i] = (cross[i] as number) / rows;
    for (let j = 0; j <= i; j++) {
      const value = (matrix[i * size + j] as number) / rows;
      matrix[i * size + j] = value;
      matrix[j * size + i] = value;
    }
  }
  return { matrix, cross };
}
