/** What a {@link TrainingError} found wrong. */
export type TrainingErrorCode =
  | "options" // an option or a task that can't be
  | "estimator" // the estimator does not fit the blocks: draws, codes or raw rows
  | "engine" // the engine does not run the estimator, or can't keep the codes
  | "memory" // the rows do not fit where the engine keeps them
  | "worker" // a thread of the engine has failed
  | "rows" // too few rows, or a block whose shape, codes or values are not what the source promises
  | "target" // a target without variance
  | "diverged" // the loss grew past its start or is not finite
  | "aborted"; // the caller's signal

/** The error of everything in training. No model comes out where it is thrown. */
export class TrainingError extends Error {
  readonly code: TrainingErrorCode;
  /** Epoch, 1 …, where one was running. */
  readonly epoch: number | undefined;

  /**
   * @param code What kind of fault it is.
   * @param message What was wrong, where, and what is allowed.
   * @param epoch The epoch that was running.
   */
  constructor(code: TrainingErrorCode, message: string, epoch?: number) {
    super(epoch === undefined ? message : `${message} (in epoch ${epoch})`);
    this.name = "TrainingError";
    this.code = code;
    this.epoch = epoch;
  }
}

/** @throws {@link TrainingError} `aborted` once the signal has fired. */
export function checkAborted(signal: AbortSignal | undefined, epoch?: number): void {
  if (signal?.aborted) throw new TrainingError("aborted", "training was aborted by its caller", epoch);
}
