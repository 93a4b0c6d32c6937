import type { ChannelQuantizer, Quantizer } from "@zipml/codec";
import { TrainingError } from "./errors.ts";
import type { CodeBlock, DecodedBlock, SampleBlock } from "./samples.ts";

/** Options of `createMoments`. */
export interface MomentsOptions {
  /** Columns of a row that are covered, in the order wanted; default all. */
  readonly columns?: readonly number[];
  /** The blocks carry raw targets: they are covered as one more column, the last. Default false. */
  readonly targets?: boolean;
  /** Keep the products of all pairs of columns (default) or of each column with itself only. */
  readonly products?: boolean;
  /** Columns of a row whose squares stay as they are under `dither`, where every code has a d. Default none. */
  readonly uncorrected?: readonly number[];
}

/** One covered column as it is summed: x = (value − origin) / unit, d = spread of a code × spreadUnit. */
interface EncodedColumn {
  /** Index into a row. */
  readonly column: number;
  readonly origin: number;
  readonly unit: number;
  readonly spreadUnit: number;
  /** x of a code; undefined where the code itself is x. */
  readonly value: ((code: number) => number) | undefined;
  /** Spread of a code in spread units; undefined where it is 0 for all. */
  readonly spread: ((code: number) => number) | undefined;
}

/** What an accumulator sums, and of which blocks. */
export interface MomentLayout {
  readonly source: Quantizer | number;
  readonly kind: SampleBlock["kind"];
  readonly rowColumns: number;
  readonly columns: readonly number[];
  /** The covered columns of codes or decoded rows; none of raw ones. */
  readonly encoded: readonly EncodedColumn[];
  /** Whether every x is a code itself. */
  readonly plain: boolean;
  readonly targets: boolean;
  readonly products: boolean;
  readonly size: number;
  /** Largest product of two whole numbers that are summed. */
  readonly largest: number;
}

/** Larger alphabets are computed, so that no grid costs much memory. */
const largestTable = 4096;

function tabled(top: number, f: (code: number) => number): (code: number) => number {
  if (top >= largestTable) return f;
  const table = Float64Array.from({ length: top + 1 }, (_, code) => f(code));
  return (code) => table[code] as number;
}

function codeColumn(channel: ChannelQuantizer, column: number): EncodedColumn {
  const { low, high, top, samples: k } = channel;
  if (channel.even) {
    const unit = (high - low) / top;
    const spread = (code: number): number => (code % k) * (k - (code % k));
    const spreads = k > 1 ? { spreadUnit: (unit * unit) / (k - 1), spread } : { spreadUnit: 0, spread: undefined };
    return { column, origin: low, unit, value: undefined, ...spreads };
  }
  const value = tabled(top, (code) => channel.mean(code) - low);
  return {
    column,
    origin: low,
    unit: 1,
    value,
    spreadUnit: 1,
    spread: k > 1 ? tabled(top, channel.spread) : undefined,
  };
}

/** Under `dither` d is one number, so that rows are counted in its place. */
function decodedColumn(channel: ChannelQuantizer, column: number, isCorrected: boolean): EncodedColumn {
  const spreadUnit = isCorrected ? channel.spread(0) : 0;
  return { column, origin: channel.low, unit: 1, value: undefined, spreadUnit, spread: () => 1 };
}

/**
 * @param source The quantizer of the blocks, or the number of columns of raw rows.
 * @throws {@link TrainingError} `options` for a column outside the row.
 */
export function momentLayout(source: Quantizer | number, options: MomentsOptions): MomentLayout {
  const rowColumns = typeof source === "number" ? source : source.channels.length;
  const columns = options.columns ?? Array.from({ length: rowColumns }, (_, c) => c);
  for (const column of columns)
    if (!Number.isInteger(column) || column < 0 || column >= rowColumns)
      throw new TrainingError("options", `column ${column} is not one of 0 to ${rowColumns - 1}`);
  const targets = options.targets ?? false;
  if (targets && typeof source === "number")
    throw new TrainingError("options", "raw rows hold their target as a column: `targets` goes with codes");
  const size = columns.length + (targets ? 1 : 0);
  const shared = { source, rowColumns, columns, targets, products: options.products ?? true, size };
  if (typeof source === "number") return { ...shared, kind: "values", encoded: [], plain: false, largest: 0 };
  const channels = columns.map((column) => source.channels[column] as ChannelQuantizer);
  if (source.grid.scheme === "dither") {
    const encoded = channels.map((channel, i) => {
      const column = columns[i] as number;
      return decodedColumn(channel, column, options.uncorrected?.includes(column) !== true);
    });
    return { ...shared, kind: "decoded", encoded, plain: false, largest: 0 };
  }
  const encoded = channels.map((channel, i) => codeColumn(channel, columns[i] as number));
  const plain = channels.every(({ even }) => even);
  const largest = channels.reduce(
    (most, { even, top, samples }) => (even ? Math.max(most, top * top, samples * samples) : most),
    0,
  );
  return { ...shared, kind: "codes", encoded, plain, largest };
}

/** @throws {@link TrainingError} `rows` for a block of another kind, grid or with or without raw targets. */
export function checkKind({ source, kind, targets }: MomentLayout, block: SampleBlock): void {
  if (block.kind !== kind || (block.kind !== "values" && block.quantizer !== source))
    throw new TrainingError("rows", "the block is of another grid than these moments");
  if (block.kind !== "values" && targets !== (block.targets !== undefined))
    throw new TrainingError("rows", targets ? "the block lacks raw targets" : "the block has raw targets");
}

/** The origin of a raw column is its first value: sums about it lose no digits to a large mean. */
export function setOrigins(layout: MomentLayout, block: SampleBlock, origins: Float64Array): void {
  const last = layout.columns.length;
  if (block.kind === "values") for (const [i, c] of layout.columns.entries()) origins[i] = block.values[c] as number;
  else if (layout.targets) origins[last] = block.targets?.[0] as number;
}

function fillCodes(layout: MomentLayout, codes: Uint16Array, base: number, x: Float64Array, at: number): void {
  const { columns, encoded, plain } = layout;
  for (let i = 0; i < columns.length; i++) {
    const code = codes[base + (columns[i] as number)] as number;
    x[at + i] = plain ? code : (encoded[i]?.value?.(code) ?? code);
  }
}

/** Reads row `r` of a block as x: writes `size` numbers from `at` on. */
export function fillRow(
  layout: MomentLayout,
  origins: Float64Array,
  block: SampleBlock,
  r: number,
  x: Float64Array,
  at: number,
): void {
  const { columns } = layout;
  const base = r * layout.rowColumns;
  if (block.kind === "codes") fillCodes(layout, block.codes, base, x, at);
  else {
    const numbers = block.kind === "decoded" ? block.means : block.values;
    for (let i = 0; i < columns.length; i++)
      x[at + i] = (numbers[base + (columns[i] as number)] as number) - (origins[i] as number);
  }
  if (block.kind !== "values" && layout.targets)
    x[at + columns.length] = (block.targets?.[r] as number) - (origins[columns.length] as number);
}

function sumOfSpreads(block: CodeBlock | DecodedBlock, { column, spread }: EncodedColumn, step: number): number {
  if (spread === undefined) return 0;
  if (block.kind === "decoded") return block.rows;
  let sum = 0;
  for (let at = column; at < block.codes.length; at += step) sum += spread(block.codes[at] as number);
  return sum;
}

/** Adds a block's spreads, in spread units. */
export function addSpreads(layout: MomentLayout, block: SampleBlock, spreads: Float64Array): void {
  if (block.kind === "values") return;
  for (const [i, column] of layout.encoded.entries())
    spreads[i] = (spreads[i] as number) + sumOfSpreads(block, column, layout.rowColumns);
}
