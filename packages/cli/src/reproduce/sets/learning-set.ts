import type { Rows } from "@zipml/gateway/data";

/** Rows to train and to test on; the last column is the target. */
export interface LearningSet {
  readonly name: string;
  /** Whether the target has two values. */
  readonly isClasses: boolean;
  readonly train: Rows;
  readonly test: Rows;
}
