/** What a {@link DeviceError} is about. */
export type DeviceErrorCode =
  | "options" // an option is missing or out of range
  | "time" // a row's time lies before that of the row before it
  | "outbox-full" // the outbox holds as much as it may
  | "outbox" // the outbox could not keep what must be kept first
  | "closed" // the agent was closed
  | "no-model" // nothing to predict with yet
  | "history" // too few rows before for a model whose features look back
  | "model-hash" // a model whose content is not what its hash says
  | "aborted"; // the caller's signal ended the wait

/** A refusal by the device agent. Readings that are refused come as the codec's `ReadingError`. */
export class DeviceError extends Error {
  readonly code: DeviceErrorCode;

  /**
   * @param code What it is about.
   * @param message What was wrong and what is allowed.
   * @param options A cause, where there is one.
   */
  constructor(code: DeviceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DeviceError";
    this.code = code;
  }
}
