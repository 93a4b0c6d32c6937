import type { Accelerator, AcceleratorConfig, ClockedEpoch, EpochCounters, FastEpoch, Shape } from "./accelerator.ts";
import { checkConfig } from "./check-config.ts";
import { ClockedRun } from "./clocked/clocked-run.ts";
import { AcceleratorError, checkWhole } from "./errors.ts";
import type { Datapath } from "./exact-rows.ts";
import { CodeKernel } from "./fast/code-kernel.ts";
import { FastRun, type RunListener } from "./fast/fast-run.ts";
import { FloatKernel, largestFeature } from "./fast/float-kernel.ts";
import type { FastKernel } from "./fast/kernel.ts";
import { WovenKernel } from "./fast/woven-kernel.ts";
import { Adders } from "./fixed-point.ts";
import { createLanes, type LineMemory } from "./lanes.ts";
import { shapeOf } from "./layouts/shape.ts";
import { ModelMemory, ResidualUnit } from "./model-memory.ts";

/**
 * The emulated accelerator: the corrected design, or the original's behaviour where `faithful` asks for it.
 *
 * @throws {@link AcceleratorError} `options`, `platform` or `capacity`.
 */
export function createAccelerator(config: AcceleratorConfig): Accelerator {
  checkConfig(config);
  return new Emulator(config);
}

class Emulator implements Accelerator {
  readonly shape: Shape;
  #config: AcceleratorConfig;
  readonly #model: Int32Array;
  #lines: LineMemory | undefined;
  #largest = 0;
  #known: EpochCounters | undefined;
  #running = false;

  constructor(config: AcceleratorConfig) {
    this.#config = config;
    this.shape = shapeOf(config);
    this.#model = new Int32Array(config.features);
  }

  get config(): AcceleratorConfig {
    return this.#config;
  }

  #checkIdle(what: string): void {
    if (this.#running) throw new AcceleratorError("state", `${what} while an epoch runs`);
  }

  load(words: Uint32Array, labels?: Int32Array): void {
    this.#checkIdle("lines can't be loaded");
    const { layout, rows, features, copies = 1 } = this.#config;
    const wanted = copies * this.shape.words;
    if (words.length !== wanted)
      throw new AcceleratorError("shape", `${copies} copies take ${wanted} words, not ${words.length}`);
    const wantedLabels = layout.kind === "weave" ? copies * rows : 0;
    if ((labels?.length ?? 0) !== wantedLabels)
      throw new AcceleratorError(
        "shape",
        `${layout.kind} takes ${wantedLabels} labels apart, not ${labels?.length ?? 0}`,
      );
    const rowWords = (this.shape.linesPerRow * this.shape.lineBytes) / 4;
    this.#largest = isFloat(this.#config) ? largestFeature(words, features, rowWords) : 0;
    if (!Number.isFinite(this.#largest)) throw new AcceleratorError("range", "a feature is not a finite number");
    this.#lines = { words, labels };
  }

  writeModel(model: Int32Array): void {
    this.#checkIdle("the model can't be written");
    if (model.length !== this.#model.length)
      throw new AcceleratorError("shape", `the model has ${this.#model.length} words, not ${model.length}`);
    this.#model.set(model);
  }

  readModel(): Int32Array {
    this.#checkIdle("the model can't be read");
    return this.#model.slice();
  }

  setStepShift(shift: number): void {
    this.#checkIdle("the step can't be set");
    checkWhole(shift, "stepShift", 0, 31);
    this.#config = { ...this.#config, stepShift: shift };
  }

  #start(epoch: number): { path: Datapath; lines: LineMemory; listener: RunListener } {
    this.#checkIdle("an epoch can't be started");
    checkWhole(epoch, "epoch", 0, 2 ** 31);
    const lines = this.#lines;
    if (lines === undefined) throw new AcceleratorError("state", "no lines are loaded");
    const config = this.#config;
    const { shape } = this;
    const adders = new Adders(config.saturating === true);
    const memory = new ModelMemory(config, shape, adders);
    memory.model.set(this.#model);
    const residual = new ResidualUnit(config, adders);
    const lanes = createLanes(config, shape, lines);
    const firstLine = (epoch % (config.copies ?? 1)) * shape.lines;
    const path = { config, shape, adders, lanes, memory, residual, firstLine };
    const over = (counters: EpochCounters | undefined): void => {
      this.#running = false;
      if (counters === undefined) return;
      this.#known = { ...counters, wraps: 0 };
      this.#model.set(memory.model.subarray(0, config.features));
    };
    this.#running = true;
    return { path, lines, listener: { known: this.#known, over } };
  }

  startFast(epoch: number): FastEpoch {
    const { path, lines, listener } = this.#start(epoch);
    return new FastRun(path, this.#kernel(path, lines.words), listener);
  }

  #kernel(path: Datapath, words: Uint32Array): FastKernel {
    if (path.config.layout.kind === "weave") return new WovenKernel(path, words);
    return isFloat(path.config) ? new FloatKernel(path, words, this.#largest) : new CodeKernel(path, words);
  }

  startClocked(epoch: number): ClockedEpoch {
    const { path, listener } = this.#start(epoch);
    return new ClockedRun(path, listener);
  }

  runEpoch(epoch: number): EpochCounters {
    const run = this.startFast(epoch);
    run.advance(this.#config.rows);
    return run.counters();
  }
}

function isFloat({ layout }: AcceleratorConfig): boolean {
  return layout.kind === "float32" || (layout.kind === "beats" && layout.bits === 32);
}
