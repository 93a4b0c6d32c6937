/** How the step falls: `inverse` is α/epoch as in the paper's experiments (section 4), `constant` is α throughout. */
export type ScheduleName = "inverse" | "constant";

/** The step of an epoch, 1 …, for a first step α. */
export function stepAt(schedule: ScheduleName, alpha: number, epoch: number): number {
  return schedule === "inverse" ? alpha / epoch : alpha;
}

/** Σ of the schedule's factors over all epochs: how far descent goes, in units of α. */
export function scheduleLength(schedule: ScheduleName, epochs: number): number {
  let length = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) length += stepAt(schedule, 1, epoch);
  return length;
}
