import { parentPort, workerData } from "node:worker_threads";
import type { WasmMemory } from "../kernels/index.ts";
import { createBarrier } from "./barrier.ts";
import { createEngineKernels } from "./engine-kernels.ts";
import type { PackedJob, PackedLayout } from "./packed-layout.ts";
import { createMember, type PackedMember } from "./packed-member.ts";
import type { TeamAnswer } from "./team.ts";

/** What a worker is told: where everything lies, then jobs. */
export type PackedMessage =
  | { readonly kind: "layout"; readonly memory: WasmMemory; readonly layout: PackedLayout }
  | { readonly kind: "job"; readonly job: PackedJob };

const { words, threads, thread } = workerData.data as { words: Int32Array; threads: number; thread: number };
const barrier = createBarrier(words, threads);
let member: PackedMember | undefined;

function answerTo(message: PackedMessage): TeamAnswer | undefined {
  try {
    if (message.kind === "job") return { end: member?.run(message.job) ?? "left" };
    member = createMember({ kernels: createEngineKernels(message.memory), layout: message.layout, thread, barrier });
    return undefined;
  } catch (error) {
    barrier.leave();
    return { end: "left", fault: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on("message", (message: PackedMessage) => {
  const answer = answerTo(message);
  if (answer !== undefined) parentPort?.postMessage(answer);
});
