import { availableParallelism, loadavg, tmpdir } from "node:os";
import { setImmediate } from "node:timers/promises";
import type { Quantizer } from "@zipml/codec";
import { type Clock, systemClock } from "@zipml/protocol";
import {
  createKernelMemory,
  type Kernels,
  pageBytes,
  type WasmMemory,
  type WordStream,
  wordStream,
} from "../kernels/index.ts";
import {
  checkAborted,
  type Engine,
  type EngineNeeds,
  type EpochContext,
  type Scaling,
  streamName,
  type Task,
  TrainingError,
} from "../train/index.ts";
import { type Arena, createArena } from "./arena.ts";
import { createEngineKernels } from "./engine-kernels.ts";
import { checkCap, checkThreads, defaultCap, kernelFault, mostThreads } from "./kernel-memory.ts";
import { createPace, type Pace } from "./pace.ts";
import { gridsRefusal, modelFactors } from "./packed-grid.ts";
import { fullBits, layOut, type PackedJob, type PackedLayout } from "./packed-layout.ts";
import { createMember, type PackedMember, type RunEnd } from "./packed-member.ts";
import { packedObjective } from "./packed-objective.ts";
import { type BatchRun, createPackedStore, type PackedStore } from "./packed-store.ts";
import type { PackedMessage } from "./packed-worker.ts";
import { shuffle } from "./row-order.ts";
import { createTeam, type Team } from "./team.ts";

/** Options of {@link packedEngine}. */
export interface PackedEngineOptions {
  /**
   * Threads that share each mini-batch, 1 to 64. `auto` (default): as many as there are idle processors where data and
   * batches are large enough to pay for them, one elsewhere. One thread is the caller's own; more are worker threads, all
   * of them, and where fewer turn out to be faster, as beside other programs, the rest pause. The model is the same whatever
   * it comes to.
   */
  readonly threads?: number | "auto" | undefined;
  /** Most bytes of memory for rows and vectors, 2²⁰ to 2³² − 2¹⁶. Default 2³⁰. Rows beyond go to a file. */
  readonly memory?: number | undefined;
  /** Folder of that file. Default the system's for temporary files. */
  readonly directory?: string | undefined;
  /** What computes; default WebAssembly. With other kernels there is one thread. */
  readonly kernels?: ((memory: WasmMemory) => Kernels) | undefined;
  /** By which it is found how many threads are fastest; the model does not depend on it. Default the system's. */
  readonly clock?: Clock | undefined;
}

/**
 * Width of residuals where none is asked for, in mini-batches of so many rows: they fit a byte, of which products are formed
 * twice as fast. Rounding to 2⁷ − 1 intervals over ± the batch's largest |r| adds at most B·max²/127² to Σ r² ≥ max²: 6 % to the
 * variance of a gradient of 1,024 rows where one residual is all there is, a twentieth of a percent where they are normal.
 */
const byteBits = 7;
const mostByteRows = 1024;

/** `auto` starts threads from so many values in all on, as starting takes tens of milliseconds … */
const threadedValues = 2 ** 25;
/** … and from so many in a mini-batch on, as the threads meet four times in each. */
const threadedBatch = 2 ** 14;

/** Values that one thread takes before whoever else waits for the event loop gets a turn. */
const turnValues = 2 ** 23;

/**
 * Trains on codes as they are: 1, 2, 4 or 8 bits a value at rest, an int16 model (Q₃), int16 residuals (Q_r), sums in
 * whole numbers, and the gradient rounded as well where `gradientBits` asks (Q₄): the paper's section 3 end to end. Runs
 * `symmetric`, with the columns' average d, and `naive`; squares with any regularizer and, with `naive`, logistic and hinge. Q₃ rounds the model in units of codes, the largest of its
 * components setting the scale.
 *
 * Rows are packed once a training, in random order within each block of the source; an epoch visits the mini-batches of
 * each grid in random order. Dithered readings of up to 6 bits are drawn anew as 8-bit codes. The same codes, options and seed give the same model to the bit, whatever the threads.
 *
 * @throws `TrainingError` `options` for options out of range.
 */
export function packedEngine(options: PackedEngineOptions = {}): Engine & { close(): Promise<void> } {
  return new PackedEngine(options);
}

/** One source made ready: packed, with everything a team shares. */
interface Prepared {
  readonly source: EpochContext["source"];
  readonly scaling: EpochContext["scaling"];
  readonly store: PackedStore;
  readonly layout: PackedLayout;
  /** The caller's own thread, alone. */
  readonly member: PackedMember;
  readonly pace: Pace;
}

class PackedEngine implements Engine {
  readonly name = "packed";
  readonly runsObjectives = true;
  readonly #threads: number | "auto";
  readonly #cap: number;
  readonly #directory: string;
  readonly #makeKernels: (memory: WasmMemory) => Kernels;
  readonly #single: boolean;
  readonly #clock: Clock;
  #arena: Arena | undefined;
  #kernels: Kernels | undefined;
  #prepared: Prepared | undefined;
  #team: Team | undefined;
  #closed = false;

  constructor(options: PackedEngineOptions) {
    const { threads = "auto", memory = defaultCap, directory = tmpdir(), kernels, clock = systemClock() } = options;
    this.#threads = threads === "auto" ? threads : checkThreads(threads);
    this.#cap = checkCap(memory);
    this.#directory = directory;
    this.#makeKernels = kernels ?? createEngineKernels;
    this.#single = kernels !== undefined;
    this.#clock = clock;
  }

  get notes(): readonly string[] {
    const added = this.#prepared?.store.addedVariance ?? 0;
    if (added === 0) return [];
    const percent = (100 * added).toPrecision(2);
    return [`engine packed draws dithered readings anew at 8 bits: up to ${percent} % more variance of quantization`];
  }

  supports(estimator: EpochContext["estimator"]): boolean {
    return estimator === "symmetric" || estimator === "naive";
  }

  refusal(needs: EngineNeeds): string | undefined {
    return packedRefusal(needs) ?? kernelFault(() => this.#memory());
  }

  modelUnits(quantizer: Quantizer, task: Task, scaling: Scaling): Float64Array {
    return modelFactors(quantizer, task, scaling);
  }

  async epoch(context: EpochContext): Promise<void> {
    if (this.#closed) throw new TrainingError("engine", "the engine was closed");
    checkAborted(context.signal, context.epoch);
    const { store, layout, member } = await this.#prepare(context);
    const { weights, trail, streams, signal, epoch } = context;
    const { buffer } = (this.#arena as Arena).memory;
    const { columns: size } = layout;
    new Float64Array(buffer, layout.weights, size).set(weights.subarray(0, size));
    new Float64Array(buffer, layout.trail, size).fill(0);
    const intercept = new Float64Array(buffer, layout.intercept, 2);
    intercept.set([weights[size] ?? 0, 0]);
    let done = 0;
    for await (const run of store.runs((list) => shuffle(list, streams.shuffle))) {
      const job = { ...jobOf(context, store), ...run, firstStep: done };
      const end = await (layout.threads === 1 ? this.#runAlone(job, member, context) : this.#runPaced(job, context));
      checkAborted(signal, epoch);
      if (end === "diverged") {
        weights.fill(Number.NaN);
        return;
      }
      done += run.count;
    }
    weights.set(new Float64Array(buffer, layout.weights, size));
    if (weights.length > size) weights[size] = intercept[0] as number;
    if (!weights.every(Number.isFinite)) weights.fill(Number.NaN);
    if (trail === undefined) return;
    const sum = new Float64Array(buffer, layout.trail, size);
    for (let i = 0; i < size; i++) trail.sum[i] = (trail.sum[i] as number) + (sum[i] as number);
    if (weights.length > size) trail.sum[size] = (trail.sum[size] as number) + (intercept[1] as number);
    trail.count += done;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#team?.close();
    await this.#forget();
    this.#arena = undefined;
    this.#kernels = undefined;
  }

  async #forget(): Promise<void> {
    const store = this.#prepared?.store;
    this.#prepared = undefined;
    await store?.close();
  }

  async #prepare(context: EpochContext): Promise<Prepared> {
    const { source, scaling, task, batch, guard, seed, signal, epoch } = context;
    const known = this.#prepared;
    if (known?.source === source && known.scaling === scaling && known.layout.batch === batch) return known;
    await this.#forget();
    const arena = this.#memory();
    arena.clear();
    const kernels = this.#kernels as Kernels;
    const threads = this.#threadsFor(context);
    const columns = task.features.length;
    const layout = layOut(arena, { columns, batch, threads, guard });
    const store = createPackedStore({ arena, kernels, task, scaling, batch, seed, directory: this.#directory });
    try {
      for await (const block of source.blocks()) {
        checkAborted(signal, epoch);
        if (block.kind === "values") throw new TrainingError("engine", "engine packed reads codes, not raw rows");
        await store.add(block);
      }
      await store.finish();
    } catch (error) {
      await store.close();
      throw error;
    }
    const alone = { ...layout, threads: 1 };
    const member = createMember({ kernels, layout: alone, thread: 0, barrier: undefined });
    this.#prepared = { source, scaling, store, layout, member, pace: createPace(threads) };
    if (threads > 1) await this.#gather(threads);
    return this.#prepared;
  }

  /** Made when first needed, and kept: it reserves much of the address space. */
  #memory(): Arena {
    this.#arena ??= createArena(createKernelMemory(pageBytes, this.#cap), this.#cap);
    this.#kernels ??= this.#makeKernels(this.#arena.memory);
    return this.#arena;
  }

  #threadsFor({ source, task, batch }: EpochContext): number {
    if (this.#single) return 1;
    if (this.#threads !== "auto") return this.#threads;
    const columns = task.features.length;
    const pays = source.rows * columns >= threadedValues && batch * columns >= threadedBatch;
    return pays ? Math.max(1, Math.min(idleProcessors(), mostThreads)) : 1;
  }

  /** A team of so many, told where everything lies. */
  async #gather(threads: number): Promise<void> {
    if (this.#team?.threads !== threads) {
      await this.#team?.close();
      this.#team = createTeam(threads, "packed-worker");
    }
    this.#tellLayout(this.#team);
  }

  #tellLayout(team: Team): void {
    const { layout } = this.#prepared as Prepared;
    team.tell({ kind: "layout", memory: (this.#arena as Arena).memory, layout } satisfies PackedMessage);
  }

  /** In stretches, each by as many members as the pace has found fastest: by the caller's own thread where that is one. */
  async #runPaced(job: PackedJob, context: EpochContext): Promise<RunEnd> {
    const { pace, member } = this.#prepared as Prepared;
    for (let at = 0; at < job.count; ) {
      if (at > 0) await setImmediate();
      const count = pace.stretch(job.count - at);
      const stretch = stretchOf(job, at, count);
      const { members } = pace;
      const start = this.#clock.now();
      const end = await (members === 1
        ? this.#runAlone(stretch, member, context)
        : this.#runTeam(stretch, members, context.signal));
      if (end !== "done") return end;
      pace.record(count, (this.#clock.now() - start) / 1000);
      at += count;
    }
    return "done";
  }

  async #runTeam(job: PackedJob, members: number, signal: AbortSignal | undefined): Promise<RunEnd> {
    if (this.#team === undefined) {
      this.#team = createTeam((this.#prepared as Prepared).layout.threads, "packed-worker");
      this.#tellLayout(this.#team);
    }
    const team = this.#team;
    let end: RunEnd = "left";
    try {
      end = await team.run({ kind: "job", job, members } satisfies PackedMessage, members, signal);
      return end;
    } finally {
      // Whoever has left a barrier can't come back to it.
      if (end === "left") {
        this.#team = undefined;
        await team.close();
      }
    }
  }

  async #runAlone(job: PackedJob, member: PackedMember, { task, signal, epoch, batch }: EpochContext): Promise<RunEnd> {
    const turn = Math.max(1, Math.floor(turnValues / (batch * task.features.length)));
    for (let at = 0; at < job.count; at += turn) {
      if (at > 0) await setImmediate();
      checkAborted(signal, epoch);
      const count = Math.min(turn, job.count - at);
      const end = member.run(stretchOf(job, at, count));
      if (end !== "done") return end;
    }
    return "done";
  }
}

/** Processors that others leave free, by the load of the last minute: threads that wait for each other need one each. */
function idleProcessors(): number {
  return Math.round(availableParallelism() - (loadavg()[0] ?? 0));
}

/** So many mini-batches of a job, from one on. */
function stretchOf(job: PackedJob, from: number, count: number): PackedJob {
  return { ...job, order: job.order + 4 * from, count, firstStep: job.firstStep + from };
}

function wordsOf(purpose: string, seed: number | string, epoch: number): WordStream {
  return wordStream(streamName(purpose, seed), epoch);
}

function jobOf(context: EpochContext, store: PackedStore): Omit<PackedJob, keyof BatchRun | "firstStep"> {
  const { step, modelBits, residualBits, gradientBits, spreads, trail, seed, epoch, objective, batch } = context;
  const ownBits = batch <= mostByteRows ? byteBits : fullBits;
  return {
    grids: store.grids,
    step,
    modelBits: modelBits === 0 ? fullBits : modelBits,
    residualBits: residualBits === 0 ? ownBits : residualBits,
    gradientBits,
    subtractSpreads: spreads !== undefined,
    averages: trail !== undefined,
    objective: packedObjective(objective),
    streams: {
      model: wordsOf("model", seed, epoch),
      residual: wordsOf("residual", seed, epoch),
      gradient: wordsOf("gradient", seed, epoch),
    },
  };
}

/** Why the packed engine can't run a training; undefined where it can. */
function packedRefusal(needs: EngineNeeds): string | undefined {
  const { rowSpreads, ...widths } = needs;
  if (rowSpreads) return "it subtracts the columns' average d: diagonal \"row\" is the reference engine's";
  for (const name of ["modelBits", "residualBits", "gradientBits"] as const)
    if (widths[name] > fullBits) return `${name} of ${widths[name]} where int16 holds ${fullBits}`;
  return gridsRefusal(needs);
}
