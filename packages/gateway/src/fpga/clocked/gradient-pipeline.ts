import type { LinePlace } from "../accelerator.ts";
import { type Datapath, ExactRows } from "../exact-rows.ts";
import type { Latencies } from "../timing.ts";

/** A row whose residuals are known. */
interface Ready {
  readonly group: number;
  readonly residuals: Float64Array;
}

interface Entry extends Ready {
  readonly line: number;
}

/** From the FIFO of waiting lines to the memory that rows write: multipliers, reading, subtraction, writing. */
export class GradientPipeline {
  readonly #path: Datapath;
  readonly #exact: ExactRows;
  readonly #stages: (Entry | undefined)[];
  readonly #ready: Ready[] = [];
  /** Line of the first ready row that leaves the FIFO next, and cycles until it may. */
  #line = 0;
  #busy = 0;
  /** Lines waiting. */
  waiting = 0;

  constructor(path: Datapath, { gradient }: Latencies) {
    this.#path = path;
    this.#exact = new ExactRows(path);
    const length = path.shape.cyclesPerLine - 1 + gradient + 1;
    this.#stages = new Array<Entry | undefined>(length).fill(undefined);
  }

  /** A row's residuals are in their register: from the next cycle on its lines may leave. */
  makeReady(row: Ready): void {
    this.#ready.push(row);
  }

  /**
   * One cycle.
   *
   * @returns The row whose last line was written in it.
   */
  step(): number | undefined {
    const { cyclesPerLine, linesPerRow } = this.#path.shape;
    const row = this.#ready[0];
    this.#stages.pop();
    if (this.#busy > 0) this.#busy -= 1;
    if (row !== undefined && this.#busy === 0) {
      this.#stages.unshift({ ...row, line: this.#line });
      this.waiting -= 1;
      this.#line += 1;
      this.#busy = cyclesPerLine;
      if (this.#line === linesPerRow) {
        this.#line = 0;
        this.#ready.shift();
      }
    } else this.#stages.unshift(undefined);
    const last = this.#stages[this.#stages.length - 1];
    if (last === undefined) return undefined;
    this.#write(last);
    return last.line === linesPerRow - 1 ? last.group : undefined;
  }

  #write({ group, line, residuals }: Entry): void {
    const { config, shape, memory } = this.#path;
    const words = this.#exact.gradientLine(group, line, residuals);
    if (words === undefined) return;
    const to = memory.groupOf(line);
    if (config.faithful === true) memory.subtract(to, words, (group + 1) * shape.rowsPerGroup - 1);
    else memory.addGradient(to, words);
  }

  /** Which line each stage holds, the FIFO's end first. */
  places(): (LinePlace | undefined)[] {
    return this.#stages.map((entry) => entry && { group: entry.group, line: entry.line });
  }
}
