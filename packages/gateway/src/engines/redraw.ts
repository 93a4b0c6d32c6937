import { createQuantizer, createStream, defineSchema, type Quantizer, uniformGrid } from "@zipml/codec";
import type { CodeBlock, DecodedBlock, Task } from "../train/index.ts";

/** Widest dithered codes that are drawn anew: at 6 bits that adds a quarter to their variance, at 7 it would double it. */
export const widestRedrawn = 6;

/** Draws decoded readings anew, as codes of scheme `count`: 8 bits, two draws, over the range widened by Δ/2 on both sides. */
export interface Redraw {
  /** Quantizer of the new codes. */
  readonly quantizer: Quantizer;
  /** A block of new codes; its draws are those of the block's number. */
  redraw(block: DecodedBlock, index: number): CodeBlock;
  /** Average d of the new codes so far, a feature each, in the columns' units squared. */
  added(): Float64Array;
  /** Largest share that the new draws add to a feature's variance of quantization, Δ²/12. */
  share(): number;
}

/**
 * A dithered reading is no function of its code alone, so packed sums can't use it as it is. Its decoded m, which lies
 * within Δ/2 of the range, is stochastically rounded once more: the mean stays, and d grows by the new code's.
 *
 * @param quantizer Of a grid of scheme `dither`.
 * @param seed Names the stream of draws.
 */
export function createRedraw(quantizer: Quantizer, task: Task, seed: number | string): Redraw {
  const widened = quantizer.channels.map(({ low, high, top }, c) => {
    const half = (high - low) / top / 2;
    return { name: `c${c}`, unit: "", range: [low - half, high + half] as const, role: "feature" as const };
  });
  const fresh = createQuantizer(uniformGrid(defineSchema(widened), { bits: 8, samples: 2 }));
  const width = quantizer.channels.length;
  const sums = new Float64Array(task.features.length);
  let rows = 0;
  const redraw = (block: DecodedBlock, index: number): CodeBlock => {
    const codes = new Uint16Array(block.means.length);
    fresh.encodeInto(block.means, codes, createStream(`train/redraw/${seed}`, index));
    for (const [i, { column }] of task.features.entries()) {
      const channel = fresh.channels[column];
      for (let at = column; channel !== undefined && at < codes.length; at += width)
        sums[i] = (sums[i] as number) + channel.spread(codes[at] as number);
    }
    rows += block.rows;
    const targets = block.targets ?? columnOf(block.means, width, task.target.column);
    return { kind: "codes", rows: block.rows, quantizer: fresh, codes, targets };
  };
  const added = (): Float64Array => sums.map((sum) => (rows === 0 ? 0 : sum / rows));
  const share = (): number =>
    added().reduce((most, d, i) => {
      const before = quantizer.channels[task.features[i]?.column ?? -1]?.spread(0) ?? 0;
      return before > 0 ? Math.max(most, d / before) : most;
    }, 0);
  return { quantizer: fresh, redraw, added, share };
}

function columnOf(values: Float64Array, width: number, column: number): Float64Array {
  return Float64Array.from({ length: values.length / width }, (_, row) => values[row * width + column] as number);
}
