import type { ChannelQuantizer, Stream } from "@zipml/codec";
import type { CodeBlock, Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";

/** Writes draws of row `row` into `out`, draw by draw: draws × features, in standardised units. */
export type ReadDraws = (row: number, out: Float64Array) => void;

/**
 * Reads the first `draws` of the k draws of every value, drawn without replacement in an order of its own for each value
 * and row: a common order, or the order in which they went up, is biased.
 *
 * @param draws 1 to k of every feature.
 * @param coins A stream used for nothing else.
 */
export function openDraws(block: CodeBlock, task: Task, scaling: Scaling, draws: number, coins: Stream): ReadDraws {
  const { codes, quantizer } = block;
  const width = quantizer.channels.length;
  const size = task.features.length;
  const columns = Int32Array.from(task.features, ({ column }) => column);
  const channels = Array.from(columns, (column) => quantizer.channels[column] as ChannelQuantizer);
  const inverse = scaling.deviations.map((deviation) => (deviation > 0 ? 1 / deviation : 0));
  const levels = new Float64Array(draws);
  return (row, out) => {
    for (let i = 0; i < size; i++) {
      const channel = channels[i] as ChannelQuantizer;
      channel.assignInto(codes[row * width + (columns[i] as number)] as number, coins, levels, 0, draws);
      const mean = scaling.means[i] as number;
      const scale = inverse[i] as number;
      for (let j = 0; j < draws; j++) out[j * size + i] = ((levels[j] as number) - mean) * scale;
    }
  };
}
