import {
  createQuantizer,
  createStream,
  type DitherPlace,
  defineGrid,
  defineSchema,
  ditherPlace,
  type Levels,
  levelsRange,
  type Quantizer,
  type Stream,
} from "@zipml/codec";
import type { DecodedBlock, SampleBlock, SampleSource, Task } from "../../../src/train/index.ts";

export interface ColumnSpec {
  readonly low: number;
  readonly high: number;
  readonly bits: number;
  readonly samples: number;
}

export function quantizerOf(columns: readonly ColumnSpec[]): Quantizer {
  const schema = defineSchema(
    columns.map(({ low, high }, i) => ({ name: `c${i}`, unit: "", range: [low, high] as const, role: "feature" })),
  );
  return createQuantizer(
    defineGrid(schema, {
      epoch: 0,
      scheme: "count",
      coding: "packed",
      channels: columns.map(({ low, high, bits, samples }) => ({
        bits,
        samples,
        levels: { kind: "uniform", low, high },
      })),
    }),
  );
}

/** A quantizer of scheme `dither`. */
export function ditheredOf(columns: readonly Pick<ColumnSpec, "low" | "high" | "bits">[], seed = "test"): Quantizer {
  const schema = defineSchema(
    columns.map(({ low, high }, i) => ({ name: `c${i}`, unit: "", range: [low, high] as const, role: "feature" })),
  );
  return createQuantizer(
    defineGrid(schema, {
      epoch: 0,
      scheme: "dither",
      coding: "packed",
      seed,
      channels: columns.map(({ low, high, bits }) => ({ bits, samples: 1, levels: { kind: "uniform", low, high } })),
    }),
  );
}

/** A quantizer of scheme `count`, or another of draws, on any levels. */
export function levelledOf(
  columns: readonly { readonly bits: number; readonly samples: number; readonly levels: Levels }[],
  scheme: "count" | "interval" = "count",
): Quantizer {
  const schema = defineSchema(
    columns.map(({ levels }, i) => ({ name: `c${i}`, unit: "", range: levelsRange(levels), role: "feature" })),
  );
  return createQuantizer(defineGrid(schema, { epoch: 0, scheme, coding: "packed", channels: columns }));
}

/** Raw rows encoded and decoded again under `dither`, a block a frame. */
export function decodedBlocks(
  values: Float64Array,
  quantizer: Quantizer,
  device: string,
  blockRows = 1000,
  targets?: Float64Array,
): DecodedBlock[] {
  const columns = quantizer.channels.length;
  const rows = values.length / columns;
  return Array.from({ length: Math.ceil(rows / blockRows) }, (_, sequence) => {
    const part = values.subarray(sequence * blockRows * columns, (sequence + 1) * blockRows * columns);
    const place = ditherPlace(quantizer.grid, { device, session: 1, sequence }) as DitherPlace;
    const means = new Float64Array(part.length);
    quantizer.meansInto(quantizer.encode(part, place).codes, means, place);
    const block = { kind: "decoded" as const, rows: part.length / columns, quantizer, means };
    return targets === undefined
      ? block
      : { ...block, targets: targets.slice(sequence * blockRows, sequence * blockRows + block.rows) };
  });
}

/** `count` columns alike. */
export function same<T>(count: number, spec: T): T[] {
  return Array.from({ length: count }, () => spec);
}

/** Features 0 … n − 1, target n. */
export function taskOf(features: number): Task {
  return {
    features: Array.from({ length: features }, (_, column) => ({ name: `f${column}`, unit: "m", column })),
    target: { name: "y", unit: "s", column: features },
  };
}

export function sourceOf(columns: number, blocks: readonly SampleBlock[]): SampleSource {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  return {
    rows,
    columns,
    async *blocks() {
      yield* blocks;
    },
  };
}

export function valueSource(values: Float64Array, columns: number): SampleSource {
  return sourceOf(columns, [{ kind: "values", rows: values.length / columns, values }]);
}

/** Codes of raw rows, in blocks of at most `blockRows`. */
export function codeBlocks(
  values: Float64Array,
  quantizer: Quantizer,
  draws: Stream,
  blockRows = 1000,
  targets?: Float64Array,
): SampleBlock[] {
  const columns = quantizer.channels.length;
  const { codes } = quantizer.encode(values, draws);
  const blocks: SampleBlock[] = [];
  for (let r = 0; r * columns < codes.length; r += blockRows) {
    const rows = Math.min(blockRows, codes.length / columns - r);
    const part = { kind: "codes" as const, rows, quantizer, codes: codes.slice(r * columns, (r + rows) * columns) };
    blocks.push(targets === undefined ? part : { ...part, targets: targets.slice(r, r + rows) });
  }
  return blocks;
}

export function gaussian(stream: Stream): number {
  return Math.sqrt(-2 * Math.log(stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
}

export interface SyntheticSet {
  readonly features: number;
  readonly columns: number;
  readonly task: Task;
  /** rows × (features + 1), target last. */
  readonly values: Float64Array;
  readonly truth: Float64Array;
}

/** Features uniform on [−1, 1], x* standard normal, noise of `noise` times the variance of a·x*. */
export function syntheticSet(features: number, rows: number, seed: number, noise = 0.1): SyntheticSet {
  const stream = createStream(`test/synthetic/${features}/${seed}`);
  const truth = Float64Array.from({ length: features }, () => gaussian(stream));
  const deviation = Math.sqrt((noise * truth.reduce((sum, w) => sum + w * w, 0)) / 3);
  const columns = features + 1;
  const values = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    let target = 0;
    for (let i = 0; i < features; i++) {
      const a = 2 * stream.uniform() - 1;
      values[r * columns + i] = a;
      target += a * (truth[i] as number);
    }
    values[r * columns + features] = target + (deviation > 0 ? deviation * gaussian(stream) : 0);
  }
  return { features, columns, task: taskOf(features), values, truth };
}

/** A grid over the ranges that the values show. */
export function rangeQuantizer(
  values: Float64Array,
  columns: number,
  feature: { bits: number; samples: number },
  target: { bits: number; samples: number },
): Quantizer {
  const specs = Array.from({ length: columns }, (_, c) => {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = c; i < values.length; i += columns) {
      low = Math.min(low, values[i] as number);
      high = Math.max(high, values[i] as number);
    }
    return { low, high, ...(c === columns - 1 ? target : feature) };
  });
  return quantizerOf(specs);
}

/** Codes of a set: k = 2 features at `bits`, target one draw at 8 bits. */
export function encodedSource(
  set: SyntheticSet,
  bits: number,
  seed: number,
  samples = 2,
  blockRows = 4096,
): SampleSource {
  const quantizer = rangeQuantizer(set.values, set.columns, { bits, samples }, { bits: 8, samples: 1 });
  return sourceOf(set.columns, codeBlocks(set.values, quantizer, createStream(`test/draws/${seed}`), blockRows));
}
