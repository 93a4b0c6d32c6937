import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process of our own that answers calls. */
export interface Child {
  readonly pid: number | undefined;
  /** Has it do something. @throws Error with what it says, or when it ends before it answers. */
  call<Result>(name: string, argument?: unknown): Promise<Result>;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** What it wrote to its standard error. */
  stderr(): string;
  /** Lets it end by itself, and ends it after ten seconds. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Options of {@link startChild}. */
export interface ChildOptions {
  /** Largest old generation of its heap, MB. */
  readonly heap?: number;
  readonly execArgv?: readonly string[];
}

/** Has a process leave a profile of its processor time in a folder, where one is named. */
export function profiled(folder: string | undefined): ChildOptions {
  return folder === undefined ? {} : { execArgv: ["--cpu-prof", `--cpu-prof-dir=${folder}`] };
}

/**
 * Starts a program beside this file that calls {@link serve}.
 *
 * @param program Address of the source file.
 */
export function startChild(program: URL, { heap, execArgv = [] }: ChildOptions = {}): Child {
  const child: ChildProcess = fork(fileURLToPath(program), [], {
    execArgv: [
      "--conditions=zipml-source",
      "--import",
      "tsx",
      ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`]),
      ...execArgv,
    ],
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const said: string[] = [];
  let calls = 0;
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said.push(text);
    if (said.length > 100) said.shift();
  });
  child.on("message", (answer: Answer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error === undefined) call?.resolve(answer.result);
    else call?.reject(new Error(answer.error));
  });
  const ended = once(child, "exit").then(([code, signal]) => {
    for (const { reject } of waiting.values())
      reject(new Error(`the process ended (code ${code}, signal ${signal}): ${said.join("").slice(-2000)}`));
    waiting.clear();
    return { code, signal };
  });
  return {
    pid: child.pid,
    ended,
    stderr: () => said.join(""),
    call: <Result>(name: string, argument?: unknown) =>
      new Promise<Result>((resolve, reject) => {
        calls += 1;
        waiting.set(calls, { resolve: resolve as (value: unknown) => void, reject });
        const call: Call = { id: calls, name, argument };
        child.send(call, (error) => {
          if (error === null) return;
          waiting.delete(call.id);
          reject(error);
        });
      }),
    stop: async () => {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
    },
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** Answers the calls of the process that started this one, until it lets go. */
export function serve(
  handlers: Readonly<Record<string, (argument: never) => unknown>>,
  end: () => Promise<void>,
): void {
  const answer = async ({ id, name, argument }: Call): Promise<void> => {
    const handler = handlers[name];
    try {
      if (handler === undefined) throw new Error(`no handler ${name}`);
      const result = await handler(argument as never);
      process.send?.({ id, result } satisfies Answer);
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  process.on("message", (call: Call) => void answer(call));
  process.once("disconnect", () => void end());
}
