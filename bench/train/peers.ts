import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { blockRows, featureDeviation, type SyntheticSet } from "./synthetic.ts";

const run = promisify(execFile);

/** A program that trains on the same rows: commands in, one line each out. */
export interface Peer {
  ask(command: string): Promise<string>;
  /** Seconds that the command took, as the peer itself measured. */
  seconds(command: string): Promise<number>;
  close(): void;
}

/** The files that peers read. */
export interface PeerFiles {
  readonly features: string;
  readonly targets: string;
}

/** Writes the set, standardised, as float32. */
export async function writeFiles(set: SyntheticSet, folder: string): Promise<PeerFiles> {
  const files = { features: join(folder, "features.f32"), targets: join(folder, "targets.f32") };
  const [features, targets] = [await open(files.features, "w"), await open(files.targets, "w")];
  for (let index = 0; index * blockRows < set.rows; index++) {
    const block = set.block(index);
    await features.write(Buffer.from(Float32Array.from(block.features, (value) => value / featureDeviation).buffer));
    await targets.write(Buffer.from(Float32Array.from(block.targets, (value) => value / set.targetDeviation).buffer));
  }
  await features.close();
  await targets.close();
  return files;
}

/** Takes the files away once all peers have read them. */
export async function removeFiles({ features, targets }: PeerFiles): Promise<void> {
  for (const file of [features, targets]) await rm(file, { force: true });
}

/**
 * Compiles the C peer.
 *
 * @returns Its path, or why there is none.
 */
export async function compilePeer(folder: string): Promise<{ path: string } | { reason: string }> {
  const path = join(folder, "sgd");
  const source = fileURLToPath(new URL("c/sgd.c", import.meta.url));
  try {
    await run("gcc", ["-std=c11", "-O3", "-march=native", "-pthread", "-o", path, source]);
    return { path };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { reason: `gcc gives no C peer: ${line}` };
  }
}

/** @returns Python's path where it has scikit-learn, or why not. */
export async function findSklearn(): Promise<{ path: string } | { reason: string }> {
  const path = "/usr/bin/python3";
  try {
    await run(path, ["-c", "import sklearn"]);
    return { path };
  } catch {
    return { reason: "scikit-learn is not installed for the system's python3" };
  }
}

/** Starts a peer; resolves once it has read its rows. */
export async function startPeer(command: string, args: readonly string[]): Promise<Peer> {
  const child: ChildProcessWithoutNullStreams = spawn(command, args);
  const waiting: { settle(line: string): void; fail(error: Error): void }[] = [];
  let trouble = "";
  child.stderr.on("data", (part) => {
    trouble += part;
  });
  createInterface(child.stdout).on("line", (line) => waiting.shift()?.settle(line));
  child.on("close", () => {
    for (const { fail } of waiting.splice(0)) fail(new Error(`${command} has ended: ${trouble.trim()}`));
  });
  child.on("error", (error) => {
    for (const { fail } of waiting.splice(0)) fail(error);
  });
  const answer = (): Promise<string> => new Promise((settle, fail) => waiting.push({ settle, fail }));
  await answer();
  const ask = (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  return { ask, seconds: async (line) => Number(await ask(line)), close: () => child.stdin.end() };
}

/** The scikit-learn peer. */
export const pythonScript: string = fileURLToPath(new URL("python/sgd.py", import.meta.url));
