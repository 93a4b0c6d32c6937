import type { EpochCounters, FastEpoch } from "../accelerator.ts";
import { AcceleratorError } from "../errors.ts";
import type { Datapath } from "../exact-rows.ts";
import { Schedule } from "../timing.ts";
import { CorrectedRows } from "./corrected-rows.ts";
import { FaithfulRows } from "./faithful-rows.ts";
import type { FastKernel } from "./kernel.ts";

/** What a {@link FastRun} tells its accelerator. */
export interface RunListener {
  /** The counters of an epoch of this configuration, where one has been run: they never change. */
  readonly known: EpochCounters | undefined;
  /** The epoch is over; without counters it has failed. */
  over(counters: EpochCounters | undefined): void;
}

/** An epoch in fast mode. */
export class FastRun implements FastEpoch {
  readonly #path: Datapath;
  readonly #listener: RunListener;
  readonly #schedule: Schedule | undefined;
  readonly #corrected: CorrectedRows | undefined;
  readonly #faithful: FaithfulRows | undefined;
  readonly #groups: number;
  readonly #groupsPerBatch: number;
  #group = 0;
  #counters: EpochCounters | undefined;

  constructor(path: Datapath, kernel: FastKernel, listener: RunListener) {
    const { config, shape } = path;
    this.#path = path;
    this.#listener = listener;
    this.#groups = Math.ceil(config.rows / shape.rowsPerGroup);
    this.#groupsPerBatch = config.batch / shape.rowsPerGroup;
    const faithful = config.faithful === true;
    const schedule = faithful || listener.known === undefined ? new Schedule(config, shape) : undefined;
    this.#schedule = schedule;
    if (faithful && schedule !== undefined) this.#faithful = new FaithfulRows(path, kernel, schedule);
    else this.#corrected = new CorrectedRows(path, kernel);
  }

  get rows(): number {
    return Math.min(this.#path.config.rows, this.#group * this.#path.shape.rowsPerGroup);
  }

  get done(): boolean {
    return this.#counters !== undefined;
  }

  advance(rows: number): boolean {
    if (this.done) return true;
    const end = Math.min(this.#groups, this.#group + Math.ceil(rows / this.#path.shape.rowsPerGroup));
    for (; this.#group < end; this.#group++) {
      if (this.#faithful !== undefined) this.#faithful.run(this.#group);
      else this.#runCorrected(this.#group);
    }
    if (this.#group === this.#groups) this.#finish();
    return this.done;
  }

  #runCorrected(group: number): void {
    const { shape } = this.#path;
    this.#corrected?.run(group);
    const ends = (group + 1) % this.#groupsPerBatch === 0 || group === this.#groups - 1;
    if (ends) this.#corrected?.update();
    if (this.#schedule !== undefined) {
      for (let line = 0; line < shape.linesPerRow; line++) this.#schedule.issue();
      this.#schedule.finishRow();
      if (ends) this.#schedule.update();
    }
    this.#checkWraps(group);
  }

  #checkWraps(group: number): void {
    const { config, adders, shape } = this.#path;
    if (adders.wraps === 0 || config.saturating === true) return;
    this.#listener.over(undefined);
    this.#group = this.#groups;
    throw wrapError(group * shape.rowsPerGroup);
  }

  #finish(): void {
    const { adders } = this.#path;
    this.#faithful?.finish();
    const counters =
      this.#listener.known === undefined
        ? this.#schedule?.counters(adders.wraps)
        : { ...this.#listener.known, wraps: adders.wraps };
    this.#counters = counters;
    this.#listener.over(counters);
  }

  counters(): EpochCounters {
    if (this.#counters === undefined)
      throw new AcceleratorError("state", "the epoch has no counters before it is over");
    return this.#counters;
  }
}

/** A sum of the corrected design that left 32 bits. */
export function wrapError(row: number): AcceleratorError {
  const message = `row ${row}: a sum left -256 to 256 - 2^-23, which 32 bits with 23 fraction bits hold; scale columns and target, or take a smaller step`;
  return new AcceleratorError("wrap", message, { row });
}
