import type { Experiment } from "./experiment.ts";
import { type ReproductionReport, reportOf } from "./report.ts";
import type { Finished } from "./report-page.ts";
import { openDataFolder } from "./sets/data-folder.ts";

/** What is to be reproduced, and how. */
export interface ReproductionPlan {
  readonly experiments: readonly Experiment[];
  readonly quick: boolean;
  readonly seed: number;
  /** Folder of the data sets that are not generated. */
  readonly folder: string | undefined;
}

/** A reproduction, to be printed and to be drawn. */
export interface Reproduction {
  readonly report: ReproductionReport;
  readonly finished: readonly Finished[];
}

/**
 * Runs experiments one after the other: the whole of `zipml reproduce` but its output.
 *
 * @param watch Told what is being done.
 * @throws CliError `option` for a data folder that is none; DataError and TrainingError as they come.
 */
export async function runReproduction(
  { experiments, quick, seed, folder }: ReproductionPlan,
  watch: (line: string) => void,
  signal: AbortSignal,
): Promise<Reproduction> {
  const finished: Finished[] = [];
  const seconds: Record<string, number> = {};
  for (const [i, experiment] of experiments.entries()) {
    signal.throwIfAborted();
    const data = await openDataFolder(folder); // one each: what is missing is told where it was wanted
    const say = (line: string) => watch(`${i + 1} of ${experiments.length}, ${experiment.id}: ${line}`);
    const start = performance.now();
    const outcome = await experiment.run({ quick, seed, data, say, signal });
    seconds[experiment.id] = (performance.now() - start) / 1000;
    const notes = [...outcome.notes, ...(data.missing.length > 0 ? [`Left out: ${data.missing.join("; ")}.`] : [])];
    finished.push({ experiment, outcome: { ...outcome, notes } });
  }
  const reports = finished.map(({ experiment, outcome }) => reportOf(experiment, outcome));
  return { report: { name: "reproduce", quick, seed, experiments: reports, seconds }, finished };
}
