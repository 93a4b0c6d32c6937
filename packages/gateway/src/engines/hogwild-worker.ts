import { parentPort, workerData } from "node:worker_threads";
import type { Kernels, WasmMemory } from "../kernels/index.ts";
import { createBarrier } from "./barrier.ts";
import { createEngineKernels } from "./engine-kernels.ts";
import { type HogwildJob, runShare } from "./hogwild-member.ts";
import type { TeamAnswer } from "./team.ts";

/** What a worker is told: the memory, then jobs. */
export type HogwildMessage =
  | { readonly kind: "memory"; readonly memory: WasmMemory }
  | { readonly kind: "job"; readonly job: HogwildJob };

const { words, threads, thread } = workerData.data as { words: Int32Array; threads: number; thread: number };
const barrier = createBarrier(words, threads);
let kernels: Kernels | undefined;

function answerTo(message: HogwildMessage): TeamAnswer | undefined {
  try {
    if (message.kind === "memory") {
      kernels = createEngineKernels(message.memory);
      return undefined;
    }
    return { end: kernels === undefined ? "left" : runShare(kernels, message.job, thread, () => barrier.left) };
  } catch (error) {
    barrier.leave();
    return { end: "left", fault: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on("message", (message: HogwildMessage) => {
  const answer = answerTo(message);
  if (answer !== undefined) parentPort?.postMessage(answer);
});
