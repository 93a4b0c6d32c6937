/** What a {@link GatewayError} is about. */
export type GatewayErrorCode =
  | "options" // an option is missing, contradictory or out of range
  | "listen" // the embedded broker could not listen
  | "rows" // fewer rows than training.minimum
  | "no-model" // nothing was trained yet
  | "limit" // what a device sent passes a limit: it was refused unread
  | "offline" // there is no connection, so nothing was published
  | "closed"; // the gateway was closed

/** A refusal by the gateway. What training itself refuses comes as `TrainingError`. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;

  /**
   * @param code What it is about.
   * @param message What was wrong and what is allowed.
   * @param options A cause, where there is one.
   */
  constructor(code: GatewayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "GatewayError";
    this.code = code;
  }
}
