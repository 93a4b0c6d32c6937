import type { Quantizer } from "@zipml/codec";
import { TrainingError } from "./errors.ts";
import {
  addSpreads,
  checkKind,
  fillRow,
  type MomentLayout,
  type MomentsOptions,
  momentLayout,
  setOrigins,
} from "./moment-layout.ts";
import type { MomentSummary } from "./moment-summary.ts";
import { checkBlock, type SampleBlock } from "./samples.ts";

/** The sums themselves, over x = (value − origin) / unit; x is the code itself where it lies on equal steps. */
export interface MomentSums {
  readonly rows: number;
  readonly origins: Float64Array;
  readonly units: Float64Array;
  /** Σ x. */
  readonly sums: Float64Array;
  /** Σ x·xᵀ, n × n of which the upper triangle is used, or only the n squares. */
  readonly products: Float64Array;
  /** Σ d / spread unit: Σ u(k − u) of codes on equal steps, the number of rows under `dither`. */
  readonly spreads: Float64Array;
  /** d of one spread unit. */
  readonly spreadUnits: Float64Array;
}

/**
 * Sums over rows, from which the closed form is made. For codes on uniform levels they are Σ code, Σ code·codeᵀ and
 * Σ u(k − u): whole numbers below 2⁵³, so that merging is exact, in any order and grouping. All other columns are float64
 * sums in the order of the rows, and exact only as far as float64 goes: codes on unequal levels and dithered ones about
 * the lowest level, raw ones about the first row seen.
 */
export interface Moments {
  readonly rows: number;
  /**
   * Adds a block's rows.
   *
   * @throws {@link TrainingError} `rows`: another quantizer or width, a code above the top, a value that is not finite,
   * or more rows than whole numbers below 2⁵³ can count.
   */
  add(block: SampleBlock): void;
  /** Adds what another accumulator of the same kind has. @throws {@link TrainingError} `rows` where kinds differ. */
  merge(other: Pick<Moments, "sums">): void;
  /** Corrected means and covariance so far. @throws {@link TrainingError} `rows` without rows. */
  summary(): MomentSummary;
  /** The sums as they are: views, not copies. */
  sums(): MomentSums;
}

/** Rows handled at once: the products are read and written once for so many rows. */
const strip = 4;

/** Adds `strip` rows of x, n numbers each, to the upper triangle: two rows of it at a time, to read x half as often. */
function addProducts(products: Float64Array, x: Float64Array, n: number): void {
  const [n2, n3] = [2 * n, 3 * n];
  for (let i = 0; i < n; i += 2) {
    const a = x[i] as number;
    const b = x[n + i] as number;
    const c = x[n2 + i] as number;
    const d = x[n3 + i] as number;
    const row = i * n;
    products[row + i] = (products[row + i] as number) + (a * a + b * b + (c * c + d * d));
    if (i + 1 === n) return;
    const e = x[i + 1] as number;
    const f = x[n + i + 1] as number;
    const g = x[n2 + i + 1] as number;
    const h = x[n3 + i + 1] as number;
    const next = row + n;
    for (let j = i + 1; j < n; j++) {
      const p = x[j] as number;
      const q = x[n + j] as number;
      const r = x[n2 + j] as number;
      const s = x[n3 + j] as number;
      products[row + j] = (products[row + j] as number) + (a * p + b * q + (c * r + d * s));
      products[next + j] = (products[next + j] as number) + (e * p + f * q + (g * r + h * s));
    }
  }
}

function addSquares(squares: Float64Array, x: Float64Array, size: number): void {
  for (let r = 0; r < strip; r++)
    for (let i = 0; i < size; i++) {
      const value = x[r * size + i] as number;
      squares[i] = (squares[i] as number) + value * value;
    }
}

/** Adds the other's sums after moving them to this one's origins; where these agree the terms are exact zeros. */
function mergeSums(to: MomentSums, from: MomentSums, size: number): void {
  const shift = from.origins.map((origin, i) => (origin - (to.origins[i] as number)) / (to.units[i] as number));
  const full = to.products.length > size;
  for (let i = 0; i < size; i++) {
    const di = shift[i] as number;
    const si = from.sums[i] as number;
    for (let j = i; j < (full ? size : i + 1); j++) {
      const at = full ? i * size + j : i;
      const dj = shift[j] as number;
      const moved = di === 0 && dj === 0 ? 0 : di * (from.sums[j] as number) + dj * si + from.rows * di * dj;
      to.products[at] = (to.products[at] as number) + ((from.products[at] as number) + moved);
    }
  }
  for (let i = 0; i < size; i++) {
    to.sums[i] = (to.sums[i] as number) + ((from.sums[i] as number) + from.rows * (shift[i] as number));
    to.spreads[i] = (to.spreads[i] as number) + (from.spreads[i] as number);
  }
}

/** @throws TrainingError `rows` where sums are of other columns, or of the same on another grid. */
function checkSame(to: MomentSums, from: MomentSums, encoded: number): void {
  const same =
    from.products.length === to.products.length &&
    from.units.every((unit, i) => unit === to.units[i]) &&
    from.spreadUnits.every((unit, i) => unit === to.spreadUnits[i]);
  if (!same || from.origins.some((origin, i) => i < encoded && origin !== to.origins[i]))
    throw new TrainingError("rows", "moments of different columns or grids can't be merged");
}

function summarise(layout: MomentLayout, sums: MomentSums): MomentSummary {
  const { size } = layout;
  const { rows } = sums;
  if (rows === 0) throw new TrainingError("rows", "moments of no rows");
  const means = new Float64Array(size);
  const spreads = new Float64Array(size);
  const variances = new Float64Array(size);
  const covariance = layout.products ? new Float64Array(size * size) : undefined;
  for (let i = 0; i < size; i++) {
    means[i] = (sums.origins[i] as number) + ((sums.units[i] as number) * (sums.sums[i] as number)) / rows;
    spreads[i] = ((sums.spreads[i] as number) / rows) * (sums.spreadUnits[i] as number);
  }
  const central = (i: number, j: number, at: number): number =>
    (((sums.products[at] as number) - ((sums.sums[i] as number) * (sums.sums[j] as number)) / rows) / rows) *
    ((sums.units[i] as number) * (sums.units[j] as number));
  for (let i = 0; i < size; i++) {
    variances[i] = central(i, i, covariance ? i * size + i : i) - (spreads[i] as number);
    if (covariance === undefined) continue;
    covariance[i * size + i] = variances[i] as number;
    for (let j = i + 1; j < size; j++) {
      const value = central(i, j, i * size + j);
      covariance[i * size + j] = value;
      covariance[j * size + i] = value;
    }
  }
  return { rows, columns: size, means, variances, spreads, covariance };
}

/**
 * An empty accumulator.
 *
 * @param source The quantizer whose codes are added or, under `dither`, decoded means, or the number of columns
 * of raw rows.
 * @throws {@link TrainingError} `options` for a column outside the row.
 */
export function createMoments(source: Quantizer | number, options: MomentsOptions = {}): Moments {
  const layout = momentLayout(source, options);
  const { size, encoded, largest } = layout;
  const origins = new Float64Array(size);
  const units = new Float64Array(size).fill(1);
  const spreadUnits = new Float64Array(size);
  for (const [i, { origin, unit, spreadUnit }] of encoded.entries()) {
    origins[i] = origin;
    units[i] = unit;
    spreadUnits[i] = spreadUnit;
  }
  const sums = new Float64Array(size);
  const products = new Float64Array(layout.products ? size * size : size);
  const spreads = new Float64Array(size);
  const x = new Float64Array(strip * size);
  let rows = 0;

  const checkRoom = (more: number): void => {
    if ((rows + more) * largest > Number.MAX_SAFE_INTEGER)
      throw new TrainingError(
        "rows",
        `${rows + more} rows: sums of products up to ${largest} would no longer be exact`,
      );
  };
  const add = (block: SampleBlock): void => {
    checkBlock(block, layout.rowColumns);
    checkKind(layout, block);
    checkRoom(block.rows);
    if (block.rows === 0) return;
    if (rows === 0) setOrigins(layout, block, origins);
    for (let start = 0; start < block.rows; start += strip) {
      const count = Math.min(strip, block.rows - start);
      if (count < strip) x.fill(0);
      for (let r = 0; r < count; r++) fillRow(layout, origins, block, start + r, x, r * size);
      for (let r = 0; r < count; r++)
        for (let i = 0; i < size; i++) sums[i] = (sums[i] as number) + (x[r * size + i] as number);
      if (layout.products) addProducts(products, x, size);
      else addSquares(products, x, size);
    }
    addSpreads(layout, block, spreads);
    rows += block.rows;
  };
  const current = (): MomentSums => ({ rows, origins, units, sums, products, spreads, spreadUnits });
  const merge = (other: Pick<Moments, "sums">): void => {
    const from = other.sums();
    if (from.rows === 0) return;
    checkSame(current(), from, encoded.length);
    checkRoom(from.rows);
    if (rows === 0) origins.set(from.origins);
    mergeSums(current(), from, size);
    rows += from.rows;
  };
  return {
    get rows() {
      return rows;
    },
    add,
    merge,
    summary: () => summarise(layout, current()),
    sums: current,
  };
}
