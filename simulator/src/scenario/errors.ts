/** What a {@link SimulationError} found wrong. */
export type SimulationErrorCode =
  | "file" // a scenario or a result that can't be read or written
  | "syntax" // a scenario file that is no YAML, or a result that is no JSON of this form
  | "scenario" // a key that is not known, or a value that is not allowed
  | "limit" // a frame that the link can't carry, or a fleet that the simulation can't hold
  | "grid" // a parameter of a sweep that is not known, or has no value
  | "results" // results that do not belong to what they are asked for
  | "worker"; // a thread of the simulation has failed

/** Facts about a {@link SimulationError}, each given only where it is known. */
export interface SimulationErrorFacts {
  /** The file as the caller named it. */
  readonly file?: string;
  /** 1-based line of the file. */
  readonly line?: number;
  /** The key at fault, joined by dots: `fleet.devices`. */
  readonly key?: string;
  /** The number that may not be exceeded, where one is. */
  readonly limit?: number;
  /** What lay underneath. */
  readonly cause?: unknown;
}

/** The error of scenarios, simulations and results. Match on `code`, never on the message. */
export class SimulationError extends Error {
  readonly code: SimulationErrorCode;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly key: string | undefined;
  readonly limit: number | undefined;

  /**
   * @param code What kind of fault it is.
   * @param message What was found and what is allowed; file, line and key are put before it.
   * @param facts Where it was.
   */
  constructor(code: SimulationErrorCode, message: string, facts: SimulationErrorFacts = {}) {
    const { file, line, key, limit, cause } = facts;
    const place = file === undefined ? "" : line === undefined ? `${file}: ` : `${file}:${line}: `;
    const subject = key === undefined ? "" : `${key} `;
    super(place + subject + message, cause === undefined ? undefined : { cause });
    this.name = "SimulationError";
    this.code = code;
    this.file = file;
    this.line = line;
    this.key = key;
    this.limit = limit;
  }
}
