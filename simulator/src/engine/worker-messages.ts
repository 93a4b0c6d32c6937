import type { Tally } from "./tally.ts";
import type { TracedFrame } from "./traced-frames.ts";

/** What a thread that runs cells is told: cells from one up to another, or that there are no more. */
export type ToWorker = { readonly kind: "run"; readonly from: number; readonly to: number } | { readonly kind: "end" };

/** What it answers: that it is ready for more, or its counts. */
export type FromWorker =
  | { readonly kind: "done"; readonly cells: number }
  | { readonly kind: "end"; readonly tally: Tally; readonly trace: readonly TracedFrame[] };
