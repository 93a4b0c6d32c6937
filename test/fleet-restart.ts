import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { GatewayOptions } from "@zipml/gateway";
import { group } from "./fleet.ts";
import { root } from "./run.ts";

/** A gateway that trains, rotates and deletes segments many times within a test. */
export const durableGateway = {
  group,
  training: { minimum: 20, window: 3000, everyRows: 500, epochs: 2, step: 0.05 },
  receipts: { delay: 5, gapAfter: 200 },
  log: { segmentBytes: 8192 },
} satisfies Partial<GatewayOptions>;

/** A gateway in a process of its own. */
export interface GatewayProcess {
  /** Lines that it printed. */
  readonly lines: string[];
  /** Resolves when its subscriptions stand. */
  readonly ready: Promise<void>;
  /** kill −9; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts a gateway process on a broker and a directory. @param file The program in `test/` that it runs. */
export function spawnGateway(url: string, directory: string, file = "fleet-restart-program.ts"): GatewayProcess {
  const program = join(root, "test", file);
  const tsx = import.meta.resolve("tsx");
  const child: ChildProcess = spawn(
    process.execPath,
    ["--conditions=zipml-source", "--import", tsx, program, url, directory],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const exited = once(child, "exit");
  const lines: string[] = [];
  const stderr: string[] = [];
  child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  const ready = new Promise<void>((resolve, reject) => {
    if (child.stdout === null) throw new TypeError("the process has no output");
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line === "ready") resolve();
      else lines.push(line);
    });
    exited.then(() => reject(new Error(`the gateway ended before it was ready: ${stderr.join("")}`)), reject);
  });
  ready.catch(() => undefined); // killed before
  return {
    lines,
    ready,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
