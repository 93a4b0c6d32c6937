/** What went wrong outside the inner loops. */
export type KernelErrorCode = "unsupported" | "memory";

/** The kernels can't run here, or have no room. */
export class KernelError extends Error {
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "KernelError";
    this.code = code;
  }
}
