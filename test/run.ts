import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

/** The repository's folder. */
export const root = resolve(import.meta.dirname, "..");

/** How a program ended; `code` is the signal's name when one ended it. */
export interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where, with which environment on top of ours, and for how long a program may run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Killed, with its children, after that many milliseconds; default 60,000. */
  readonly timeout?: number;
}

/** What an outer npm or vitest says about itself; a program under test must not see it. */
const notInherited = /^(npm_|VITEST|NODE_ENV$|NODE_OPTIONS$|VITE_)/i;

/** The environment a user's shell would give. */
function userEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !notInherited.test(name)));
}

/** Runs a program without standard input to its end. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { cwd = root, env = {}, timeout = 60_000 } = options;
  return new Promise((settle, fail) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...userEnvironment(), NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const timer = setTimeout(() => {
      stderr += `[ended: took longer than ${timeout} ms]`;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, timeout);
    child.once("error", (error) => {
      clearTimeout(timer);
      fail(error);
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      settle({ code: code ?? signal ?? "unknown", stdout, stderr });
    });
  });
}

/** Runs a TypeScript file from source, as the development commands do: no build, workspace packages by name. */
export function runTypeScript(file: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ended> {
  const tsx = import.meta.resolve("tsx");
  return run(process.execPath, ["--conditions=zipml-source", "--import", tsx, file, ...args], options);
}

/**
 * A folder of its own, removed when disposed.
 * @param parent default `.cache/`, where workspace packages resolve by name
 */
export async function temporaryFolder(
  name: string,
  parent = join(root, ".cache"),
): Promise<AsyncDisposable & { readonly path: string }> {
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, `${name}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
