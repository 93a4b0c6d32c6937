import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { ReplayReport } from "../device/replay.ts";
import { CliError } from "../errors.ts";

/** Node's arguments for `zipml` itself: from source in a checkout, from dist where it is installed. */
function ownArguments(): readonly string[] {
  const fromSource = import.meta.url.endsWith(".ts");
  const bin = fileURLToPath(new URL(fromSource ? "../bin.ts" : "../bin.js", import.meta.url));
  if (!fromSource) return [bin];
  const loader = createRequire(import.meta.url).resolve("tsx/esm");
  return ["--conditions=zipml-source", "--import", loader, bin];
}

/**
 * Runs `zipml device` in a process of its own.
 *
 * @param args Its flags.
 * @param signal Ends the process.
 * @returns What it reports.
 * @throws {@link CliError} `delivery` with what it said, where it fails.
 */
export async function runDevice(args: readonly string[], signal: AbortSignal): Promise<ReplayReport> {
  const child = spawn(process.execPath, [...ownArguments(), "device", ...args, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    signal,
    killSignal: "SIGTERM",
  });
  const texts = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    texts.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    texts.err += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new CliError("delivery", `a device ended with exit code ${code}: ${texts.err.trim()}`);
  return JSON.parse(texts.out) as ReplayReport;
}
