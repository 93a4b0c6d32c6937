import type { ClockedEpoch, EpochCounters, PipelineState, Stalls } from "../accelerator.ts";
import { AcceleratorError } from "../errors.ts";
import type { Datapath } from "../exact-rows.ts";
import { type RunListener, wrapError } from "../fast/fast-run.ts";
import { epochCounters, type Latencies, latenciesOf, writeBackCycles } from "../timing.ts";
import { DotPipeline } from "./dot-pipeline.ts";
import { GradientPipeline } from "./gradient-pipeline.ts";
import { MemoryPort } from "./memory-port.ts";

type Cause = keyof Stalls;

/**
 * An epoch cycle by cycle: every register moves on by one stage in each, and what a line waits for is found out when it
 * waits. Within a cycle lines read what earlier cycles have written.
 */
export class ClockedRun implements ClockedEpoch {
  readonly #path: Datapath;
  readonly #listener: RunListener;
  readonly #latencies: Latencies;
  readonly #port: MemoryPort;
  readonly #dot: DotPipeline;
  readonly #gradient: GradientPipeline;
  readonly #groups: number;
  readonly #groupsPerBatch: number;
  readonly #faithful: boolean;
  readonly #stalls: Record<Cause, number> = { memory: 0, hazard: 0, rate: 0, fifo: 0, drain: 0, writeBack: 0 };
  #cycle = 0;
  #issued = 0;
  /** Part of the line in the lanes that enters next; 0 where a new line may. */
  #part = 0;
  #stall: Cause | undefined;
  /** Rows' groups that are written, and mini-batches that the model has taken in. */
  #written = 0;
  #updated = 0;
  /** Cycles since the update began; undefined where none is running. */
  #updating: number | undefined;
  #writeBackLeft: number | undefined;
  #counters: EpochCounters | undefined;

  constructor(path: Datapath, listener: RunListener) {
    const { config, shape } = path;
    this.#path = path;
    this.#listener = listener;
    this.#latencies = latenciesOf(config, shape);
    this.#port = new MemoryPort(config, shape);
    this.#dot = new DotPipeline(path, this.#latencies);
    this.#gradient = new GradientPipeline(path, this.#latencies);
    this.#groups = Math.ceil(config.rows / shape.rowsPerGroup);
    this.#groupsPerBatch = config.batch / shape.rowsPerGroup;
    this.#faithful = config.faithful === true;
    path.memory.begin();
  }

  get done(): boolean {
    return this.#counters !== undefined;
  }

  step(): boolean {
    if (this.done) return true;
    if (this.#writeBackLeft !== undefined) this.#stepWriteBack();
    else this.#stepPipeline();
    this.#cycle += 1;
    if (this.#writeBackLeft === 0) this.#finish();
    return this.done;
  }

  #stepWriteBack(): void {
    this.#stall = "writeBack";
    this.#stalls.writeBack += 1;
    this.#writeBackLeft = (this.#writeBackLeft as number) - 1;
  }

  #stepPipeline(): void {
    const { memory, lanes } = this.#path;
    this.#port.step(this.#cycle, this.#issued);
    const entered = this.#issue();
    const written = this.#gradient.step();
    const ready = this.#dot.step(entered);
    if (ready !== undefined) {
      this.#gradient.makeReady(ready);
      if (!this.#faithful)
        for (let bank = 0; bank < lanes.banks; bank++) memory.addResidual(ready.residuals[bank] as number);
    }
    if (this.#updating !== undefined) this.#stepUpdate(this.#updating);
    if (written !== undefined) this.#rowWritten(written);
    this.#checkWraps();
    const over = this.#faithful ? this.#written === this.#groups : this.#updated === this.#batches();
    if (over) this.#writeBackLeft = writeBackCycles(this.#path.config, this.#path.shape);
  }

  #batches(): number {
    return Math.ceil(this.#groups / this.#groupsPerBatch);
  }

  /** Lets the next line, or the next part of one, into the lanes, or notes why none enters. */
  #issue(): ReturnType<DotPipeline["enter"]> | undefined {
    const { linesPerRow, cyclesPerLine, lines } = this.#path.shape;
    const continues = this.#part > 0;
    this.#stall = continues ? "rate" : this.#cause(lines);
    if (this.#stall !== undefined) this.#stalls[this.#stall] += 1;
    if (!continues && this.#stall !== undefined) return undefined;
    if (!continues) {
      this.#issued += 1;
      this.#gradient.waiting += 1;
    }
    const line = this.#issued - 1;
    const entry = this.#dot.enter(Math.floor(line / linesPerRow), line % linesPerRow, this.#part);
    this.#part = (this.#part + 1) % cyclesPerLine;
    return entry;
  }

  #cause(lines: number): Cause | undefined {
    const { config, shape } = this.#path;
    if (this.#issued === lines) return "drain";
    if (this.#port.delivered === this.#issued) return "memory";
    const batch = Math.floor(this.#issued / shape.linesPerRow / this.#groupsPerBatch);
    if (!this.#faithful && batch > this.#updated) return "hazard";
    return this.#gradient.waiting >= config.platform.rowFifo ? "fifo" : undefined;
  }

  #rowWritten(group: number): void {
    this.#written = group + 1;
    const ends = this.#written % this.#groupsPerBatch === 0 || this.#written === this.#groups;
    if (!this.#faithful && ends) this.#updating = 0;
  }

  /** A group of the model is written `update` cycles after its turn, which comes every `cyclesPerLine` cycles. */
  #stepUpdate(age: number): void {
    const { shape, memory } = this.#path;
    const since = age - this.#latencies.update - (shape.cyclesPerLine - 1);
    if (since >= 0 && since % shape.cyclesPerLine === 0) memory.update(since / shape.cyclesPerLine);
    const last = (memory.groups - 1) * shape.cyclesPerLine;
    this.#updating = since === last ? undefined : age + 1;
    if (since === last) this.#updated += 1;
  }

  #checkWraps(): void {
    const { config, adders, shape } = this.#path;
    if (this.#faithful || config.saturating === true || adders.wraps === 0) return;
    this.#listener.over(undefined);
    throw wrapError(this.#dot.group * shape.rowsPerGroup);
  }

  #finish(): void {
    const { config, shape, adders } = this.#path;
    this.#counters = epochCounters(config, shape, this.#cycle, { ...this.#stalls }, adders.wraps);
    this.#listener.over(this.#counters);
  }

  run(): EpochCounters {
    while (!this.step());
    return this.counters();
  }

  counters(): EpochCounters {
    if (this.#counters === undefined)
      throw new AcceleratorError("state", "the epoch has no counters before it is over");
    return this.#counters;
  }

  state(): PipelineState {
    const { config, memory, shape } = this.#path;
    const reached = Math.floor((this.#updating ?? 0) / shape.cyclesPerLine) * memory.width;
    return {
      cycle: this.#cycle,
      requested: this.#port.requested,
      delivered: this.#port.delivered,
      issued: this.#issued,
      stall: this.#stall,
      dotStages: this.#dot.places(),
      tree: this.#dot.tree(),
      accumulator: this.#dot.totals.slice(),
      residual: Int32Array.from(this.#dot.residuals),
      rowFifo: this.#gradient.waiting,
      gradientStages: this.#gradient.places(),
      model: memory.model.slice(0, config.features),
      staged: memory.staged.slice(0, config.features),
      updating: this.#updating === undefined ? undefined : Math.min(config.features, reached),
    };
  }
}
