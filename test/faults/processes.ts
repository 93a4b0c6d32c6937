import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { mosquittoProgram } from "../../packages/protocol/test/brokers.ts";
import type { AnswerMessage, Ask } from "./messages.ts";

/** A process that can be asked and killed. */
export interface Child {
  readonly name: string;
  readonly pid: number | undefined;
  readonly running: boolean;
  /** Resolves when the process says that it is up; rejects where it ended before. */
  readonly ready: Promise<void>;
  /** How it ended, where nobody had killed it or asked it to close. */
  readonly crashed: string | undefined;
  /** What it wrote to standard error. */
  errors(): string;
  /** @throws Error where it refuses, ends, or takes longer than `timeout` ms (default 60,000). */
  ask<Answer>(what: Ask, timeout?: number): Promise<Answer>;
  /** kill −9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to close and waits for its end. */
  close(timeout?: number): Promise<void>;
}

async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
}

/** A promise that is rejected after a time, or settles as another does. */
export async function within<T>(what: string, milliseconds: number, promise: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what}: not within ${milliseconds} ms`);
  });
  late.catch(() => undefined); // aborted: it was in time
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** Waits until a condition holds. */
export async function until(
  what: string,
  milliseconds: number,
  holds: () => Promise<boolean> | boolean,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${milliseconds} ms`);
    await sleep(50);
  }
}

/** Questions and answers over the channel to a process. */
function createChannel(name: string, process: ChildProcess, errors: () => string): Pick<Child, "ask" | "ready"> {
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let next = 0;
  let begun: () => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    begun = resolve;
    failed = reject;
  });
  ready.catch(() => undefined); // nobody need wait for it
  process.on("message", (message: AnswerMessage | "ready") => {
    if (message === "ready") return begun();
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) asked?.resolve(message.answer);
    else asked?.reject(new Error(`${name}: ${message.error}`));
  });
  process.once("close", (code, signal) => {
    const error = new Error(`${name} ended: ${code ?? signal}${errors() === "" ? "" : `\n${errors()}`}`);
    failed(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return {
    ready,
    ask: <Answer>(what: Ask, timeout = 60_000) => {
      const id = next++;
      const answer = new Promise<Answer>((resolve, reject) => {
        if (!process.connected) return reject(new Error(`${name} has ended`));
        waiting.set(id, { resolve: (value) => resolve(value as Answer), reject });
        process.send({ ask: what, id }, (error) => {
          if (error !== null) reject(error);
        });
      });
      return within(`${name}: ${what}`, timeout, answer);
    },
  };
}

/**
 * Starts a bundled program.
 *
 * @param name For messages.
 * @param file See `bundlePrograms`.
 * @param settings Passed as JSON.
 */
export function startProgram(name: string, file: string, settings: object): Child {
  const args = ["--enable-source-maps", file, JSON.stringify(settings)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors = `${errors}${text}`.slice(-4000);
  });
  const { ask, ready } = createChannel(name, child, () => errors);
  let expected = false;
  const kill = async (): Promise<void> => {
    expected ||= child.exitCode === null; // or it is too late: it had ended before
    child.kill("SIGKILL");
    await ended(child);
  };
  return {
    name,
    pid: child.pid,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    ready,
    get crashed() {
      if (expected || (child.exitCode === null && child.signalCode === null)) return undefined;
      return `${name} ended by itself: ${child.exitCode ?? child.signalCode}\n${errors}`;
    },
    errors: () => errors,
    ask,
    kill,
    close: async (timeout = 30_000) => {
      expected = true;
      await ask("close", timeout);
      await within(`${name}: end`, timeout, ended(child));
    },
  };
}

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** mosquitto with a configuration file; killed like the others, closed by SIGTERM. */
export function startMosquittoProcess(configuration: string, port: number): Child {
  if (mosquittoProgram === undefined) throw new Error("mosquitto is not installed");
  const child = spawn(mosquittoProgram, ["-c", configuration], { stdio: "ignore" });
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const ready = until("mosquitto listens", 10_000, () => listens(port));
  ready.catch(() => undefined); // nobody need wait for it
  const end = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    child.kill(signal);
    await ended(child);
  };
  return {
    name: "mosquitto",
    pid: child.pid,
    get running() {
      return running();
    },
    ready,
    crashed: undefined,
    errors: () => "",
    ask: () => Promise.reject(new Error("mosquitto answers no questions")),
    kill: () => end("SIGKILL"),
    close: () => end("SIGTERM"),
  };
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new TypeError("expected a TCP address");
  return address.port;
}
