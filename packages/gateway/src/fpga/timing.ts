import type { AcceleratorConfig, EpochCounters, Shape, Stalls } from "./accelerator.ts";

/** Time on the channel is counted in this many parts of a cycle. */
const ticks = 65_536;

/**
 * Cycles from stage to stage. With a row of one line a write reaches the model `treeLevels` + 12 cycles after the model was
 * read for it: 17 for Q8 pairs, 19 for 128 lanes, what the authors' code comes to.
 */
export interface Latencies {
  /** From the lanes to products. */
  readonly multiply: number;
  /** From products to the sum of the tree, with its input register. */
  readonly tree: number;
  /** The accumulator. */
  readonly accumulate: number;
  /** From the accumulator to the shifted residual in its register. */
  readonly residual: number;
  /** From a line leaving the FIFO to its last write. */
  readonly gradient: number;
  /** From the start of a model line's update to its write. */
  readonly update: number;
}

/** Latencies of float32 units: multiply, subtract, convert from and to fixed point. Assumed; vendors' cores lie close. */
const float = { multiply: 5, subtract: 7, convert: 6 } as const;

/** The latencies of a configuration. */
export function latenciesOf({ layout }: AcceleratorConfig, { treeLevels }: Shape): Latencies {
  const floats = layout.kind === "float32" || (layout.kind === "beats" && layout.bits === 32);
  const floatResidual = floats || layout.kind === "beats";
  const product = floats ? float.multiply + float.convert : 1;
  return {
    multiply: product,
    tree: treeLevels + 1,
    accumulate: 1,
    residual: 4 + (floatResidual ? float.convert + float.subtract + float.multiply : 0),
    gradient: product + 3,
    update: 3,
  };
}

/** Length of a line on the channel, in parts of a cycle, rounded to the nearest. */
export function lineTicks({ platform }: AcceleratorConfig, { lineBytes }: Shape): number {
  return Math.max(1, Math.round((ticks * lineBytes * platform.clock) / platform.bandwidth));
}

/** Lines that the model takes when it is written back: whole groups of a line's features, a word each, as the original does. */
export function writeBackLines({ features }: AcceleratorConfig, { featuresPerLine, lineBytes }: Shape): number {
  return Math.ceil((Math.ceil(features / featuresPerLine) * featuresPerLine * 4) / lineBytes);
}

/** Cycles of the write-back: at the channel's rate, a line a cycle at most. */
export function writeBackCycles(config: AcceleratorConfig, shape: Shape): number {
  const lines = writeBackLines(config, shape);
  return Math.max(lines, Math.ceil((lines * lineTicks(config, shape)) / ticks));
}

/** Deliveries of the memory channel: requests and when each line arrives. Both modes count by it. */
export class Channel {
  readonly #ticks: number;
  readonly #latency: number;
  #free = 0;

  constructor(config: AcceleratorConfig, shape: Shape) {
    this.#ticks = lineTicks(config, shape);
    this.#latency = config.platform.latency;
  }

  /** The cycle at whose start the next line, asked for in that cycle, is there. */
  deliver(requested: number): number {
    this.#free = Math.max(this.#free, (requested + this.#latency) * ticks) + this.#ticks;
    return Math.ceil(this.#free / ticks);
  }
}

/**
 * The pipeline's schedule line by line: what the clocked mode arrives at cycle by cycle, as recurrences. Everything a line
 * waits for is known when the line's turn comes, so an epoch is one pass.
 */
export class Schedule {
  readonly #config: AcceleratorConfig;
  readonly #shape: Shape;
  readonly #latencies: Latencies;
  readonly #channel: Channel;
  readonly #issues: Float64Array;
  readonly #pops: Float64Array;
  #line = 0;
  #requested = 0;
  #request = -1;
  #burstLeft = 0;
  #issue: number;
  #pop = Number.NEGATIVE_INFINITY;
  #free = 0;
  readonly #stalls = { memory: 0, hazard: 0, rate: 0, fifo: 0 };
  #hazard = 0;

  constructor(config: AcceleratorConfig, shape: Shape) {
    this.#config = config;
    this.#shape = shape;
    this.#latencies = latenciesOf(config, shape);
    this.#channel = new Channel(config, shape);
    this.#issues = new Float64Array(config.platform.reorderDepth);
    this.#pops = new Float64Array(config.platform.rowFifo);
    this.#issue = -shape.cyclesPerLine;
  }

  /** The cycle in which the burst that holds the next line is asked for. */
  #ask(): number {
    if (this.#burstLeft === 0) {
      const { burst, reorderDepth } = this.#config.platform;
      const size = Math.min(burst, this.#shape.lines - this.#requested);
      const before = this.#requested + size - reorderDepth - 1;
      const room = before < 0 ? 0 : (this.#issues[before % reorderDepth] as number) + 1;
      this.#request = Math.max(this.#request + 1, room);
      this.#requested += size;
      this.#burstLeft = size;
    }
    this.#burstLeft -= 1;
    return this.#request;
  }

  /** The next line's cycle of entry: its model words are read there. */
  issue(): number {
    const { cyclesPerLine } = this.#shape;
    const line = this.#line++;
    const depth = this.#pops.length;
    const base = this.#issue + cyclesPerLine;
    const arrival = this.#channel.deliver(this.#ask());
    const room = line < depth ? 0 : (this.#pops[line % depth] as number) + 1;
    const delivered = Math.max(base, arrival);
    const safe = Math.max(delivered, this.#hazard);
    this.#issue = Math.max(safe, room);
    this.#stalls.memory += delivered - base;
    this.#stalls.hazard += safe - delivered;
    this.#stalls.fifo += this.#issue - safe;
    this.#stalls.rate += cyclesPerLine - 1;
    this.#issues[line % this.#issues.length] = this.#issue;
    return this.#issue;
  }

  /**
   * After the last line of a row: its lines leave the FIFO for the gradient.
   *
   * @returns The cycle of the first line's write; the others follow every `cyclesPerLine` cycles.
   */
  finishRow(): number {
    const { cyclesPerLine, linesPerRow } = this.#shape;
    const { multiply, tree, accumulate, residual, gradient } = this.#latencies;
    const ready = this.#issue + cyclesPerLine + multiply + tree + accumulate + residual;
    const first = Math.max(ready, this.#pop + cyclesPerLine);
    for (let line = this.#line - linesPerRow, at = first; line < this.#line; line++, at += cyclesPerLine)
      this.#pops[line % this.#pops.length] = at;
    this.#pop = first + (linesPerRow - 1) * cyclesPerLine;
    this.#free = this.#pop + cyclesPerLine - 1 + gradient + 1;
    return first + cyclesPerLine - 1 + gradient;
  }

  /** After the last row of a mini-batch, corrected: the model is brought up to date before the next line enters. */
  update(): void {
    const { cyclesPerLine, featuresPerLine } = this.#shape;
    const groups = Math.ceil(this.#config.features / featuresPerLine);
    this.#free += groups * cyclesPerLine + this.#latencies.update;
    this.#hazard = this.#free;
  }

  /** The counters of the epoch, all lines of which are through. */
  counters(wraps: number): EpochCounters {
    const end = this.#issue + this.#shape.cyclesPerLine;
    const writeBack = writeBackCycles(this.#config, this.#shape);
    const stalls = { ...this.#stalls, drain: this.#free - end, writeBack };
    return epochCounters(this.#config, this.#shape, this.#free + writeBack, stalls, wraps);
  }
}

/** The counters of an epoch of so many cycles. */
export function epochCounters(
  config: AcceleratorConfig,
  shape: Shape,
  cycles: number,
  stalls: Stalls,
  wraps: number,
): EpochCounters {
  return {
    cycles,
    modelledSeconds: cycles / config.platform.clock,
    rows: config.rows,
    lines: shape.lines,
    bytesRead: shape.lines * shape.lineBytes,
    labelBytes: config.layout.kind === "weave" ? 4 * config.rows : 0,
    bytesWritten: writeBackLines(config, shape) * shape.lineBytes,
    stalls,
    wraps,
  };
}
