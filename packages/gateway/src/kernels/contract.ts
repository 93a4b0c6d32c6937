/**
 * The contract of the kernels: what the WebAssembly module and its plain TypeScript twin both do, bit for bit. Pointers are
 * byte offsets into {@link Kernels.memory}; nothing is allocated and nothing is checked in here, so a caller that breaks
 * a bound reads or writes beside its data. docs/kernels.md holds the argument for every bound.
 *
 * **Rows at rest.** A row of codes of width w ∈ {1, 2, 4, 8} is a run of 16-byte blocks, each holding 128/w columns. A
 * block is eight little-endian 16-bit lanes of 16/w fields: the code of the block's column 8·p + k lies in lane k, bits
 * w·p … w·p + w − 1. So one mask and one shift give eight neighbouring columns, and neither model nor gradient needs to be
 * permuted. Columns beyond the last are padding and hold code 0. Codes are unsigned.
 *
 * The byte behind a run of rows is read with them, and has no influence: it must be inside the memory.
 *
 * **Alignment.** Rows, models and every vector start at a multiple of 16; strides are multiples of 16.
 *
 * **Vectors.** Everything "per column" has {@link paddedColumns} entries unless said otherwise; what stands in the padding
 * has no influence on other columns.
 */

/** Widths at which codes are kept. */
export type CodeWidth = 1 | 2 | 4 | 8;

/** Bytes that SIMD loads and stores move: alignment of rows and vectors. */
export const blockBytes = 16;

/** Float32 columns are padded to a multiple of this. */
export const floatBlock = 16;

/** Largest magnitude of a table's entry in the kernels for unequal levels: 12 bits with sign. */
export const tableLimit = 2047;

/** The lowest offset a caller may use: what is below belongs to the module. */
export const firstFreeByte = 1024;

/** Bytes of a row of codes at rest: whole 16-byte blocks. */
export function rowStride(width: CodeWidth, columns: number): number {
  return Math.ceil((columns * width) / 128) * blockBytes;
}

/** Columns of a row with its padding: a multiple of 128/w. */
export function paddedColumns(width: CodeWidth, columns: number): number {
  return (rowStride(width, columns) * 8) / width;
}

/** Float32 columns with their padding, which holds 0. */
export function paddedFloats(columns: number): number {
  return Math.ceil(columns / floatBlock) * floatBlock;
}

/** Bytes of scratch that a kernel needs to draw `words` random words. */
export function drawScratch(words: number): number {
  return Math.ceil((words + 20) / 4) * 16;
}

/** Bytes in which rows are sorted by their residual, beside a row of zeros. */
const groupedScratch = 52 * 1024;

/** Bytes of scratch of {@link Kernels.dotRows} and {@link Kernels.gradientRows}. */
export function productScratch(columns: number, rows: number): number {
  const digits = Math.ceil(Math.max(2 * paddedColumns(4, columns), rows) / blockBytes) * blockBytes;
  return Math.max(digits, groupedScratch + rowStride(4, columns));
}

/** Bytes of scratch of {@link Kernels.gramRows}: int16 columns of 256 rows. */
export function gramScratch(width: CodeWidth, columns: number): number {
  return paddedColumns(width, columns) * 512;
}

/** A run of rows of codes at rest. */
export interface CodeRows {
  readonly width: CodeWidth;
  /** Pointer to the first row. */
  readonly codes: number;
  /** Bytes from row to row, at least {@link rowStride}; only whole blocks of the columns are read. */
  readonly stride: number;
  readonly rows: number;
  /** Columns without padding. */
  readonly columns: number;
}

/** A run of rows of float32 values, padded with 0 to {@link paddedFloats} columns. */
export interface FloatRows {
  readonly values: number;
  /** Bytes from row to row, at least 4·{@link paddedFloats}. */
  readonly stride: number;
  readonly rows: number;
  readonly columns: number;
}

/** Words of a codec stream: key and index as 32-bit halves. Word i here is word i of `createStream(key, index)`. */
export interface WordStream {
  readonly keyLow: number;
  readonly keyHigh: number;
  readonly indexLow: number;
  readonly indexHigh: number;
}

/** A run of columns of many rows, encoded with scheme `count` exactly as the codec's `encodeInto` does. */
export interface EncodeRun {
  /** Float64 readings, row-major; NaN stops the call. 8-byte aligned. */
  readonly values: number;
  /** Bytes from row to row of `values`. */
  readonly valueStride: number;
  readonly rows: number;
  readonly columns: number;
  /** Float64 per column (no padding): l₀, l_s, and s/(l_s − l₀) · 2³² or 0 for an empty range. */
  readonly lows: number;
  readonly highs: number;
  readonly scales: number;
  /** Draws k, 1 to 15, of every column of the run. */
  readonly samples: number;
  /** Receives uint16 codes. 2-byte aligned. */
  readonly codes: number;
  /** Bytes from row to row of `codes`. */
  readonly codeStride: number;
  readonly stream: WordStream;
  /** Position in the stream of the first row's first draw, 0 … 2⁵³ − 1. */
  readonly firstWord: number;
  /** Words that a whole row uses up: Σ k over all its channels. */
  readonly wordsPerRow: number;
  /** Uint32 per column (no padding), raised by one for each clipped value; 0 for none. */
  readonly clipped: number;
  /** {@link drawScratch}(columns · samples) bytes. */
  readonly scratch: number;
}

/** Stochastic rounding of a vector onto 2^bits − 1 equal intervals over ± scale, exactly as the codec's `quantizeVector`. */
export interface RoundRun {
  /** Float64, finite, none above `scale` in magnitude. */
  readonly values: number;
  readonly length: number;
  /** 1 to 15. */
  readonly bits: number;
  /** Largest magnitude of the vector, set before rounding ({@link Kernels.largest}). */
  readonly scale: number;
  readonly stream: WordStream;
  /** The stream's block in which the first component's draw lies: eight draws of 16 bits in each, in order. */
  readonly firstBlock: number;
  /**
   * Receives int16 2·code − (2^bits − 1), which is ± (2^bits − 1) at the ends: the component is scale/(2^bits − 1) times
   * that. All 0 where the scale is 0 or too small to divide by. Entries from `length` up to the next multiple of 8 are set to 0.
   */
  readonly out: number;
  /** {@link drawScratch}(⌈length/2⌉) bytes. */
  readonly scratch: number;
}

/** What turns dot products into residuals; vectors are float64. */
export interface ResidualRun {
  /** Int16 per column, the padding readable. */
  readonly model: number;
  readonly labels: number;
  readonly unit: number;
  readonly offset: number;
  /** Float64[rows], overwritten. */
  readonly out: number;
  /** {@link productScratch} bytes. */
  readonly scratch: number;
}

/** What turns integer sums into a standardised gradient; vectors are float64. */
export interface GradientRun {
  readonly length: number;
  /** Σ residual · code; 0 afterwards, for the next sums. */
  readonly sums: number;
  readonly factors: number;
  readonly offsets: number;
  readonly spreads: number;
  /** The model as it was read. */
  readonly model: number;
  readonly sumScale: number;
  readonly offsetScale: number;
  readonly spreadScale: number;
  readonly out: number;
}

/**
 * The kernels. Sums of integers come as float64, which holds every one of them exactly (all are below 2⁵³), so that adding
 * them over threads gives the same in any order.
 */
export interface Kernels {
  readonly name: "wasm" | "typescript";
  /** What pointers point into; views are made anew after the memory has grown. */
  readonly memory: { readonly buffer: ArrayBufferLike };

  /**
   * out[r] = Σ code · model over a row's columns.
   *
   * @param model Int16 per column, the padding readable.
   * @param out Float64[rows], overwritten.
   * @param scratch {@link productScratch} bytes.
   */
  dotRows(rows: CodeRows, model: number, out: number, scratch: number): void;
  /**
   * {@link dotRows}, then {@link formResiduals}; at width 4 in one pass.
   *
   * @returns The largest magnitude; NaN where any is NaN.
   */
  residualRows(rows: CodeRows, run: ResidualRun): number;
  /**
   * out[j] += Σ residual[r] · code over the rows; best in one go over a mini-batch still in cache.
   *
   * @param residuals Int16[rows]; at width 4 faster where none leaves −128 … 127. Any number of rows: lanes are widened in
   * time.
   * @param out Float64 per column.
   * @param scratch {@link productScratch} bytes.
   */
  gradientRows(rows: CodeRows, residuals: number, out: number, scratch: number): void;
  /**
   * As {@link dotRows} with unequal levels: out[r] = Σ table[column][code] · model. Width 4 or 8.
   *
   * @param tables Int16[columns padded][2^width], magnitudes up to {@link tableLimit}.
   */
  dotTable(rows: CodeRows, tables: number, model: number, out: number): void;
  /** As {@link gradientRows} with unequal levels: out[j] += Σ residual[r] · table[j][code]. Width 4 or 8. */
  gradientTable(rows: CodeRows, tables: number, residuals: number, out: number): void;
  /**
   * As {@link dotRows} for a lattice of int16 values in natural order, any stride that is a multiple of 16 and padded with 0
   * to a multiple of 8 columns: what `dither` is decoded to. `width` is not looked at.
   */
  dotLattice(rows: Omit<CodeRows, "width">, model: number, out: number): void;
  /** As {@link gradientRows} for a lattice of int16 values; `out` has the columns up to a multiple of 8. */
  gradientLattice(rows: Omit<CodeRows, "width">, residuals: number, out: number): void;

  /** Float32 dot: out[r] = Σ value · model; model float32 padded with readable numbers, out float32[rows], overwritten. */
  dotFloats(rows: FloatRows, model: number, out: number): void;
  /** Float32 gradient: out[j] += Σ residual[r] · value, row after row; residuals float32[rows], out float32 padded. */
  gradientFloats(rows: FloatRows, residuals: number, out: number): void;
  /**
   * Hogwild!: for each row, model −= step · (value·model − target) · value, without locks, as other threads do the same.
   *
   * @param targets Float32[rows].
   * @param model Float32 padded, updated in place.
   */
  hogwildRows(rows: FloatRows, targets: number, model: number, step: number): void;

  /**
   * out[i·columns + j] += Σ code_i · code_j over the rows, for j ≥ i.
   *
   * @param out Float64[columns × columns].
   * @param scratch {@link gramScratch} bytes.
   */
  gramRows(rows: CodeRows, out: number, scratch: number): void;
  /**
   * Column sums: out[0][j] += Σ code, out[1][j] += Σ code², out[2][j] += Σ u(k − u) with u = code mod k.
   *
   * @param samples Draws k, 1 to 15.
   * @param out Float64[3][columns padded].
   */
  columnSums(rows: CodeRows, samples: number, out: number): void;

  /** Uint16 codes in natural order to rows at rest, padding set to 0. @param codeStride Bytes from row to row of `codes`. */
  packRows(rows: CodeRows, codes: number, codeStride: number): void;
  /** Rows at rest to uint16 codes in natural order; writes exactly `columns` of each row. */
  unpackRows(rows: CodeRows, codes: number, codeStride: number): void;
  /**
   * Codes in a wire body (least significant bit first, no padding) to uint16.
   *
   * @param body Pointer to the body, of which 8 bytes past the last code's byte must be readable.
   * @param firstBit Where the first code starts.
   * @param bits Width, 1 to 16.
   * @param count How many codes.
   * @param top Largest code allowed.
   * @returns −1, or the index of the first code above `top`.
   */
  unpackWire(body: number, firstBit: number, bits: number, count: number, top: number, codes: number): number;
  /** The reverse: sets only bits that are 0 so far; 8 bytes past the last code's byte must be writable. */
  packWire(codes: number, count: number, bits: number, body: number, firstBit: number): void;

  /** Encodes a run of columns. @returns −1, or row · columns + column of the first value that is not finite. */
  encodeRows(run: EncodeRun): number;
  /**
   * Rows at rest to float32: out = offset + step · code, each operation rounded to float32.
   *
   * @param offsets Float32 per column.
   * @param steps Float32 per column.
   * @param out Float32; row r from out + r · outStride on, padded columns written.
   */
  decodeRows(rows: CodeRows, offsets: number, steps: number, out: number, outStride: number): void;

  /** `blocks` Philox blocks from `firstBlock` on as words in stream order; blocks a multiple of 4. */
  fillWords(stream: WordStream, firstBlock: number, blocks: number, out: number): void;
  /** Largest magnitude of float64[length]; NaN where any is NaN. */
  largest(values: number, length: number): number;
  /**
   * Rounds a vector: model (Q₃), residuals (Q_r), gradient (Q₄). In 2⁻¹⁶ of a step a component is rounded to the nearest
   * whole number, and from there without bias, by a draw of 16 bits.
   *
   * @returns The sum of the int16 that it has written.
   */
  roundVector(run: RoundRun): number;
  /** out = a · b by component, float64. @returns The largest magnitude; NaN where any is NaN. */
  multiply(a: number, b: number, length: number, out: number): number;
  /** out = sumScale·(factor·sum) + offsetScale·offset − spreadScale·(spread·model), by component. */
  assembleGradient(run: GradientRun): void;
  /** weights −= step · gradient; where `trail` is not 0, the new weights are added to it. Float64. */
  descend(weights: number, gradient: number, length: number, step: number, trail: number): void;
  /**
   * dots = unit · dots + offset − labels, by component, in this order; float64.
   *
   * @returns The largest magnitude; NaN where any is NaN.
   */
  formResiduals(dots: number, labels: number, length: number, unit: number, offset: number): number;
  /**
   * out = the int16 model as float64. For every `chunk` columns from the first on, `sums` receives Σ factor · model: the sum
   * over even columns plus the sum over odd ones.
   *
   * @param chunk A multiple of 8.
   * @param sums Float64[⌈length/chunk⌉].
   */
  widenModel(model: number, factors: number, length: number, out: number, chunk: number, sums: number): void;
}

/** The kernels for random words and float64 vectors. */
export type VectorKernel =
  | "encodeRows"
  | "fillWords"
  | "largest"
  | "roundVector"
  | "multiply"
  | "assembleGradient"
  | "descend"
  | "formResiduals"
  | "widenModel";
