import type { Figure, TableBlock } from "@zipml/report";
import type { DataFolder } from "./sets/data-folder.ts";

/** What became of a claim. `not measured`: its data are not there. */
export type Verdict = "holds" | "does not hold" | "not measured";

/** One thing the paper says, beside what was found. */
export interface Claim {
  /** What the paper says, in our words, with its section or figure. */
  readonly paper: string;
  /** What was measured, with the bar that decides. */
  readonly measured: string;
  readonly verdict: Verdict;
  /** Why it does not hold or could not be measured, or what limits it. */
  readonly why?: string;
}

/** A picture that is no plot. */
export interface Picture {
  /** An SVG document. */
  readonly svg: string;
  /** What a reader who can't see it should know. */
  readonly alt: string;
  readonly caption: string;
}

/** What an experiment found. */
export interface Outcome {
  readonly claims: readonly Claim[];
  /** Plots, in the order of the page; at least one. */
  readonly figures: readonly Figure[];
  readonly pictures?: readonly Picture[];
  readonly tables: readonly TableBlock[];
  /** How it was done, and stand-ins for what could not be had. */
  readonly notes: readonly string[];
}

/** What an experiment is given. */
export interface Desk {
  /** Fewer rows and epochs, so that all experiments together take less than two minutes. */
  readonly quick: boolean;
  /** Keys all random streams. */
  readonly seed: number;
  /** The data sets that are not generated. */
  readonly data: DataFolder;
  /** Tells a watcher what is being done. */
  say(line: string): void;
  readonly signal: AbortSignal;
}

/** One experiment of the paper. */
export interface Experiment {
  /** What `--only` calls it. */
  readonly id: string;
  readonly title: string;
  /** Where in the paper it stands. */
  readonly paper: string;
  /** Whether it measures time: then its figures differ from run to run. */
  readonly isTimed: boolean;
  /** Fails as what it uses fails: with errors of data, training or report. */
  run(desk: Desk): Promise<Outcome>;
}

/** @param holds Whether the measured figure is within the bar. */
export function verdictOf(holds: boolean): Verdict {
  return holds ? "holds" : "does not hold";
}
