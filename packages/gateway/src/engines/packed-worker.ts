import { parentPort, workerData } from "node:worker_threads";
import type { Kernels, WasmMemory } from "../kernels/index.ts";
import { createBarrier } from "./barrier.ts";
import { createEngineKernels } from "./engine-kernels.ts";
import type { PackedJob, PackedLayout } from "./packed-layout.ts";
import { createMember, type PackedMember } from "./packed-member.ts";
import type { TeamAnswer } from "./team.ts";

/** What a worker is told: where everything lies, then jobs and how many workers share each, two at least. */
export type PackedMessage =
  | { readonly kind: "layout"; readonly memory: WasmMemory; readonly layout: PackedLayout }
  | { readonly kind: "job"; readonly job: PackedJob; readonly members: number };

const { words, threads, thread } = workerData.data as { words: Int32Array; threads: number; thread: number };
let place: { readonly kernels: Kernels; readonly layout: PackedLayout } | undefined;
/** This thread as one of so many members, as far as it has been. */
const roles = new Map<number, PackedMember>();

function roleAmong(members: number): PackedMember {
  const known = roles.get(members);
  if (known !== undefined) return known;
  if (place === undefined) throw new Error("a job came before the layout");
  const { kernels, layout } = place;
  // Jobs follow one another, so members meet in the same words however many they are.
  const barrier = createBarrier(words, members);
  const role = createMember({ kernels, layout: { ...layout, threads: members }, thread, barrier });
  roles.set(members, role);
  return role;
}

function answerTo(message: PackedMessage): TeamAnswer | undefined {
  try {
    if (message.kind === "job") return { end: roleAmong(message.members).run(message.job) };
    place = { kernels: createEngineKernels(message.memory), layout: message.layout };
    roles.clear();
    return undefined;
  } catch (error) {
    createBarrier(words, threads).leave();
    return { end: "left", fault: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on("message", (message: PackedMessage) => {
  const answer = answerTo(message);
  if (answer !== undefined) parentPort?.postMessage(answer);
});
