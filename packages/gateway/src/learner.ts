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
import type { SampleStore } from "./sample-store.ts";
import {
  type Engine,
  type LagLayout,
  type LinearModel,
  layOutLags,
  referenceEngine,
  type Task,
  type TrainResult,
  train,
  weightsOf,
} from "./train/index.ts";

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
    const { everyRows, everySeconds, minimum } = this.#options;
    const { store } = this.#ports;
    if (everySeconds > 0 && !this.#clockRuns) {
      this.#clockRuns = true;
      this.#trainByTime(everySeconds * 1000).catch(this.#ports.failed);
    }
    if (everyRows > 0 && store.stored - this.#trainedAt >= everyRows && store.rows >= minimum) this.#trainSoon();
  }

  resume({ model, trainedAt }: SavedStart, task: Task | undefined): void {
    if (model === undefined) return;
    const restored = restoredModel(model);
    this.follow(restored.version);
    if (task === undefined || !isOf(restored.model, this.#layout(task)?.task ?? task)) return;
    this.#latest = restored;
    this.#trainedAt = trainedAt;
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
    const { clock, store } = this.#ports;
    for (;;) {
      try {
        await clock.sleep(milliseconds, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      if (store.stored > this.#trainedAt && store.rows >= this.#options.minimum) this.#trainSoon();
    }
  }

  #layout(task: Task): LagLayout | undefined {
    const { lags = 0 } = this.#options.training;
    return lags > 0 ? layOutLags(task, lags) : undefined;
  }

  async #trainNow(): Promise<TrainedModel> {
    const { clock, store, task: findTask, checkpoint, publish, trained } = this.#ports;
    const { minimum, training, publishBits } = this.#options;
    const task = findTask();
    if (this.#stopping.signal.aborted) throw new GatewayError("closed", "the gateway is closed");
    if (task === undefined || store.rows < minimum)
      throw new GatewayError("rows", `${store.rows} rows are stored; training.minimum is ${minimum}`);
    const startedAt = clock.now();
    const trainedAt = store.stored;
    this.#trainedAt = trainedAt;
    const layout = this.#layout(task);
    const source = store.source(taskColumns(task).length, layout);
    const { short } = source;
    if (source.rows < minimum)
      throw new GatewayError(
        "rows",
        `${source.rows} of ${store.rows} rows have the rows before them that lags need; training.minimum is ${minimum}`,
      );
    const { features: _features, target: _target, lags: _lags, ...how } = training;
    const result = await train({
      ...how,
      engine: how.engine ?? this.#engine,
      fallback: how.engine === undefined ? referenceEngine() : undefined,
      source,
      task: layout?.task ?? task,
      signal: this.#stopping.signal,
    });
    const { model, epochs, warnings } = result;
    const now = clock.now();
    this.#version += 1;
    const message = modelMessage(model, publishBits, training.seed ?? 1, { version: this.#version, createdAt: now });
    const seconds = (now - startedAt) / 1000;
    const { version, hash } = message;
    const latest = { version, hash, model, ...weightsOf(model), message, epochs, warnings, short, seconds };
    this.#latest = latest;
    // First: a restart must not publish an older model over a newer one.
    await checkpoint({ model: savedModel(latest), trainedAt });
    publish(message);
    trained(latest);
    return latest;
  }
}

function isOf({ features, target }: LinearModel, task: Task): boolean {
  const names = (list: readonly { readonly name: string }[]): string => JSON.stringify(list.map(({ name }) => name));
  return names([...features, target]) === names([...task.features, task.target]);
}

function savedModel({ message, model, epochs, warnings, short, seconds }: TrainedModel): SavedModel {
  const encoded = Buffer.from(encodeMessage("model", message)).toString("base64");
  return { message: encoded, model, epochs, warnings, short, seconds };
}

function restoredModel({ message: encoded, model, epochs, warnings, short = 0, seconds }: SavedModel): TrainedModel {
  const message = decodeMessage("model", Buffer.from(encoded, "base64"));
  const { version, hash } = message;
  return { version, hash, model, ...weightsOf(model), message, epochs, warnings, short, seconds };
}
