import { RefusalError } from "@zipml/codec";

/** Why a message, a topic or an id was refused. */
export type ProtocolErrorCode =
  /** A group, device, gateway or command id breaks the id rule. */
  | "id"
  /** A topic prefix breaks the prefix rule. */
  | "prefix"
  /** More bytes than the cap. */
  | "size"
  /** Nested more deeply than the cap. */
  | "depth"
  /** Not the subset of CBOR that is allowed on the wire. */
  | "cbor"
  /** Well-formed CBOR that is not the message it should be. */
  | "shape";

/** Facts about a {@link ProtocolError}, each given only where it is known. */
export interface ProtocolErrorFacts {
  /** Byte of the input at which it was noticed, from 0. */
  readonly offset?: number;
  /** Path of the field inside the message, such as `grid.scheme`. */
  readonly path?: string;
  /** `version` of a message refused by shape, so that its sender can be answered. */
  readonly version?: number;
  /** What lay underneath. */
  readonly cause?: unknown;
}

/**
 * The one error of topics, messages and CBOR. Match on `code`, never on the message.
 *
 * What was refused on its way in has no trace of calls (see the codec's `RefusalError`): a hostile sender would decide
 * how often one is taken. A caller's mistake, in an id or in a message to be sent, has one.
 */
export class ProtocolError extends RefusalError {
  readonly code: ProtocolErrorCode;
  readonly offset: number | undefined;
  readonly path: string | undefined;
  readonly version: number | undefined;
  declare readonly cause?: unknown; // there only where it was given

  constructor(code: ProtocolErrorCode, message: string, facts: ProtocolErrorFacts = {}) {
    super(message);
    this.code = code;
    this.offset = facts.offset;
    this.path = facts.path;
    this.version = facts.version;
    if (facts.cause !== undefined) this.cause = facts.cause;
    if (code === "id" || code === "prefix") Error.captureStackTrace(this, ProtocolError);
  }

  get name(): string {
    return "ProtocolError";
  }
}

/**
 * Runs what a caller of ours asked for, and gives the error of what can't be done the trace of its call.
 *
 * @throws what `task` throws
 */
export function traced<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof ProtocolError) Error.captureStackTrace(error, traced);
    throw error;
  }
}

/** Why a transport could not do what it was asked. */
export type TransportErrorCode =
  /** There is no connection, or it ended before the broker acknowledged. */
  | "offline"
  /** The broker answered and said no. */
  | "refused"
  /** The broker answered and does not accept the credentials. */
  | "auth"
  /** The other side did not answer in time. */
  | "timeout"
  /** The TLS handshake failed or the certificate is not trusted. */
  | "tls"
  /** More publishes are waiting than the adapter keeps. */
  | "busy"
  /** The transport was closed. */
  | "closed"
  /** An option or an argument is not allowed; a programming or configuration mistake. */
  | "option";

/** Facts about a {@link TransportError}. */
export interface TransportErrorFacts {
  /** MQTT reason or return code, when the broker gave one. */
  readonly reasonCode?: number;
  /** What lay underneath. */
  readonly cause?: unknown;
}

/** The one error of transports. Match on `code`, never on the message. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly code: TransportErrorCode;
  readonly reasonCode: number | undefined;

  constructor(code: TransportErrorCode, message: string, facts: TransportErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.reasonCode = facts.reasonCode;
  }
}

/** Whether an error only says that there is no connection: the next one mends it, so nobody need be told. */
export function isOffline(error: unknown): boolean {
  return error instanceof TransportError && (error.code === "offline" || error.code === "closed");
}
