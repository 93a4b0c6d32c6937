/** Loads a worker written in TypeScript. Only sources need it: what is built starts its own .js file. */
import process from "node:process";
import { workerData } from "node:worker_threads";

// Newer versions of Node read TypeScript themselves. tsx is a tool of the repository, and no dependency of the package.
if (!process.features.typescript) {
  const { register } = await import(import.meta.resolve("tsx/esm/api"));
  register();
}
await import(workerData.entry);
