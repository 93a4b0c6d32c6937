import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { SimulationError } from "../scenario/errors.ts";
import { type CellsInput, createCellRunner, planTraffic } from "./cells.ts";
import { spawnThread } from "./spawn-thread.ts";
import { addTally, type Tally } from "./tally.ts";
import { inOrder, type TracedFrame } from "./traced-frames.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** How cells are run. None of it changes what comes out. */
export interface RunCellsOptions {
  /** Threads, 1 to 64; by default one a processor, and only where there is work for them. */
  readonly workers?: number;
  /** Told how many cells are done, of how many. */
  progress?(done: number, cells: number): void;
  /** Ends the run early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What cells come to. */
export interface CellsResult {
  readonly tally: Tally;
  /** Frames of the devices that are followed, by device and sequence. */
  readonly trace: readonly TracedFrame[];
}

/** Frames for which a thread is worth its start. */
const worthAThread = 2_000_000;
/** Cells that a thread takes at a time: few enough that all end together, many enough that asking costs nothing. */
const most = 64;

function threadsFor({ scenario }: CellsInput, given: number | undefined): number {
  const cells = scenario.gateways.count;
  if (given !== undefined) return Math.max(1, Math.min(given, cells));
  const { sensors, batch, fleet, durationHours } = scenario;
  const frames = (fleet.devices * durationHours * 3600) / (sensors.intervalSeconds * batch.rows);
  return Math.max(1, Math.min(availableParallelism(), cells, Math.floor(frames / worthAThread)));
}

/** Lets other things happen: progress shown, a signal fired. */
const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

async function runHere(input: CellsInput, options: RunCellsOptions): Promise<CellsResult> {
  const runner = createCellRunner(input);
  for (let cell = 0; cell < runner.cells; cell++) {
    runner.run(cell);
    options.progress?.(cell + 1, runner.cells);
    await breathe();
    options.signal?.throwIfAborted();
  }
  return { tally: runner.tally, trace: inOrder(runner.trace) };
}

/** Hands cells out to threads and adds up what they count. */
class CellsTeam {
  readonly #workers: readonly Worker[];
  readonly #cells: number;
  readonly #chunk: number;
  readonly #options: RunCellsOptions;
  readonly #trace: TracedFrame[] = [];
  #tally: Tally | undefined;
  #next = 0;
  #done = 0;
  #ended = 0;

  constructor(input: CellsInput, threads: number, options: RunCellsOptions) {
    this.#cells = input.scenario.gateways.count;
    this.#chunk = Math.max(1, Math.min(most, Math.ceil(this.#cells / (8 * threads))));
    this.#options = options;
    this.#workers = Array.from({ length: threads }, () => spawnThread("cells-worker", input));
  }

  async run(): Promise<CellsResult> {
    const { signal } = this.#options;
    try {
      await new Promise<void>((settle, fail) => {
        signal?.addEventListener("abort", () => fail(signal.reason), { once: true });
        for (const worker of this.#workers) this.#attend(worker, settle, fail);
      });
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.terminate()));
    }
    signal?.throwIfAborted();
    if (this.#tally === undefined) throw new SimulationError("worker", "no thread has answered");
    return { tally: this.#tally, trace: inOrder(this.#trace) };
  }

  #attend(worker: Worker, settle: () => void, fail: (error: unknown) => void): void {
    const tell = (message: ToWorker): void => worker.postMessage(message);
    worker.on("error", (cause) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      fail(new SimulationError("worker", `a thread has failed: ${why}`, { cause }));
    });
    let isDone = false;
    worker.on("exit", () => {
      if (!isDone) fail(new SimulationError("worker", "a thread has ended early"));
    });
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "end") {
        isDone = true;
        this.#add(message.tally, message.trace);
        if (this.#ended === this.#workers.length) settle();
        return;
      }
      this.#done += message.cells;
      this.#options.progress?.(this.#done, this.#cells);
      if (this.#next === this.#cells) return tell({ kind: "end" });
      const from = this.#next;
      this.#next = Math.min(this.#cells, from + this.#chunk);
      tell({ kind: "run", from, to: this.#next });
    });
  }

  #add(tally: Tally, trace: readonly TracedFrame[]): void {
    if (this.#tally === undefined) this.#tally = tally;
    else addTally(this.#tally, tally);
    for (const frame of trace) this.#trace.push(frame);
    this.#ended += 1;
  }
}

/**
 * Runs all cells of a scenario. The result is the same, to the last digit, for any number of threads.
 *
 * @param input Scenario, measured sizes, devices to follow.
 * @param options Threads, progress, a signal.
 * @throws SimulationError `limit` where a frame can't be carried; `worker` where a thread fails.
 */
export async function runCells(input: CellsInput, options: RunCellsOptions = {}): Promise<CellsResult> {
  options.signal?.throwIfAborted();
  planTraffic(input); // refuses what can't be, before any thread is started
  const threads = threadsFor(input, options.workers);
  return threads === 1 ? runHere(input, options) : new CellsTeam(input, threads, options).run();
}
