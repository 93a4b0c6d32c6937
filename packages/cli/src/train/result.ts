import type { CardCounters } from "@zipml/gateway/fpga";
import type { Evaluation, LinearModel, ModelClasses, RefetchFigures, VarianceReport } from "@zipml/gateway/train";

/**
 * Figures on exact rows: loss = 1/(2K) Σ (prediction − target)², in the target's unit squared, or that of logistic and
 * hinge. Of classes predictions are decision values, and targets −1 and +1.
 */
export interface Figures {
  readonly loss: number;
  readonly rmse: number;
  /** Null where the target is constant over the rows. */
  readonly r2: number | null;
  /** Of classes: share of the rows decided right. */
  readonly accuracy?: number;
  /** Of classes: mean of both classes' shares; null where the rows show one class only. */
  readonly balancedAccuracy?: number | null;
  /** Of classes: area under the curve of true over false positives; null where the rows show one class only. */
  readonly auc?: number | null;
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** An evaluation as it is printed: what is not known is null. */
export function shownFigures({ loss, rmse, r2, accuracy, balancedAccuracy, auc }: Evaluation): Figures {
  const figures = { loss, rmse, r2: known(r2) };
  if (accuracy === undefined || balancedAccuracy === undefined || auc === undefined) return figures;
  return { ...figures, accuracy, balancedAccuracy: known(balancedAccuracy), auc: known(auc) };
}

/**
 * Variance of a mini-batch gradient, the sum over the weights in standardised units squared: of SGD on the exact rows, and
 * what samples, model (Q3), residuals (Q_r) and gradient (Q4) add.
 */
export interface VarianceFigures extends VarianceReport {
  readonly samples: number;
}

/** What `zipml train --json` prints: one object, in this order. */
export interface TrainReport {
  readonly rows: { readonly train: number; readonly test: number; readonly skipped: number };
  readonly features: readonly string[];
  /** With --lags: how many readings back, and rows left out because they lack that history. */
  readonly lags?: { readonly readings: number; readonly short: number };
  /** Width of a feature's code, the widest under --grid; 32 for raw rows. */
  readonly bits: number;
  readonly samples: number;
  readonly scheme: string;
  readonly levels: string;
  /** With another loss than squares: it, and the target's values that stand for −1 and +1. */
  readonly classes?: ModelClasses;
  readonly estimator: string;
  readonly engine: string;
  /** With the engine fpga: what one epoch costs on the card, modelled and not measured. */
  readonly fpga?: Pick<CardCounters, "cycles" | "modelledSeconds" | "bytesRead" | "stalls" | "linesPerRow">;
  /** Bytes of the training rows, target included: as packed codes, as 32-bit floats, and the second over the first. */
  readonly bytes: { readonly codes: number; readonly float32: number; readonly ratio: number };
  /** Values outside their channel's levels. */
  readonly clipped: number;
  /** With the estimator refetch: what was asked for, and the bytes of these rows' features as 32-bit floats. */
  readonly refetch?: RefetchFigures & { readonly bytes: number };
  /** With --start: passes that made that model, its loss on the exact training rows before the first step, and its test. */
  readonly start?: { readonly passes: number; readonly loss: number; readonly test: Figures };
  /** Loss on the exact training rows after each epoch, and the epoch's seconds. */
  readonly epochs: readonly { readonly epoch: number; readonly loss: number; readonly seconds: number }[];
  /** Variance of a mini-batch gradient at the trained model: SGD's own, and what each rounding adds. */
  readonly variance?: VarianceFigures;
  readonly test: Figures;
  /** Least squares in float64 on the raw values or the labels −1 and +1, same split. */
  readonly leastSquares: Figures;
  /** In original units; of classes it gives the decision value. */
  readonly model: { readonly intercept: number; readonly weights: Readonly<Record<string, number>> };
  readonly warnings: readonly string[];
}

/** A report with the model it tells of. */
export interface TrainOutcome {
  readonly report: TrainReport;
  readonly model: LinearModel;
}
