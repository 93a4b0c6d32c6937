import { Worker } from "node:worker_threads";

/**
 * Starts a worker thread on a file of this folder, from built or from TypeScript sources alike.
 *
 * @param name The file without its ending; it stands beside this one.
 * @param data What the thread finds as `workerData.data`, by structured clone.
 */
export function spawnThread(name: string, data: unknown): Worker {
  const isSource = import.meta.url.endsWith(".ts");
  const entry = new URL(`./${name}.${isSource ? "ts" : "js"}`, import.meta.url);
  // Node 20 does not hand --import on to worker threads: a plain script registers the loader.
  return isSource
    ? new Worker(new URL("./thread-source.mjs", import.meta.url), {
        workerData: { entry: entry.href, data },
        execArgv: ["--conditions=zipml-source"],
      })
    : new Worker(entry, { workerData: { data } });
}
