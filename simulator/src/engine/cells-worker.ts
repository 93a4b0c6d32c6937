import { parentPort, workerData } from "node:worker_threads";
import { type CellsInput, createCellRunner } from "./cells.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** A thread that runs cells as it is told to, and in the end hands over its counts. */
const { data } = workerData as { readonly data: CellsInput };
const runner = createCellRunner(data);
const answer = (message: FromWorker): void => parentPort?.postMessage(message);

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "end") {
    answer({ kind: "end", tally: runner.tally, trace: runner.trace });
    parentPort?.close();
    return;
  }
  for (let cell = message.from; cell < message.to; cell++) runner.run(cell);
  answer({ kind: "done", cells: message.to - message.from });
});
answer({ kind: "done", cells: 0 });
