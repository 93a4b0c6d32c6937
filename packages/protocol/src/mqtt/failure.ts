import { TransportError, type TransportErrorCode } from "../errors.ts";

/** How a connection, or the attempt at one, came to its end. */
export interface Failure {
  readonly error: TransportError;
  /** The broker does not speak the version that was asked for. */
  readonly version: boolean;
  /** The other side hung up without a word, as some brokers do when they don't know the version. */
  readonly silent: boolean;
  /** There had been a connection. */
  readonly established: boolean;
}

// MQTT 3.1.1 section 3.2.2.3 has codes 1 to 5, MQTT 5 section 3.2.2.2 those from 128
const VERSION_CODES = new Set([1, 132]);
const AUTH_CODES = new Set([4, 5, 134, 135, 138, 140]);
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/**
 * Sorts an error of the client library.
 *
 * @param cause - undefined when the stream closed without any
 * @param established - whether the broker had accepted the connection
 */
export function connectionFailure(cause: unknown, established: boolean): Failure {
  if (cause === undefined) {
    const error = new TransportError("offline", "the broker closed the connection");
    return { error, version: false, silent: true, established };
  }
  const code = codeOf(cause);
  if (typeof code === "number") {
    const kind: TransportErrorCode = AUTH_CODES.has(code) ? "auth" : "refused";
    const error = new TransportError(kind, messageOf(cause), { reasonCode: code, cause });
    return { error, version: VERSION_CODES.has(code), silent: false, established };
  }
  const kind = typeof code === "string" && TLS_CODE.test(code) ? "tls" : timedOut(cause, code) ? "timeout" : "offline";
  const error = new TransportError(kind, messageOf(cause), { cause });
  return { error, version: false, silent: code === "ECONNRESET" || code === "EPIPE", established };
}

/**
 * Sorts the error of one publish or subscribe: with a code it is the broker's answer, without one the connection ended.
 *
 * @param what - begins the message
 */
export function operationError(what: string, cause: unknown): TransportError {
  const code = codeOf(cause);
  const message = `${what}: ${messageOf(cause)}`;
  if (typeof code !== "number") return new TransportError("offline", message, { cause });
  return new TransportError(AUTH_CODES.has(code) ? "auth" : "refused", message, { reasonCode: code, cause });
}

function codeOf(cause: unknown): unknown {
  if (typeof cause !== "object" || cause === null) return undefined;
  if ("code" in cause && cause.code !== undefined) return cause.code;
  // a refused subscription keeps its codes in the packet; 0x80 and above are refusals
  if ("packet" in cause && typeof cause.packet === "object" && cause.packet !== null && "granted" in cause.packet) {
    const { granted } = cause.packet;
    return Array.isArray(granted) ? granted.find((entry) => typeof entry === "number" && entry >= 128) : undefined;
  }
  return undefined;
}

function timedOut(cause: unknown, code: unknown): boolean {
  return code === "ETIMEDOUT" || (cause instanceof Error && /timeout/i.test(cause.message));
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = codeOf(cause);
  return cause.message !== "" ? cause.message : typeof code === "string" ? code : cause.name;
}
