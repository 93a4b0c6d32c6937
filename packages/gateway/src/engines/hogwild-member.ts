import type { Kernels } from "../kernels/index.ts";
import type { FloatStore } from "./float-store.ts";
import type { RunEnd } from "./packed-member.ts";

/** A pass over mini-batches that several threads take a share of each. Pointers are bytes. */
export interface HogwildJob {
  readonly store: FloatStore;
  /** Float32, shared by all threads, without locks. */
  readonly model: number;
  /** Uint32: which mini-batches, in order. */
  readonly order: number;
  readonly count: number;
  /** Step of a row. */
  readonly step: number;
  readonly threads: number;
  /** Float64: where not 0, the first thread adds the model to it after each of its mini-batches. */
  readonly trail: number;
}

/**
 * Runs a thread's share, neighbours in the order.
 *
 * @param left Whether the others have given up.
 */
export function runShare(kernels: Kernels, job: HogwildJob, thread: number, left: () => boolean): RunEnd {
  const { store, model, step, count, threads } = job;
  const { buffer } = kernels.memory;
  const { batch, columns, stride } = store;
  const order = new Uint32Array(buffer, job.order, count);
  const shared = new Float32Array(buffer, model, columns);
  const trail = thread === 0 && job.trail !== 0 ? new Float64Array(buffer, job.trail, columns) : undefined;
  const from = Math.floor((count * thread) / threads);
  const to = Math.floor((count * (thread + 1)) / threads);
  for (const index of order.subarray(from, to)) {
    if (left()) return "left";
    const row = index * batch;
    const rows = Math.min(batch, store.rows - row);
    const run = { values: store.values + row * stride, stride, rows, columns };
    kernels.hogwildRows(run, store.targets + 4 * row, model, step);
    if (trail === undefined) continue;
    for (let i = 0; i < columns; i++) trail[i] = (trail[i] as number) + (shared[i] as number);
  }
  return "done";
}
