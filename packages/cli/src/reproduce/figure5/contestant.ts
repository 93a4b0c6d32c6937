import type { Subject } from "../sets/subject.ts";

/** Whose seconds a curve counts: those that passed here, or those that a model of hardware says would have. */
export type ClockName = "measured" | "modelled";

/** Loss against time. */
export interface TimedCurve {
  readonly name: string;
  /** Curves of different clocks are never drawn in one plot or put in one column. */
  readonly clock: ClockName;
  /** Seconds in epochs until each loss, from 0; packing and the passes that find scales are not in them. */
  readonly seconds: readonly number[];
  readonly losses: readonly number[];
  /** Bytes of features that an epoch reads. */
  readonly bytes: number;
}

/** What a race is run on. */
export interface Race {
  readonly subject: Subject;
  /** First step α of full precision, for everyone; epoch e takes α/e. */
  readonly step: number;
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** One who trains on the race's rows. To join, add it to `contestants`. */
export interface Contestant {
  readonly name: string;
  run(race: Race): Promise<TimedCurve>;
}
