import type { Worker } from "node:worker_threads";
import { TrainingError } from "../train/index.ts";
import { type Barrier, barrierWords, createBarrier } from "./barrier.ts";
import type { RunEnd } from "./packed-member.ts";
import { spawnThread } from "./spawn-thread.ts";

/** What a worker answers. */
export interface TeamAnswer {
  readonly end: RunEnd;
  /** What went wrong, where something has. */
  readonly fault?: string;
}

/** Worker threads that run jobs together. Idle workers keep no process alive. */
export interface Team {
  readonly threads: number;
  /** Hands every worker a message that needs no answer. */
  tell(message: unknown): void;
  /**
   * Hands the same job to the first workers, and waits for all of them.
   *
   * @param members How many, 1 to {@link Team.threads}.
   * @returns How it ended; the same for all unless the signal fired.
   * @throws `TrainingError` `worker` where one has failed or ended: then no other waits for it, and the team is closed.
   */
  run(job: unknown, members: number, signal: AbortSignal | undefined): Promise<RunEnd>;
  close(): Promise<void>;
}

/** A job under way. */
interface Running {
  readonly members: number;
  readonly answers: RunEnd[];
  settle(end: RunEnd): void;
  fail(error: TrainingError): void;
}

/**
 * @param threads How many, at least 2.
 * @param entry The workers' file in this folder, without ending.
 */
export function createTeam(threads: number, entry: string): Team {
  return new WorkerTeam(threads, entry);
}

class WorkerTeam implements Team {
  readonly threads: number;
  readonly #workers: readonly Worker[];
  readonly #barrier: Barrier;
  #running: Running | undefined;
  #fault: TrainingError | undefined;
  #closing: Promise<void> | undefined;

  constructor(threads: number, entry: string) {
    this.threads = threads;
    const words = new Int32Array(new SharedArrayBuffer(4 * barrierWords));
    this.#barrier = createBarrier(words, threads);
    this.#workers = Array.from({ length: threads }, (_, thread) => {
      const worker = spawnThread(entry, { words, threads, thread });
      worker.unref();
      worker.on("message", (answer: TeamAnswer) => this.#answered(thread, answer));
      worker.on("error", (error) => this.#failed(`thread ${thread} has failed: ${error.message}`));
      worker.on("exit", () => this.#failed(`thread ${thread} has ended`));
      return worker;
    });
  }

  tell(message: unknown): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  async run(job: unknown, members: number, signal: AbortSignal | undefined): Promise<RunEnd> {
    if (this.#fault !== undefined) throw this.#fault;
    const leave = (): void => this.#barrier.leave();
    signal?.addEventListener("abort", leave, { once: true });
    if (signal?.aborted) leave();
    const called = this.#workers.slice(0, members);
    for (const worker of called) worker.ref();
    try {
      return await new Promise<RunEnd>((settle, fail) => {
        this.#running = { members, answers: [], settle, fail };
        for (const worker of called) worker.postMessage(job);
      });
    } finally {
      this.#running = undefined;
      signal?.removeEventListener("abort", leave);
      for (const worker of called) worker.unref();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#failed("the engine was closed");
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #answered(thread: number, { end, fault }: TeamAnswer): void {
    if (fault !== undefined) this.#failed(`thread ${thread} has failed: ${fault}`);
    const running = this.#running;
    if (running !== undefined && running.answers.push(end) === running.members) running.settle(end);
  }

  /** The first fault counts; those who wait for the one that failed are let go. */
  #failed(message: string): void {
    this.#fault ??= new TrainingError("worker", message);
    this.#barrier.leave();
    this.#running?.fail(this.#fault);
  }
}
