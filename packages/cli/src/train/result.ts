import type { LinearModel } from "@zipml/gateway/train";

/** Figures on exact rows: loss = 1/(2K) Σ (prediction − target)², in the target's unit squared. */
export interface Figures {
  readonly loss: number;
  readonly rmse: number;
  /** Null where the target is constant over the rows. */
  readonly r2: number | null;
}

/** What `zipml train --json` prints: one object, in this order. */
export interface TrainReport {
  readonly rows: { readonly train: number; readonly test: number; readonly skipped: number };
  readonly features: readonly string[];
  /** Width of a feature's code, the widest under --grid; 32 for raw rows. */
  readonly bits: number;
  readonly samples: number;
  readonly scheme: string;
  readonly levels: string;
  readonly estimator: string;
  readonly engine: string;
  /** Bytes of the training rows, target included: as packed codes, as 32-bit floats, and the second over the first. */
  readonly bytes: { readonly codes: number; readonly float32: number; readonly ratio: number };
  /** Values outside their channel's levels. */
  readonly clipped: number;
  /** Loss on the exact training rows after each epoch, and the epoch's seconds. */
  readonly epochs: readonly { readonly epoch: number; readonly loss: number; readonly seconds: number }[];
  readonly test: Figures;
  /** Least squares in float64 on the raw values, same split. */
  readonly leastSquares: Figures;
  /** In original units. */
  readonly model: { readonly intercept: number; readonly weights: Readonly<Record<string, number>> };
  readonly warnings: readonly string[];
}

/** A report with the model it tells of. */
export interface TrainOutcome {
  readonly report: TrainReport;
  readonly model: LinearModel;
}
