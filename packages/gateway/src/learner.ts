import {
  type Clock,
  createSerialQueue,
  decodeMessage,
  encodeMessage,
  type Model,
  type SerialQueue,
} from "@zipml/protocol";
import { packedEngine } from "./engines/index.ts";
import { GatewayError } from "./errors.ts";
import { taskColumns } from "./ingest/columns.ts";
import type { SavedStart, TrainedState } from "./log/journal.ts";
import type { SavedModel } from "./log/saved-state.ts";
import { modelMessage } from "./model-message.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import type { RowPlace } from "./refetch/exact-store.ts";
import type { FramePlace, SampleStore, StoredRows } from "./sample-store.ts";
import {
  type Engine,
  type ExactRows,
  type LagLayout,
  type LinearModel,
  type LossName,
  layOutLags,
  referenceEngine,
  type Task,
  type TrainResult,
  train,
  type VarianceReport,
  weightsOf,
} from "./train/index.ts";
import { type TrainedFrames, trainedFrames } from "./trained-frames.ts";

/** A model and what it was published as. */
export interface TrainedModel {
  readonly version: number;
  /** SHA-256 of what decides a prediction, hexadecimal. */
  readonly hash: string;
  /** The master model, in full precision. */
  readonly model: LinearModel;
  /** The same in the channels' units: prediction = intercept + Σ weight · reading. */
  readonly intercept: number;
  readonly weights: Readonly<Record<string, number>>;
  /** What devices receive. */
  readonly message: Model;
  readonly epochs: TrainResult["epochs"];
  /** Of a living model: loss of the one before on these rows, before it was trained on them. Where it rises there is drift. */
  readonly before: number | undefined;
  /** What each rounding adds to the variance of a gradient, where the options ask for it; not kept over a restart. */
  readonly variance: VarianceReport | undefined;
  readonly warnings: readonly string[];
  /** Rows held that lacked history for `training.lags` and were left out; 0 without lags. */
  readonly short: number;
  /** Time that training took, in seconds. */
  readonly seconds: number;
}

/** What the learner needs from the gateway. */
export interface LearnerPorts {
  readonly clock: Clock;
  readonly store: SampleStore;
  task(): Task | undefined;
  /** Where the estimator `refetch` asks for rows that the codes leave open. */
  exactRows(placeOf: (row: number) => RowPlace): ExactRows;
  /** Keeps a model before it is published; what fails is told by `failed`. */
  checkpoint(trained: TrainedState): Promise<void>;
  publish(message: Model): void;
  trained(model: TrainedModel): void;
  /** Training that nobody waits for has failed. */
  failed(error: unknown): void;
}

/** Decides when to train, trains, and publishes what came out. */
export interface Learner {
  readonly latest: TrainedModel | undefined;
  /** Rows have come. */
  grown(): void;
  /** Goes on from what an earlier run has kept; a model of another task gives its version alone. */
  resume(saved: SavedStart, task: Task | undefined): void;
  /** A model of another run of this gateway is retained: versions go on from it. */
  follow(version: number): void;
  /** Trains on what is stored now, after a training that is under way. */
  train(): Promise<TrainedModel>;
  /** Ends a training that is under way; resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/**
 * @param ports What it works on.
 * @param options The gateway's options.
 */
export function createLearner(ports: LearnerPorts, options: ResolvedGatewayOptions): Learner {
  return new StoreLearner(ports, options);
}

class StoreLearner implements Learner {
  readonly #ports: LearnerPorts;
  readonly #options: ResolvedGatewayOptions;
  readonly #queue: SerialQueue = createSerialQueue();
  readonly #stopping = new AbortController();
  /** Runs where the options name no engine; what it can't run, the reference engine does. */
  readonly #engine: Engine = packedEngine();
  #latest: TrainedModel | undefined;
  #version = 0;
  #trainedAt = 0; // rows ever stored when the last training began
  #learnedAt = 0; // and when the training of the newest model did
  #seen: TrainedFrames | undefined; // what the newest model has learned from, where it is a living one
  #waiting = false;
  #clockRuns = false;

  constructor(ports: LearnerPorts, options: ResolvedGatewayOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  get latest(): TrainedModel | undefined {
    return this.#latest;
  }

  grown(): void {
    const { everyRows, everySeconds } = this.#options;
    if (everySeconds > 0 && !this.#clockRuns) {
      this.#clockRuns = true;
      this.#trainByTime(everySeconds * 1000).catch(this.#ports.failed);
    }
    if (everyRows > 0 && this.#come >= everyRows && this.#isEnough) this.#trainSoon();
  }

  resume({ model, trainedAt }: SavedStart, task: Task | undefined): void {
    if (model === undefined) return;
    const restored = restoredModel(model);
    this.follow(restored.version);
    const { loss = "squares" } = this.#options.training;
    if (task === undefined || !isOf(restored.model, this.#layout(task)?.task ?? task, loss)) return;
    this.#latest = restored;
    this.#trainedAt = trainedAt;
    this.#learnedAt = trainedAt;
    this.#seen = model.seen && trainedFrames(model.seen);
  }

  follow(version: number): void {
    this.#version = Math.max(this.#version, version);
  }

  train(): Promise<TrainedModel> {
    return this.#queue.run(() => this.#trainNow());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#queue.idle();
    await this.#engine.close?.();
  }

  /** Rows that have come since the last training began. */
  get #come(): number {
    return this.#ports.store.stored - this.#trainedAt;
  }

  /** Whether the next training leaves out what the newest model has learned from. */
  get #readsNew(): boolean {
    return this.#seen !== undefined && this.#options.training.living === "new";
  }

  /** Whether what a training would read may be enough: rows of it can still lack history. */
  get #isEnough(): boolean {
    const { rows } = this.#ports.store;
    return (this.#readsNew ? Math.min(rows, this.#come) : rows) >= this.#options.minimum;
  }

  /** Trains in the background; one that has not begun yet will see the newest rows anyway. */
  #trainSoon(): void {
    if (this.#waiting || this.#stopping.signal.aborted) return;
    this.#waiting = true;
    this.#queue
      .run(() => {
        this.#waiting = false;
        return this.#trainNow();
      })
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#ports.failed(error);
      });
  }

  async #trainByTime(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping;
    const { clock } = this.#ports;
    for (;;) {
      try {
        await clock.sleep(milliseconds, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      if (this.#come > 0 && this.#isEnough) this.#trainSoon();
    }
  }

  #layout(task: Task): LagLayout | undefined {
    const { lags = 0 } = this.#options.training;
    return lags > 0 ? layOutLags(task, lags) : undefined;
  }

  /** What is held now, less what a living model that reads only what is new has learned from. */
  #source(task: Task, layout: LagLayout | undefined): StoredRows {
    const { store } = this.#ports;
    const { minimum } = this.#options;
    const seen = this.#seen;
    const isNew = this.#readsNew;
    const isRead = isNew ? (frame: FramePlace) => seen?.has(frame) !== true : undefined;
    const source = store.source(taskColumns(task).length, layout, isRead);
    if (source.rows >= minimum) return source;
    const rows = isNew ? `${source.rows} new rows` : `${source.rows} of ${store.rows} rows`;
    const why = layout === undefined ? "there" : "there with the rows before them that lags need";
    throw new GatewayError("rows", `${rows} are ${why}; training.minimum is ${minimum}`);
  }

  /** Warns of rows that came and went between two trainings. */
  #leftBehind({ rows, short }: StoredRows, stored: number): string[] {
    const left = this.#readsNew ? stored - this.#learnedAt - rows - short : 0;
    if (left <= 0) return [];
    return [`${left} rows left the window before they were trained on: widen training.window, or train more often`];
  }

  async #trainNow(): Promise<TrainedModel> {
    const { clock, store, task: findTask, checkpoint, publish, trained, exactRows } = this.#ports;
    const { minimum, training, publishBits } = this.#options;
    const task = findTask();
    if (this.#stopping.signal.aborted) throw new GatewayError("closed", "the gateway is closed");
    if (task === undefined || store.rows < minimum)
      throw new GatewayError("rows", `${store.rows} rows are stored; training.minimum is ${minimum}`);
    const startedAt = clock.now();
    const trainedAt = store.stored;
    this.#trainedAt = trainedAt;
    const layout = this.#layout(task);
    const source = this.#source(task, layout);
    const behind = this.#leftBehind(source, trainedAt);
    const { features: _features, target: _target, lags: _lags, living, ...how } = training;
    const result = await train({
      ...how,
      engine: how.engine ?? (how.estimator === "refetch" ? referenceEngine() : this.#engine),
      fallback: how.engine === undefined ? referenceEngine() : undefined,
      source,
      task: layout?.task ?? task,
      exact: how.estimator === "refetch" && source.placeOf !== undefined ? exactRows(source.placeOf) : undefined,
      start: living === undefined || this.#seen === undefined ? undefined : this.#latest?.model,
      signal: this.#stopping.signal,
    });
    const { model, epochs, before, variance } = result;
    const warnings = [...behind, ...result.warnings];
    const now = clock.now();
    this.#version += 1;
    const message = modelMessage(model, publishBits, training.seed ?? 1, { version: this.#version, createdAt: now });
    const { version, hash } = message;
    const figures = { epochs, before, variance, warnings, short: source.short, seconds: (now - startedAt) / 1000 };
    const latest = { version, hash, model, ...weightsOf(model), message, ...figures };
    this.#latest = latest;
    this.#learnedAt = trainedAt;
    if (living !== undefined) this.#seen = (this.#seen ?? trainedFrames()).with(source.frames);
    // First: a restart must not publish an older model over a newer one.
    await checkpoint({ model: savedModel(latest, this.#seen), trainedAt });
    publish(message);
    trained(latest);
    return latest;
  }
}

/** Whether a model is one of the task: the same columns, in the same units, and the same loss. */
function isOf({ features, target, classes }: LinearModel, task: Task, loss: LossName): boolean {
  const columns = (list: readonly { readonly name: string; readonly unit: string }[]): string =>
    JSON.stringify(list.map(({ name, unit }) => [name, unit]));
  const isSame = columns([...features, target]) === columns([...task.features, task.target]);
  return isSame && (classes?.loss ?? "squares") === loss;
}

function savedModel(trained: TrainedModel, seen: TrainedFrames | undefined): SavedModel {
  const { message, model, epochs, before, warnings, short, seconds } = trained;
  const encoded = Buffer.from(encodeMessage("model", message)).toString("base64");
  return {
    message: encoded,
    model,
    epochs,
    warnings,
    short,
    ...(before === undefined ? {} : { before }),
    seconds,
    ...(seen === undefined ? {} : { seen: seen.saved() }),
  };
}

function restoredModel(saved: SavedModel): TrainedModel {
  const { message: encoded, model, epochs, before, warnings, short = 0, seconds } = saved;
  const message = decodeMessage("model", Buffer.from(encoded, "base64"));
  const { version, hash } = message;
  const figures = { epochs, before, variance: undefined, warnings, short, seconds };
  return { version, hash, model, ...weightsOf(model), message, ...figures };
}
