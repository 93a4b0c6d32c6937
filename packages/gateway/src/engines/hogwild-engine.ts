import { availableParallelism } from "node:os";
import { paddedFloats } from "../kernels/index.ts";
import { checkAborted, type Engine, type EngineNeeds, type EpochContext, TrainingError } from "../train/index.ts";
import { batchCount, type FloatStore, floatRefusal, loadFloats } from "./float-store.ts";
import { type HogwildJob, runShare } from "./hogwild-member.ts";
import type { HogwildMessage } from "./hogwild-worker.ts";
import {
  checkCap,
  checkThreads,
  createWasmArena,
  defaultCap,
  type KernelMemory,
  kernelFault,
  mostThreads,
} from "./kernel-memory.ts";
import type { RunEnd } from "./packed-member.ts";
import { shuffle } from "./row-order.ts";
import { createTeam, type Team } from "./team.ts";

/** Options of {@link hogwildEngine}. */
export interface HogwildEngineOptions {
  /** Threads that write one model, 1 to 64. Default all processors. */
  readonly threads?: number | undefined;
  /** Most bytes of memory, 2²⁰ to 2³² − 2¹⁶, which all rows must fit into. Default 2³⁰. */
  readonly memory?: number | undefined;
}

/**
 * Hogwild! (Niu et al., 2011), the baseline of the paper's experiments: float32 descent a row at a time on one model that
 * all threads read and write without locks. **Not deterministic** with two threads or more: updates may be lost, and the
 * model differs from run to run. A row's step is the mini-batch's step over its rows, so that an epoch goes as far.
 *
 * @throws `TrainingError` `options` for options out of range.
 */
export function hogwildEngine(options: HogwildEngineOptions = {}): Engine & { close(): Promise<void> } {
  const threads = checkThreads(options.threads ?? Math.min(availableParallelism(), mostThreads));
  return new HogwildEngine(threads, checkCap(options.memory ?? defaultCap));
}

interface Prepared {
  readonly source: EpochContext["source"];
  readonly scaling: EpochContext["scaling"];
  readonly store: FloatStore;
  readonly model: number;
  readonly trail: number;
  readonly order: number;
}

class HogwildEngine implements Engine {
  readonly name = "hogwild";
  readonly #threads: number;
  readonly #cap: number;
  #made: KernelMemory | undefined;
  #prepared: Prepared | undefined;
  #team: Team | undefined;
  #closed = false;

  constructor(threads: number, cap: number) {
    this.#threads = threads;
    this.#cap = cap;
  }

  supports(estimator: EpochContext["estimator"]): boolean {
    return estimator === "full";
  }

  refusal(needs: EngineNeeds): string | undefined {
    return floatRefusal(needs) ?? kernelFault(() => this.#memory());
  }

  async epoch(context: EpochContext): Promise<void> {
    if (this.#closed) throw new TrainingError("engine", "the engine was closed");
    const { weights, trail, signal, epoch, step, streams } = context;
    checkAborted(signal, epoch);
    const { store, model, trail: trailAt, order } = await this.#prepare(context);
    const { buffer } = this.#memory().arena.memory;
    const shared = new Float32Array(buffer, model, weights.length);
    const sum = new Float64Array(buffer, trailAt, weights.length).fill(0);
    const list = new Uint32Array(buffer, order, batchCount(store)).map((_, i) => i);
    shuffle(list, streams.shuffle);
    new Uint32Array(buffer, order, list.length).set(list);
    shared.set(weights);
    const count = list.length;
    const job: HogwildJob = {
      ...{ store, model, order, count },
      threads: Math.min(this.#threads, count),
      step: step / store.batch,
      trail: trail === undefined ? 0 : trailAt,
    };
    await this.#run(job, signal);
    checkAborted(signal, epoch);
    weights.set(shared);
    if (!weights.every(Number.isFinite)) weights.fill(Number.NaN);
    if (trail === undefined) return;
    for (let i = 0; i < weights.length; i++) trail.sum[i] = (trail.sum[i] as number) + (sum[i] as number);
    trail.count += Math.floor(count / job.threads); // what the first thread has run
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#team?.close();
    this.#prepared = undefined;
    this.#made = undefined;
  }

  #memory(): KernelMemory {
    this.#made ??= createWasmArena(this.#cap);
    return this.#made;
  }

  async #prepare(context: EpochContext): Promise<Prepared> {
    const { source, scaling, batch, weights } = context;
    const known = this.#prepared;
    if (known?.source === source && known.scaling === scaling && known.store.batch === batch) return known;
    this.#prepared = undefined;
    const { arena } = this.#memory();
    arena.clear();
    const padded = paddedFloats(weights.length);
    const model = arena.allocate(4 * padded);
    const trail = arena.allocate(8 * padded);
    new Uint8Array(arena.memory.buffer, model, 4 * padded).fill(0);
    const store = await loadFloats(arena, context);
    const order = arena.allocate(4 * batchCount(store));
    this.#prepared = { source, scaling, store, model, trail, order };
    return this.#prepared;
  }

  async #run(job: HogwildJob, signal: AbortSignal | undefined): Promise<RunEnd> {
    const { arena, kernels } = this.#memory();
    if (this.#threads === 1) return runShare(kernels, job, 0, () => signal?.aborted === true);
    if (this.#team === undefined) {
      this.#team = createTeam(this.#threads, "hogwild-worker");
      this.#team.tell({ kind: "memory", memory: arena.memory } satisfies HogwildMessage);
    }
    const team = this.#team;
    let end: RunEnd = "left";
    try {
      end = await team.run({ kind: "job", job } satisfies HogwildMessage, team.threads, signal);
      return end;
    } finally {
      if (end === "left") {
        this.#team = undefined;
        await team.close();
      }
    }
  }
}
