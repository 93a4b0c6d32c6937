import type { ChannelQuantizer, Quantizer, Stream } from "@zipml/codec";
import type { Batch } from "./batch.ts";
import { TrainingError } from "./errors.ts";
import type { EstimatorName } from "./estimators.ts";
import type { CodeBlock, DecodedBlock, SampleBlock, Task, ValueBlock } from "./samples.ts";
import type { Scaling } from "./standardise.ts";

/** Appends one row of a block to a batch, in standardised units. */
export type ReadRow = (row: number, batch: Batch) => void;

/** Decodes a source's rows for one estimator. */
export interface RowReader {
  /**
   * The reader of one block. Tables are made once a quantizer and kept.
   *
   * @param coins Coins of `double`, used for nothing else; the others take none.
   * @throws {@link TrainingError} `estimator` for raw rows with another estimator than `full` or the reverse, or decoded
   * ones with `double`.
   */
  open(block: SampleBlock, coins: Stream): ReadRow;
}

/** Larger alphabets are computed, so that no grid costs much memory. */
const largestTable = 4096;

interface Decoder {
  readonly width: number;
  readonly columns: Int32Array;
  readonly channels: readonly ChannelQuantizer[];
  /** Start of each feature's table; −1: computed. */
  readonly offsets: Int32Array;
  readonly means: Float64Array;
  readonly spreads: Float64Array;
}

function inverseDeviations({ deviations }: Scaling): Float64Array {
  return deviations.map((deviation) => (deviation > 0 ? 1 / deviation : 0));
}

function createDecoder(quantizer: Quantizer, task: Task, scaling: Scaling): Decoder {
  const columns = Int32Array.from(task.features, ({ column }) => column);
  const channels = Array.from(columns, (column) => quantizer.channels[column] as ChannelQuantizer);
  const inverse = inverseDeviations(scaling);
  const offsets = new Int32Array(columns.length);
  let total = 0;
  for (const [i, { top }] of channels.entries()) {
    offsets[i] = top < largestTable ? total : -1;
    if (top < largestTable) total += top + 1;
  }
  const means = new Float64Array(total);
  const spreads = new Float64Array(total);
  for (const [i, channel] of channels.entries()) {
    const offset = offsets[i] as number;
    const scale = inverse[i] as number;
    if (offset < 0) continue;
    for (let code = 0; code <= channel.top; code++) {
      means[offset + code] = (channel.mean(code) - (scaling.means[i] as number)) * scale;
      spreads[offset + code] = channel.spread(code) * scale * scale;
    }
  }
  const width = quantizer.channels.length;
  return { width, columns, channels, offsets, means, spreads };
}

/** Reads m (naive: the draw itself) and, when asked, adds d to the batch. */
function readMeans(block: CodeBlock, decoder: Decoder, scaling: Scaling, rowSpreads: boolean): ReadRow {
  const { width, columns, channels, offsets, means, spreads } = decoder;
  const { codes } = block;
  const inverse = inverseDeviations(scaling);
  const size = columns.length;
  const first = columns[0] as number;
  const plain = !rowSpreads && columns.every((column, i) => column === first + i) && offsets.every((at) => at >= 0);
  // The usual case by itself, as most of an epoch is spent here: neighbouring columns, tables for all, only means.
  if (plain)
    return (row, { rows, left }) => {
      const from = row * width + first;
      const to = rows * size;
      for (let i = 0; i < size; i++)
        left[to + i] = means[(offsets[i] as number) + (codes[from + i] as number)] as number;
    };
  return (row, batch) => {
    const { left, spreads: sums } = batch;
    const from = row * width;
    const to = batch.rows * size;
    for (let i = 0; i < size; i++) {
      const code = codes[from + (columns[i] as number)] as number;
      const offset = offsets[i] as number;
      if (offset >= 0) {
        left[to + i] = means[offset + code] as number;
        if (rowSpreads) sums[i] = (sums[i] as number) + (spreads[offset + code] as number);
        continue;
      }
      const channel = channels[i] as ChannelQuantizer;
      const scale = inverse[i] as number;
      left[to + i] = (channel.mean(code) - (scaling.means[i] as number)) * scale;
      if (rowSpreads) sums[i] = (sums[i] as number) + channel.spread(code) * scale * scale;
    }
  };
}

/** Reads two of the k draws, each value with a coin of its own: sharing coins, or a fixed order, is biased. */
function readDraws(block: CodeBlock, decoder: Decoder, scaling: Scaling, coins: Stream): ReadRow {
  const { width, columns, channels, offsets, means, spreads } = decoder;
  const { codes } = block;
  const inverse = inverseDeviations(scaling);
  const size = columns.length;
  const pair = new Float64Array(2);
  return (row, batch) => {
    const { left, right } = batch;
    const from = row * width;
    const to = batch.rows * size;
    for (let i = 0; i < size; i++) {
      const code = codes[from + (columns[i] as number)] as number;
      const offset = offsets[i] as number;
      // Without spread all draws agree and no coin is needed.
      if (offset >= 0 && spreads[offset + code] === 0) {
        left[to + i] = means[offset + code] as number;
        right[to + i] = means[offset + code] as number;
        continue;
      }
      const channel = channels[i] as ChannelQuantizer;
      const scale = inverse[i] as number;
      const mean = scaling.means[i] as number;
      channel.assignInto(code, coins, pair, 0, 2);
      left[to + i] = ((pair[0] as number) - mean) * scale;
      right[to + i] = ((pair[1] as number) - mean) * scale;
    }
  };
}

/** Reads decoded m; under `dither` a column's d is the same for every row. */
function readDecoded(block: DecodedBlock, task: Task, scaling: Scaling, rowSpreads: boolean): ReadRow {
  const { means, quantizer } = block;
  const width = quantizer.channels.length;
  const columns = Int32Array.from(task.features, ({ column }) => column);
  const inverse = inverseDeviations(scaling);
  const spreads = inverse.map((scale, i) => (quantizer.channels[columns[i] as number]?.spread(0) ?? 0) * scale * scale);
  return (row, { rows, left, spreads: sums }) => {
    const from = row * width;
    const to = rows * columns.length;
    for (let i = 0; i < columns.length; i++) {
      const mean = means[from + (columns[i] as number)] as number;
      left[to + i] = (mean - (scaling.means[i] as number)) * (inverse[i] as number);
      if (rowSpreads) sums[i] = (sums[i] as number) + (spreads[i] as number);
    }
  };
}

/** Reads raw rows as float32 would hold them. */
function readValues(block: ValueBlock, task: Task, scaling: Scaling): ReadRow {
  const { values, rows } = block;
  const width = rows > 0 ? values.length / rows : 0;
  const columns = Int32Array.from(task.features, ({ column }) => column);
  const inverse = inverseDeviations(scaling);
  return (row, batch) => {
    const to = batch.rows * columns.length;
    for (let i = 0; i < columns.length; i++) {
      const value = Math.fround(values[row * width + (columns[i] as number)] as number);
      batch.left[to + i] = (value - (scaling.means[i] as number)) * (inverse[i] as number);
    }
    const target = Math.fround(values[row * width + task.target.column] as number);
    batch.targets[batch.rows] = (target - scaling.targetMean) / scaling.targetDeviation;
    batch.rows += 1;
  };
}

function readTargets(block: CodeBlock | DecodedBlock, task: Task, scaling: Scaling): ReadRow {
  const { targets, quantizer } = block;
  const { column } = task.target;
  const { targetMean, targetDeviation } = scaling;
  const width = quantizer.channels.length;
  const target = quantizer.channels[column];
  const valueAt = (row: number): number | undefined => {
    if (targets !== undefined) return targets[row];
    const at = row * width + column;
    return block.kind === "decoded" ? block.means[at] : target?.mean(block.codes[at] as number);
  };
  return (row, batch) => {
    batch.targets[batch.rows] = ((valueAt(row) ?? 0) - targetMean) / targetDeviation;
  };
}

/** What {@link createRowReader} needs. */
export interface RowReaderOptions {
  readonly estimator: EstimatorName;
  readonly task: Task;
  readonly scaling: Scaling;
  /** Sum the rows' own d into the batch (`symmetric`). */
  readonly rowSpreads: boolean;
}

/** The reader that turns blocks into batch rows as an estimator wants them. Blocks must have been checked. */
export function createRowReader({ estimator, task, scaling, rowSpreads }: RowReaderOptions): RowReader {
  const decoders = new Map<Quantizer, Decoder>();
  const decoderOf = (quantizer: Quantizer): Decoder => {
    const known = decoders.get(quantizer);
    if (known !== undefined) return known;
    const made = createDecoder(quantizer, task, scaling);
    decoders.set(quantizer, made);
    return made;
  };
  const withSpreads = rowSpreads && estimator === "symmetric";
  const featureReader = (block: CodeBlock | DecodedBlock, coins: Stream): ReadRow => {
    if (block.kind === "decoded") return readDecoded(block, task, scaling, withSpreads);
    const decoder = decoderOf(block.quantizer);
    if (estimator === "double") return readDraws(block, decoder, scaling, coins);
    return readMeans(block, decoder, scaling, withSpreads);
  };
  const open = (block: SampleBlock, coins: Stream): ReadRow => {
    if ((block.kind === "values") !== (estimator === "full") || (block.kind === "decoded" && estimator === "double"))
      throw new TrainingError("estimator", `"${estimator}" does not read a block of ${block.kind}`);
    if (block.kind === "values") return readValues(block, task, scaling);
    const readTarget = readTargets(block, task, scaling);
    const readFeatures = featureReader(block, coins);
    return (row, batch) => {
      readFeatures(row, batch);
      readTarget(row, batch);
      batch.rows += 1;
    };
  };
  return { open };
}
