/**
 * Variance of one mini-batch gradient at the trained model: the sum over the weights, in standardised units squared, for
 * rows drawn independently. What quantization adds stands beside what SGD has anyway.
 */
export interface VarianceReport {
  /** Of SGD itself, which exact rows would have too: the choice of rows. */
  readonly sgd: number;
  /**
   * Added by the samples, the draws that codes carry. Undefined where codes do not tell it from SGD's own, which then
   * includes it: one draw alone (`naive`), and the losses of the margin.
   */
  readonly samples: number | undefined;
  /** Added by reading the model in few bits (Q₃). */
  readonly model: number;
  /** Added by rounding the residuals (Q_r). */
  readonly residual: number;
  /** Added by rounding the averaged gradient (Q₄). */
  readonly gradient: number;
  /** Rows it was measured on. */
  readonly rows: number;
}
