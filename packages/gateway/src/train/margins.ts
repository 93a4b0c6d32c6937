import type { Quantizer } from "@zipml/codec";
import type { Batch } from "./batch.ts";
import { evaluateChebyshev } from "./chebyshev.ts";
import { createDitherMargins } from "./dither-margins.ts";
import { openDraws, type ReadDraws } from "./draw-reader.ts";
import type { EpochContext } from "./engine.ts";
import { TrainingError } from "./errors.ts";
import type { MarginLoss } from "./losses.ts";
import type { MarginPolynomial } from "./margin-polynomial.ts";
import type { Objective } from "./objective.ts";
import type { ReadRow } from "./row-reader.ts";
import type { SampleBlock } from "./samples.ts";

/**
 * A loss of the margin over mini-batches. Its gradient is left·residual as for squares, with the residual b·ℓ′(z) in
 * place of right·x − target.
 */
export interface Margins {
  /** The reader of a block for the batch. */
  open(block: SampleBlock): ReadRow;
  /**
   * Where there is such a method, awaited before the residuals are filled: with refetching it puts exact rows in the place
   * of those that the codes leave open.
   *
   * @param x As for {@link Margins.fillResiduals}.
   */
  prepare?(x: Float64Array): Promise<void>;
  /**
   * Fills the batch's residuals. With a polynomial it also puts the outer draw of each row in the place of its means.
   *
   * @param x Weights as they are read, the intercept last.
   */
  fillResiduals(x: Float64Array): void;
  /** What the products left·residual need subtracted, where they need it. @param gradient Without the intercept's part. */
  correct?(gradient: Float64Array): void;
}

/** f = intercept + left·x of row r. */
export function decisionAt({ left, columns }: Batch, r: number, x: Float64Array): number {
  let sum = x[columns] as number;
  const base = r * columns;
  for (let i = 0; i < columns; i++) sum += (left[base + i] as number) * (x[i] as number);
  return sum;
}

/** The margins of an epoch; undefined for an objective of squares. */
export function createMargins(context: EpochContext, batch: Batch): Margins | undefined {
  const { objective, reader, streams } = context;
  const margin = objective?.margin;
  if (objective === undefined || margin === undefined) return undefined;
  if (objective.polynomial !== undefined) return drawnMargins(context, batch, objective, objective.polynomial, margin);
  return {
    open: (block) => reader.open(block, streams.coins),
    fillResiduals: (x) => fillSlopes(batch, objective, margin, x),
  };
}

/** Residuals b·ℓ′(z) of the rows as they were read. */
export function fillSlopes(batch: Batch, { threshold }: Objective, { slope }: MarginLoss, x: Float64Array): void {
  for (let r = 0; r < batch.rows; r++) {
    const label = (batch.targets[r] as number) > threshold ? 1 : -1;
    batch.residuals[r] = label * slope(label * decisionAt(batch, r, x));
  }
}

/**
 * b·P(z)·q with a draw of its own in every factor, d for the polynomial and one outside of it: double sampling (the
 * paper's section 2.2) for any degree. Dithered rows need one symbol: see `ditherSeries`. Rows whose mean lies beyond the polynomial's interval get the slope itself.
 */
function drawnMargins(
  { task, scaling, reader, streams }: EpochContext,
  batch: Batch,
  { threshold }: Objective,
  polynomial: MarginPolynomial,
  { slope }: MarginLoss,
): Margins {
  const { coefficients, radius, tally } = polynomial;
  const draws = coefficients.length;
  const size = batch.columns;
  const dithered = createDitherMargins(polynomial, task, scaling, batch);
  const grids: (Quantizer | undefined)[] = Array.from({ length: batch.capacity }); // of dithered rows
  const readers: (ReadDraws | undefined)[] = Array.from({ length: batch.capacity });
  const rows = new Uint32Array(batch.capacity);
  const values = new Float64Array(draws * size);
  const drawnResidual = (r: number, label: number, x: Float64Array): number => {
    readers[r]?.(rows[r] as number, values);
    const t = (step: number): number => {
      let sum = x[size] as number;
      const base = (step - 1) * size;
      for (let i = 0; i < size; i++) sum += (values[base + i] as number) * (x[i] as number);
      return (label * sum) / radius;
    };
    const residual = label * evaluateChebyshev(coefficients, t);
    batch.left.set(values.subarray((draws - 1) * size), r * size);
    return residual;
  };
  return {
    open: (block) => {
      if (block.kind === "values")
        throw new TrainingError("estimator", `"polynomial" does not read a block of ${block.kind}`);
      const read = reader.open(block, streams.coins);
      const readDraws = block.kind === "codes" ? openDraws(block, task, scaling, draws, streams.coins) : undefined;
      const quantizer = block.kind === "codes" ? undefined : block.quantizer;
      return (row, to) => {
        readers[to.rows] = readDraws;
        grids[to.rows] = quantizer;
        rows[to.rows] = row;
        read(row, to);
      };
    },
    correct: dithered.correct,
    fillResiduals: (x) => {
      dithered.begin(x);
      for (let r = 0; r < batch.rows; r++) {
        const quantizer = grids[r];
        const label = (batch.targets[r] as number) > threshold ? 1 : -1;
        const decision = decisionAt(batch, r, x);
        const isInside = Math.abs(decision) <= radius;
        if (!isInside) batch.residuals[r] = label * slope(label * decision);
        else if (quantizer === undefined) batch.residuals[r] = drawnResidual(r, label, x);
        else batch.residuals[r] = dithered.residual(quantizer, label, decision);
        if (isInside) tally.inside += 1;
        else tally.outside += 1;
      }
    },
  };
}
