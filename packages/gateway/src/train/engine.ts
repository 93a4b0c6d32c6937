import type { Quantizer } from "@zipml/codec";
import type { EstimatorName } from "./estimators.ts";
import type { GuardTerm } from "./guard.ts";
import type { Objective } from "./objective.ts";
import type { RowReader } from "./row-reader.ts";
import type { SampleSource, Task } from "./samples.ts";
import type { Scaling } from "./standardise.ts";
import type { TrainingStreams } from "./streams.ts";

/** Everything an engine needs for one epoch. Vectors are in standardised units and in the task's order of features. */
export interface EpochContext {
  readonly source: SampleSource;
  readonly task: Task;
  readonly estimator: EstimatorName;
  readonly scaling: Scaling;
  /** Decodes rows; an engine that works on codes directly may leave it alone. */
  readonly reader: RowReader;
  /** 1 …, counted on from the passes of a model to start from: what random streams are indexed by. */
  readonly epoch: number;
  /** This epoch's step, the schedule applied. */
  readonly step: number;
  /** Rows of a mini-batch; the sum over a shorter last one is divided by this number too. */
  readonly batch: number;
  /** d that `symmetric` subtracts: the columns' averages. Undefined: the rows' own, or none for other estimators. */
  readonly spreads: Float64Array | undefined;
  /** Added to every gradient: see {@link GuardTerm}. */
  readonly guard: GuardTerm | undefined;
  /** What is lowered; undefined for the plain loss of squares. Only engines that run objectives are given one. */
  readonly objective?: Objective | undefined;
  /** Widths of Q₃, Q_r and Q₄; 0 for none. */
  readonly modelBits: number;
  readonly residualBits: number;
  readonly gradientBits: number;
  readonly streams: TrainingStreams;
  /** What the streams are keyed by: an engine whose threads draw by position makes them from it (`streamName`). */
  readonly seed: number | string;
  /** The master model, in full precision, with a margin loss the intercept last. An engine updates it in place. */
  readonly weights: Float64Array;
  /** Where given, the model after every mini-batch is added to it: the driver averages. */
  readonly trail: ModelTrail | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Sum of the models after each mini-batch. */
export interface ModelTrail {
  readonly sum: Float64Array;
  count: number;
}

/** What a training asks of an engine, known once the source has been surveyed. */
export interface EngineNeeds {
  readonly estimator: EstimatorName;
  readonly task: Task;
  /** Quantizers of all blocks of codes. */
  readonly quantizers: readonly Quantizer[];
  /** `symmetric` subtracts the rows' own d. */
  readonly rowSpreads: boolean;
  readonly modelBits: number;
  readonly residualBits: number;
  readonly gradientBits: number;
  /** What is lowered; undefined for the plain loss of squares. */
  readonly objective?: Objective | undefined;
}

/**
 * What runs an epoch: one pass over the source in mini-batches. Standardisation, step, guard, schedule and the check for
 * divergence are not its business.
 */
export interface Engine {
  readonly name: string;
  /** Whether the engine runs regularizers and, unless `refusal` says no, other losses than squares. Default no. */
  readonly runsObjectives?: boolean;
  /** Whether the engine runs an estimator. */
  supports(estimator: EstimatorName): boolean;
  /** Why it can't run a training of an estimator that it supports; undefined, also without this method, where it can. */
  refusal?(needs: EngineNeeds): string | undefined;
  /**
   * Runs one epoch and updates `context.weights` in place. Where numbers stop being finite it makes the weights NaN and
   * returns: the driver reports the divergence.
   *
   * @throws `TrainingError` `aborted` once `context.signal` has fired.
   */
  epoch(context: EpochContext): Promise<void>;
  /**
   * What it multiplies each weight by before rounding it (Q₃), for rows of a grid; 0 for one that is not rounded. Without this
   * method 1.
   */
  modelUnits?(quantizer: Quantizer, task: Task, scaling: Scaling): Float64Array;
  /** What a user should be told of the training that ran last. */
  readonly notes?: readonly string[];
  /** Gives back memory and threads, where it holds any. Once is enough. */
  close?(): Promise<void>;
}
