import {
  type ChannelGrid,
  createQuantizer,
  defineGrid,
  defineSchema,
  type Quantizer,
  type Stream,
} from "../../src/index.ts";

/** Every width with every number of draws that fits it. */
export const widthsAndSamples: readonly (readonly [bits: number, samples: number])[] = Array.from(
  { length: 16 },
  (_, i) => i + 1,
).flatMap((bits) =>
  Array.from({ length: 15 }, (_, i) => i + 1)
    .filter((samples) => 2 ** bits - 1 >= samples)
    .map((samples) => [bits, samples] as const),
);

/** A quantizer of channels with levels from −1 to 1 unless told otherwise. */
export function quantizerOf(
  channels: readonly (Partial<ChannelGrid> & { readonly low?: number; readonly high?: number })[],
  epoch = 0,
): Quantizer {
  const grids = channels.map(({ bits = 4, samples = 2, low = -1, high = 1 }) => ({
    bits,
    samples,
    levels: { kind: "uniform" as const, low, high },
  }));
  const schema = defineSchema(
    grids.map(({ levels }, c) => ({
      name: `c${c}`,
      unit: "",
      range: [levels.low, levels.high] as const,
      role: "feature" as const,
    })),
  );
  return createQuantizer(defineGrid(schema, { epoch, scheme: "count", coding: "packed", channels: grids }));
}

/** A stream that says one word for ever: the two ends show what chance can't change. */
export function constantStream(word: number): Stream {
  return { word: () => word, uniform: () => (word + 0.5) / 2 ** 32 };
}
