import { type Datapath, ExactRows, residualsInto } from "../exact-rows.ts";
import type { Schedule } from "../timing.ts";
import type { FastKernel } from "./kernel.ts";

/** A row whose residual is known and whose writes are on their way. */
interface Pending {
  group: number;
  readonly residuals: Float64Array;
  /** Cycle of the next line's write, and its place in the row. */
  write: number;
  place: number;
}

/**
 * The original's rows: dot products read the model while writes of earlier rows are on their way. A line reads what was
 * written in an earlier cycle than its own, so the schedule says which writes those are: a delay line.
 */
export class FaithfulRows {
  readonly #path: Datapath;
  readonly #kernel: FastKernel;
  readonly #schedule: Schedule;
  readonly #exact: ExactRows;
  readonly #dots: Float64Array;
  readonly #pending: Pending[] = [];
  readonly #free: Pending[] = [];

  constructor(path: Datapath, kernel: FastKernel, schedule: Schedule) {
    this.#path = path;
    this.#kernel = kernel;
    this.#schedule = schedule;
    this.#exact = new ExactRows(path);
    this.#dots = new Float64Array(path.lanes.banks);
    path.memory.begin();
    for (let group = 0; group < path.memory.groups; group++) kernel.refresh(group);
  }

  /** One row; of `weave`, eight. */
  run(group: number): void {
    const { shape, lanes, adders, memory, firstLine } = this.#path;
    const line = firstLine + group * shape.linesPerRow;
    const dots = this.#dots;
    // Whether exact sums are needed is settled line by line, and a row's total carries over from one to the other.
    let exact = false;
    for (let place = 0; place < shape.linesPerRow; place++) {
      const cycle = this.#schedule.issue();
      // What is written later than the read is not seen; that it is written late changes nothing else.
      if (memory.isFirstPlane(place)) this.#writeUntil(cycle);
      if (!exact && this.#kernel.tight) exact = this.#startExact(place);
      if (exact) this.#exact.addLine(group, place);
      else this.#kernel.dot(line + place, place, 1, dots);
    }
    if (exact) this.#exact.dotsInto(dots);
    else for (let bank = 0; bank < lanes.banks; bank++) dots[bank] = lanes.dotOf(adders, dots[bank] as number);
    this.#push(group, dots);
  }

  /** Hands the sums so far over to the exact rows. */
  #startExact(place: number): boolean {
    if (place > 0) this.#exact.takeOver(this.#dots);
    return true;
  }

  #push(group: number, dots: Float64Array): void {
    const entry = this.#free.pop() ?? { group, residuals: new Float64Array(dots.length), write: 0, place: 0 };
    residualsInto(this.#path, group, dots, entry.residuals);
    entry.group = group;
    entry.write = this.#schedule.finishRow();
    entry.place = 0;
    this.#pending.push(entry);
  }

  /** Lets all writes through that come before a cycle. */
  #writeUntil(cycle: number): void {
    const { linesPerRow, cyclesPerLine } = this.#path.shape;
    for (let entry = this.#pending[0]; entry !== undefined && entry.write < cycle; entry = this.#pending[0]) {
      while (entry.place < linesPerRow && entry.write < cycle) {
        this.#write(entry);
        entry.place += 1;
        entry.write += cyclesPerLine;
      }
      if (entry.place < linesPerRow) return;
      this.#pending.shift();
      this.#free.push(entry);
    }
  }

  #write({ group, residuals, place }: Pending): void {
    const { shape, memory, firstLine } = this.#path;
    const to = memory.groupOf(place);
    const row = (group + 1) * shape.rowsPerGroup - 1;
    if (this.#kernel.tightFor(residuals)) {
      const words = this.#exact.gradientLine(group, place, residuals);
      if (words === undefined) return;
      memory.subtract(to, words, row);
    } else {
      const line = firstLine + group * shape.linesPerRow + place;
      this.#kernel.subtract(line, place, 1, residuals);
      if (to < memory.groups && memory.isLastPlane(place) && memory.refreshes(row)) memory.refresh(to);
    }
    if (to < memory.groups && memory.isLastPlane(place) && memory.refreshes(row)) this.#kernel.refresh(to);
  }

  /** The writes that are left, after the last row. */
  finish(): void {
    this.#writeUntil(Number.POSITIVE_INFINITY);
  }
}
