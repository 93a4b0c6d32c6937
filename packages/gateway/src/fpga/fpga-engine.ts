import { checkAborted, type Engine, type EngineNeeds, type EpochContext, TrainingError } from "../train/index.ts";
import { type Card, CardError } from "./card.ts";
import { type EngineLayout, type LoadedRows, loadRows } from "./card-rows.ts";
import { type CardCounters, type Driver, type DriverOptions, openDriver } from "./driver.ts";
import { fromFixed, toFixed } from "./fixed-point.ts";

/** Options of {@link fpgaEngine}. */
export interface FpgaEngineOptions extends DriverOptions {
  /** The card: `createEmulatedCard`, or a driver of a real one. */
  readonly card: Card;
  /**
   * How rows lie in its memory. `pairs` (default) runs the estimator `double` on codes with two draws, `code` runs `symmetric`
   * on them (a row's own d) or `naive` on codes with one draw, `float32` and `weave` run `full` on raw rows.
   */
  readonly layout?: EngineLayout | undefined;
  /** Bit planes of `weave` that are read, 1 to 31. Default 8. They truncate: the model is biased. */
  readonly planes?: number | undefined;
  /**
   * Copies of the rows in the card's memory, 1 to 256, which epochs read in turn: each has its rows in an order of its own
   * and, of `pairs`, draws the two by coins of its own, as the authors' host does. Default 4.
   */
  readonly copies?: number | undefined;
  /** Sums that leave 32 bits stop at their ends in place of ending the training. Default false. */
  readonly saturating?: boolean | undefined;
  /** Runs the epoch that the card has failed at, after all repetitions, and those after it. Default the training ends. */
  readonly fallback?: Engine | undefined;
}

/** The engine, and what its card counted. */
export interface FpgaEngine extends Engine {
  /** Of the newest epoch; undefined before the first. Every epoch of a training costs the same. */
  readonly counters: CardCounters | undefined;
  close(): Promise<void>;
}

/** Half of what 32 bits hold: a model beyond is not written to the card. */
const largestWeight = 128;

/**
 * Descent on a card. Rows are loaded once a training; every epoch the driver starts the card and reads the model back. The
 * card computes in 32 bits with 23 fraction bits; its steps are powers of two, and its mini-batches too. Where the iterates are
 * averaged, it is those after the epochs of the second half.
 */
export function fpgaEngine(options: FpgaEngineOptions): FpgaEngine {
  return new CardEngine(options);
}

interface Loaded extends LoadedRows {
  readonly source: EpochContext["source"];
  readonly scaling: EpochContext["scaling"];
  readonly batch: number;
  readonly seed: EpochContext["seed"];
  readonly driver: Driver;
}

class CardEngine implements FpgaEngine {
  readonly name = "fpga";
  counters: CardCounters | undefined;
  readonly #options: FpgaEngineOptions;
  readonly #layout: EngineLayout;
  #loaded: Loaded | undefined;
  #failure: CardError | undefined;
  /** The model after each epoch of this training. */
  readonly #ends: Float64Array[] = [];
  /** The epoch of the last of them. */
  #newest = 0;

  constructor(options: FpgaEngineOptions) {
    this.#options = options;
    this.#layout = options.layout ?? "pairs";
  }

  get notes(): readonly string[] {
    const mended = this.#loaded?.driver.mended ?? [];
    const repeated = mended.map((message) => `the card was started again: ${message}`);
    if (this.#failure === undefined) return repeated;
    const { fallback } = this.#options;
    return [...repeated, `the card failed and ${fallback?.name} ran the rest: ${this.#failure.message}`];
  }

  supports(estimator: EpochContext["estimator"]): boolean {
    if (this.#layout === "pairs") return estimator === "double";
    if (this.#layout === "code") return estimator === "symmetric" || estimator === "naive";
    return estimator === "full";
  }

  refusal(needs: EngineNeeds): string | undefined {
    const { modelBits, residualBits, gradientBits, quantizers, task } = needs;
    if (modelBits + residualBits + gradientBits > 0) return "model, residual and gradient have 32 bits on a card";
    const most = this.#options.card.platform.features[this.#layout];
    if (most === undefined) return `${this.#options.card.platform.name} does not run the layout ${this.#layout}`;
    if (task.features.length > most) return `${task.features.length} features, and the card holds ${most}`;
    for (const { grid, channels } of quantizers) {
      if (grid.scheme !== "count") return `codes of scheme ${grid.scheme} do not fit its lanes`;
      for (const { name, column } of task.features) {
        const channel = channels[column];
        if (channel?.even !== true) return `${name} has unequal levels, and its lanes know equal steps alone`;
        if (channel.samples > 2) return `${name} has ${channel.samples} draws, and a lane takes two`;
        const top = this.#layout === "pairs" ? channel.top / channel.samples : channel.top;
        if (top > 255) return `${name} has codes above 8 bits`;
      }
    }
    return undefined;
  }

  async epoch(context: EpochContext): Promise<void> {
    checkAborted(context.signal, context.epoch);
    if (this.#failure !== undefined) return this.#fall(context, this.#failure);
    try {
      await this.#run(context);
    } catch (error) {
      if (!(error instanceof CardError)) throw error;
      if (error.code === "wrap") context.weights.fill(Number.NaN);
      else {
        this.#failure = error;
        await this.#fall(context, error);
      }
    }
    checkAborted(context.signal, context.epoch);
  }

  async #fall(context: EpochContext, error: CardError): Promise<void> {
    const { fallback } = this.#options;
    if (fallback?.supports(context.estimator) !== true)
      throw new TrainingError("engine", `the card failed: ${error.message}`, context.epoch);
    await fallback.epoch(context);
  }

  async #run(context: EpochContext): Promise<void> {
    const { driver, deviations } = await this.#load(context);
    const { weights } = context;
    const start = new Int32Array(weights.length);
    for (const [i, weight] of weights.entries()) {
      const deviation = deviations[i] as number;
      const word = deviation > 0 ? weight / deviation : 0;
      if (!(Math.abs(word) < largestWeight))
        throw new CardError("wrap", `weight ${i} is ${word} on the card`, context.epoch - 1);
      start[i] = toFixed(word);
    }
    if (context.step > 1)
      throw new TrainingError("engine", `a step of ${context.step}: a card's are 2^-shift, 1 at most`, context.epoch);
    const shift = Math.min(31, Math.ceil(-Math.log2(context.step)));
    const { model, counters } = await driver.run(context.epoch - 1, shift, start);
    this.counters = counters;
    for (const [i, word] of model.entries()) weights[i] = fromFixed(word) * (deviations[i] as number);
    this.#average(context);
  }

  /**
   * A card tells no model within an epoch: where the driver averages, it is over those after the epochs of the second half.
   */
  #average({ epoch, weights, trail }: EpochContext): void {
    if (epoch <= this.#newest) this.#ends.length = 0; // begun again, as with a smaller first step
    this.#newest = epoch;
    this.#ends.push(weights.slice());
    if (trail === undefined) return;
    for (const end of this.#ends.slice(Math.floor(this.#ends.length / 2))) {
      for (let i = 0; i < end.length; i++) trail.sum[i] = (trail.sum[i] as number) + (end[i] as number);
      trail.count += 1;
    }
  }

  async #load(context: EpochContext): Promise<Loaded> {
    const { source, scaling, batch, seed } = context;
    const known = this.#loaded;
    const isSame =
      known?.source === source && known.scaling === scaling && known.batch === batch && known.seed === seed;
    if (known !== undefined && isSame) return known;
    const { card, planes = 8, saturating = false, copies = 4 } = this.#options;
    known?.driver.close();
    this.#loaded = undefined;
    this.#ends.length = 0; // rows or scales are others: so is the training
    const rows = await loadRows(context, { platform: card.platform, layout: this.#layout, planes, saturating, copies });
    const driver = openDriver(card, rows.data, this.#options);
    this.#loaded = { ...rows, source, scaling, batch, seed, driver };
    return this.#loaded;
  }

  async close(): Promise<void> {
    this.#loaded?.driver.close();
    this.#loaded = undefined;
    await this.#options.fallback?.close?.();
  }
}
