import { type ChannelQuantizer, createQuantizer, defineSchema, type Quantizer, uniformGrid } from "@zipml/codec";
import type { EpochContext, SampleBlock, SampleSource, Task } from "@zipml/gateway/train";
import { createRowReader } from "../../packages/gateway/src/train/row-reader.ts";
import { createStreams } from "../../packages/gateway/src/train/streams.ts";
import { blockRows, encodeQuickly, featureDeviation, type SyntheticSet } from "./synthetic.ts";

/** A training that is driven epoch by epoch, without the passes that find scales: they are known. */
export interface Driver {
  readonly weights: Float64Array;
  /** @param seed Orders mini-batches and draws what rounding takes. */
  context(epoch: number, step: number, seed: number): EpochContext;
}

function taskOf(columns: number): Task {
  return {
    features: Array.from({ length: columns }, (_, column) => ({ name: `f${column}`, unit: "", column })),
    target: { name: "y", unit: "", column: columns },
  };
}

/** All features alike. A schema has fewer channels than gisette has features: here one stands for all. */
function quantizerOf(columns: number, bits: number): Quantizer {
  const channel = { name: "f", unit: "", range: [-1, 1] as const, role: "feature" as const };
  const one = createQuantizer(uniformGrid(defineSchema([channel]), { bits, samples: 2 }));
  return { ...one, channels: Array.from({ length: columns }, () => one.channels[0] as ChannelQuantizer) };
}

/** The set's rows as codes of two draws, made anew at each call; the targets stay raw. */
export function codedSource(set: SyntheticSet, bits: number): SampleSource {
  const quantizer = quantizerOf(set.columns, bits);
  const intervals = Math.floor((2 ** bits - 1) / 2);
  return {
    rows: set.rows,
    columns: set.columns,
    async *blocks(): AsyncGenerator<SampleBlock> {
      for (let index = 0; index * blockRows < set.rows; index++) {
        const { rows, features, targets } = set.block(index);
        const codes = encodeQuickly(features, intervals, 2 ** 24 * bits + index);
        yield { kind: "codes", rows, quantizer, codes, targets };
      }
    },
  };
}

/** The set's rows as they are. */
export function rawSource(set: SyntheticSet): SampleSource {
  const width = set.columns + 1;
  return {
    rows: set.rows,
    columns: width,
    async *blocks(): AsyncGenerator<SampleBlock> {
      for (let index = 0; index * blockRows < set.rows; index++) {
        const { rows, features, targets } = set.block(index);
        const values = new Float64Array(rows * width);
        for (let r = 0; r < rows; r++) {
          values.set(features.subarray(r * set.columns, (r + 1) * set.columns), r * width);
          values[r * width + set.columns] = targets[r] as number;
        }
        yield { kind: "values", rows, values };
      }
    },
  };
}

/** Average d of a feature in standardised units, for two draws on 2^bits codes: δ²/12 over the variance 1/3. */
export function averageSpread(bits: number): number {
  const intervals = Math.floor((2 ** bits - 1) / 2);
  return (2 / intervals) ** 2 / 12 / featureDeviation ** 2;
}

/** @param bits Width of the codes; 0 for raw rows. */
export function createDriver(set: SyntheticSet, source: SampleSource, bits: number, batch: number): Driver {
  const { columns, rows, targetDeviation } = set;
  const spread = bits === 0 ? 0 : averageSpread(bits);
  const spreads = new Float64Array(columns).fill(spread);
  const scaling = {
    rows,
    means: new Float64Array(columns),
    deviations: new Float64Array(columns).fill(featureDeviation),
    spreads,
    targetMean: 0,
    targetDeviation,
  };
  const task = taskOf(columns);
  const estimator = bits === 0 ? "full" : "symmetric";
  const weights = new Float64Array(columns);
  const reader = createRowReader({ estimator, task, scaling, rowSpreads: false });
  const fixed = { source, task, estimator, scaling, reader, batch, weights } as const;
  const exact = { guard: undefined, modelBits: 0, residualBits: 0, gradientBits: 0 } as const;
  return {
    weights,
    context: (epoch, step, seed) => ({
      ...{ ...fixed, ...exact, epoch, step, seed },
      spreads: bits === 0 ? undefined : spreads,
      streams: createStreams(seed, epoch),
      trail: undefined,
      signal: undefined,
    }),
  };
}
